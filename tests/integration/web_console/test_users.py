"""The users of the console: create, search, change, sign in and delete."""

from dataclasses import dataclass
from email.message import Message

import pytest

from local.console_operations_client import ConsoleOperationsClient
from local.user_client import ApiResponse, UserClient
from local.web_console.replies import RequestRejected
from local.web_console.user_administration import UserAdministration
from local.web_console.user_api import ApiSession, UserApi
from tests.support.console import ConsoleClient
from tests.support.stack import RunningStack, wait_until


@dataclass(frozen=True)
class RejectedSession(ApiSession):
    """A session whose deletion of the account is rejected."""

    status: int

    def call(self, method: str, path: str = "") -> ApiResponse:
        assert (method, path) == ("DELETE", "")
        return ApiResponse(self.status, Message(), {"detail": "The reason of the API."})


class RejectingApi(UserApi):
    """An API that rejects each deletion of an account with the same status."""

    def __init__(self, stack: RunningStack, status: int) -> None:
        super().__init__(stack.outputs, ConsoleOperationsClient(stack.outputs))
        self._status = status

    def sign_in(self, sub: str) -> ApiSession:
        return RejectedSession(self.client, sub, "token", self._status)


@pytest.mark.parametrize(
    ("state", "status", "enabled"),
    [
        ("confirmed", "CONFIRMED", True),
        ("unconfirmed", "UNCONFIRMED", True),
        ("invited", "FORCE_CHANGE_PASSWORD", True),
        ("reset-required", "RESET_REQUIRED", True),
        ("disabled", "CONFIRMED", False),
    ],
)
def test_user_is_created_in_each_state(console: ConsoleClient, state: str, status: str, enabled: bool) -> None:
    user = console.create_user(state)
    assert (user["status"], user["enabled"]) == (status, enabled)
    (entry,) = console.get(f"users?search={user['email']}")["users"]
    assert (entry["sub"], entry["status"]) == (user["sub"], status)


def test_rejected_attributes_are_explained(console: ConsoleClient) -> None:
    response = console.send("POST", "users", {"state": "confirmed", "attributes": {"custom:dob": "2999-01-01"}})
    assert response.status_code == 409
    assert "date of birth must not be in the future" in response.json()["message"]


@pytest.mark.parametrize("name", ["name", "email", "phone_number", "custom:dob", "custom:gender", "custom:blood_group"])
def test_empty_attribute_is_not_replaced(console: ConsoleClient, name: str) -> None:
    response = console.send("POST", "users", {"state": "confirmed", "attributes": {name: ""}})
    assert not response.ok
    assert "is required" in response.json()["message"]


def test_user_is_found_by_a_part_of_the_name(console: ConsoleClient) -> None:
    user = console.create_user(name="Quillfeather نور")
    for text in ("quillf", "نور", user["sub"], user["email"][3:]):
        assert [entry["sub"] for entry in console.get(f"users?search={text}")["users"]] == [user["sub"]]
    assert console.get("users?search=no+such+user")["users"] == []


def test_user_is_confirmed_disabled_and_enabled(console: ConsoleClient) -> None:
    sub = console.create_user("unconfirmed")["sub"]
    states = []
    for action in ("resend-code", "confirm", "disable", "enable", "reset-password"):
        user = console.change("POST", f"users/{sub}/state", {"action": action})["user"]
        states.append((user["status"], user["enabled"], user["email_verified"]))
    assert states == [
        ("UNCONFIRMED", True, False),
        ("CONFIRMED", True, True),
        ("CONFIRMED", False, True),
        ("CONFIRMED", True, True),
        ("RESET_REQUIRED", True, True),
    ]
    assert console.send("POST", f"users/{sub}/state", {"action": "promote"}).status_code == 400


def test_sign_in_as_a_user_returns_accepted_tokens(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.create_user()
    session = console.change("POST", f"users/{user['sub']}/tokens")
    assert session["claims"]["email"] == user["email"]
    response = user_client.call("GET", "/users/me", session["tokens"]["IdToken"])
    assert (response.status, response.body["id"]) == (200, user["sub"])


@pytest.mark.parametrize("state", ["unconfirmed", "invited", "reset-required", "disabled"])
def test_sign_in_as_a_user_in_another_state_is_rejected(console: ConsoleClient, state: str) -> None:
    sub = console.create_user(state)["sub"]
    response = console.send("POST", f"users/{sub}/tokens")
    assert (response.status_code, "irst" in response.json()["message"]) == (409, True)


@pytest.mark.parametrize(("state", "result"), [("confirmed", "The API has accepted"), ("unconfirmed", "no profile")])
def test_user_is_deleted(console: ConsoleClient, state: str, result: str) -> None:
    user = console.create_user(state)
    assert result in console.change("DELETE", f"users/{user['sub']}")["message"]
    wait_until(lambda: console.get(f"users?search={user['email']}")["users"] == [])
    assert console.send("DELETE", f"users/{user['sub']}").status_code == 400


@pytest.mark.parametrize("status", [401, 410, 429, 503])
def test_failed_deletion_does_not_delete_the_account(console: ConsoleClient, stack: RunningStack, status: int) -> None:
    sub = console.create_user()["sub"]
    operations = ConsoleOperationsClient(stack.outputs)
    users = UserAdministration(stack.outputs, operations, RejectingApi(stack, status))
    with pytest.raises(RequestRejected, match=r"The reason of the API\."):
        users.delete_user(sub)
    assert console.get(f"users/{sub}")["user"]["sub"] == sub
