"""The Requests tab of the console: the user and the log of each request. The console's own requests are left out."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.user_client import UserClient
from tests.support.console import ConsoleClient
from tests.support.data import sign_up_attributes
from tests.support.stack import RunningStack, start_stack, wait_until
from tests.support.users import PASSWORD, generate_email


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack of this module, because other tests would add requests."""
    with start_stack(tmp_path_factory.mktemp("console")) as stack:
        yield stack


@pytest.fixture(scope="module")
def user_client(stack: RunningStack) -> UserClient:
    return UserClient(stack.outputs)


@pytest.fixture
def console(stack: RunningStack) -> ConsoleClient:
    console = ConsoleClient.open(stack.outputs)
    console.change("DELETE", "requests")
    return console


def list_requests(console: ConsoleClient, count: int) -> list[Any]:
    """Return the requests, oldest first, when there are at least `count`."""
    found: list[Any] = []

    def has_arrived() -> bool:
        found[:] = reversed(console.get("requests")["requests"])
        return len(found) >= count

    wait_until(has_arrived, lambda: str([get_name(entry) for entry in found]))
    return found


def get_name(entry: Any) -> str:
    return str(entry["path"] if entry["source"] == "function" else entry["method"])


def test_sign_up_and_sign_in_have_their_user(console: ConsoleClient, user_client: UserClient) -> None:
    email = generate_email()
    sub = user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    user_client.confirm(email, console.find_mail(email)["code"])
    access_token = user_client.sign_in(email, PASSWORD)["AccessToken"]
    user_client.cognito.get_user(AccessToken=access_token)
    entries = list_requests(console, 8)
    assert [get_name(entry) for entry in entries] == [
        "pre_sign_up", "SignUp", "post_confirmation", "ConfirmSignUp", "InitiateAuth", "post_authentication",
        "RespondToAuthChallenge", "GetUser",
    ]  # fmt: skip
    assert {(entry["sub"], entry["email"]) for entry in entries} == {(sub, email)}
    assert all(entry["request_id"] for entry in entries if entry["source"] == "function")


def test_rejected_sign_up_has_no_server_error(console: ConsoleClient, user_client: UserClient) -> None:
    email = generate_email()
    with pytest.raises(user_client.cognito.exceptions.UserLambdaValidationException):
        user_client.sign_up(email, PASSWORD, {**sign_up_attributes(email), "custom:dob": "2999-01-01"})
    trigger, sign_up = list_requests(console, 2)
    assert (trigger["path"], trigger["status"], sign_up["status"]) == ("pre_sign_up", 400, 400)
    assert [line["message"] for line in trigger["lines"]] == ["sign-up rejected"]
    assert trigger["request_id"] == trigger["lines"][0]["request_id"]


def test_work_of_the_console_is_left_out(console: ConsoleClient, user_client: UserClient) -> None:
    for state in ("confirmed", "invited", "reset-required"):
        sub = console.create_user(state)["sub"]
    console.change("POST", f"users/{sub}/state", {"action": "disable"})
    email = generate_email()
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    assert [get_name(entry) for entry in list_requests(console, 2)] == ["pre_sign_up", "SignUp"]


def test_changed_email_is_shown(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.create_user()
    tokens = console.change("POST", f"users/{user['sub']}/tokens")["tokens"]
    user_client.call("GET", "/users/me", tokens["IdToken"])
    assert list_requests(console, 1)[0]["email"] == user["email"]
    new_email = generate_email()
    attributes = [{"Name": "email", "Value": new_email}]
    user_client.cognito.update_user_attributes(AccessToken=tokens["AccessToken"], UserAttributes=attributes)
    code = console.find_mail(new_email)["code"]
    user_client.cognito.verify_user_attribute(AccessToken=tokens["AccessToken"], AttributeName="email", Code=code)
    wait_until(lambda: {entry["email"] for entry in console.get("requests")["requests"]} == {new_email})
