"""The demo of `make run` with the example user of an earlier run."""

from dataclasses import dataclass
from email.message import Message
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pycognito.exceptions import ForceChangePasswordException, SoftwareTokenMFAChallengeException

from local.demo import USERNAME, run_demo
from local.user_client import ApiResponse, UserClient
from tests.unit.local.test_stack_file import STACK


def build_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "InitiateAuth")


@dataclass(frozen=True)
class ExistingUser(UserClient):
    """A client whose user has signed up before. `error` is the result of each sign-in."""

    error: Exception | None = None

    def sign_up(self, *_: Any, **__: Any) -> str:
        raise build_error("UsernameExistsException", "User already exists")

    def sign_in(self, *_: Any, **__: Any) -> dict[str, str]:
        if self.error:
            raise self.error
        return {"IdToken": "token"}

    def call(self, *_: Any, **__: Any) -> ApiResponse:
        return ApiResponse(200, Message(), {"name": "John Doe", "version": 1})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (build_error("NotAuthorizedException", "User is disabled."), "User is disabled."),
        (build_error("PasswordResetRequiredException", "Password reset required"), "Password reset required"),
        (build_error("UserNotConfirmedException", "User is not confirmed."), "User is not confirmed."),
        (ForceChangePasswordException("Change password"), "Change password"),
        (SoftwareTokenMFAChallengeException("Do Software Token MFA", {}), "Do Software Token MFA"),
    ],
)
def test_failed_sign_in_is_a_note(capsys: pytest.CaptureFixture[str], error: Exception, reason: str) -> None:
    run_demo(ExistingUser(STACK, error=error))
    title, note = capsys.readouterr().out.strip().splitlines()
    assert title == f"{USERNAME} exists from an earlier run"
    assert note.startswith(f"  The demo cannot sign in: {reason.removesuffix('.')}. ")


def test_existing_user_is_signed_in(capsys: pytest.CaptureFixture[str]) -> None:
    run_demo(ExistingUser(STACK))
    assert "GET /users/me         200, version 1: John Doe" in capsys.readouterr().out


def test_failure_of_cognito_is_raised() -> None:
    with pytest.raises(ClientError):
        run_demo(ExistingUser(STACK, error=build_error("InternalErrorException", "Failed")))
