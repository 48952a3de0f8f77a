"""Reserved concurrency is applied where the account has room for all of it."""

from typing import Any

import pytest

from infra.deploy.concurrency import reserve_if_possible

SECTION: dict[str, Any] = {
    "api_gateway_stage": "dev",
    "lambda_functions": {
        "api_handler": {"iam_role_arn": "arn:api", "reserved_concurrency": 200},
        "check_picture": {"iam_role_arn": "arn:pictures", "reserved_concurrency": 20},
        "pre_sign_up": {"iam_role_arn": "arn:trigger"},
    },
}
UNRESERVED = {
    "api_gateway_stage": "dev",
    "lambda_functions": {
        "api_handler": {"iam_role_arn": "arn:api"},
        "check_picture": {"iam_role_arn": "arn:pictures"},
        "pre_sign_up": {"iam_role_arn": "arn:trigger"},
    },
}


class Account:
    """A stage in an account: what is unreserved there, and what its functions have reserved. Its client is itself."""

    def __init__(self, unreserved: int, **reserved: int) -> None:
        self._unreserved, self._reserved = unreserved, reserved

    def client(self, service: str) -> "Account":
        assert service == "lambda"
        return self

    def functions(self) -> dict[str, str]:
        return {name: name for name in SECTION["lambda_functions"]}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._unreserved}}

    def get_function_concurrency(self, FunctionName: str) -> dict[str, int]:  # noqa: N803  # as AWS names it
        reserved = self._reserved.get(FunctionName)
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def reserve(account: Account, section: dict[str, Any] = SECTION) -> dict[str, Any]:
    return reserve_if_possible(account, section)  # type: ignore[arg-type]


@pytest.mark.parametrize("account", [Account(1000), Account(320), Account(100, api_handler=200, check_picture=20)])
def test_reservations_that_fit_are_kept(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert reserve(account) == SECTION
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("  ok  concurrency    220 reserved")


@pytest.mark.parametrize(
    ("account", "room"), [(Account(319), 219), (Account(10), 0), (Account(100, api_handler=100), 100)]
)
def test_reservations_that_do_not_fit_are_dropped_with_a_warning(
    account: Account, room: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reserve(account) == UNRESERVED
    line, warning = capsys.readouterr().out.splitlines()
    assert line.startswith("  ok  concurrency    not reserved")
    assert warning.startswith("  !!  ")
    assert f"asks for a reserved concurrency of 220, and the account has {room} to reserve" in warning


def test_stage_without_reservations_asks_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class NoAccount(Account):
        def client(self, service: str) -> Account:
            raise AssertionError(service)

    assert reserve(NoAccount(0), UNRESERVED) == UNRESERVED
    assert capsys.readouterr().out == ""
