"""The requests in the console, and the faults that it injects."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.user_client import UserClient
from tests.support.console import ConsoleClient, sign_up
from tests.support.stack import RunningStack, start_stack, wait_until


@pytest.fixture
def _without_fault(console: ConsoleClient) -> Iterator[None]:
    yield
    console.send("DELETE", "fault")


def wait_for_request(console: ConsoleClient, path: str) -> Any:
    """Return the newest entry of a request."""
    found: list[Any] = []

    def find() -> bool:
        found[:] = [entry for entry in console.get("requests")["requests"] if entry["path"] == path]
        return bool(found)

    wait_until(find)
    return found[0]


def test_request_has_its_user_problem_and_log(console: ConsoleClient, user_client: UserClient) -> None:
    user = console.create_user()
    token = console.change("POST", f"users/{user['sub']}/tokens")["tokens"]["IdToken"]
    response = user_client.call("PUT", f"/users/{user['sub']}", token, {"name": ""})
    assert response.status == 422
    entry = wait_for_request(console, f"/users/{user['sub']}")
    assert (entry["method"], entry["status"], entry["email"]) == ("PUT", 422, user["email"])
    assert entry["problem"]["errors"]
    assert entry["request_id"] == response.headers["X-Request-Id"] == entry["problem"]["request_id"]
    assert [line["message"] for line in entry["lines"]] == ["request"]


def test_sign_up_is_shown_with_its_trigger(console: ConsoleClient, user_client: UserClient) -> None:
    console.change("DELETE", "requests")
    _, sub = sign_up(user_client)

    def list_entries() -> list[dict[str, Any]]:
        return [entry for entry in console.get("requests")["requests"] if entry["sub"] == sub]

    wait_until(lambda: len(list_entries()) == 2)
    sign_up_entry, trigger = list_entries()
    assert (sign_up_entry["source"], sign_up_entry["method"]) == ("cognito", "SignUp")
    assert (trigger["source"], trigger["path"]) == ("function", "pre_sign_up")
    assert trigger["call_id"] == sign_up_entry["call_id"]


@pytest.mark.usefixtures("_without_fault")
@pytest.mark.parametrize(
    ("kind", "status", "slug"), [("unavailable", 503, "unavailable"), ("throttled", 429, "too-many-requests")]
)
def test_next_request_fails_like_the_api(
    console: ConsoleClient, stack: RunningStack, kind: str, status: int, slug: str
) -> None:
    console.change("PUT", "fault", {"kind": kind, "remaining": 1})
    response = requests.get(f"{stack.outputs.api_url}/users/me", headers={"Origin": "http://app.example"}, timeout=10)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["type"] == f"{stack.outputs.api_url}/problems#{slug}"
    assert (response.headers["Retry-After"], response.headers["Access-Control-Allow-Origin"]) == ("1", "*")
    assert requests.get(f"{stack.outputs.api_url}/users/me", timeout=10).status_code == 401
    assert console.get("fault") == {"fault": None}


@pytest.mark.usefixtures("_without_fault")
def test_slow_request_gets_its_response_after_the_delay(console: ConsoleClient, stack: RunningStack) -> None:
    console.change("PUT", "fault", {"kind": "slow", "remaining": 1, "delay_seconds": 0.5})
    started = time.monotonic()
    assert requests.get(f"{stack.outputs.api_url}/problems", timeout=10).status_code == 200
    assert time.monotonic() - started >= 0.5


@pytest.mark.usefixtures("_without_fault")
def test_dropped_request_has_no_response(console: ConsoleClient, stack: RunningStack) -> None:
    console.change("PUT", "fault", {"kind": "dropped", "remaining": None})
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{stack.outputs.api_url}/problems", timeout=10)
    entry = wait_for_request(console, "/problems")
    assert (entry["status"], entry["fault"]) == (0, "dropped")


@pytest.mark.usefixtures("_without_fault")
def test_preflights_and_the_console_are_never_affected(console: ConsoleClient, stack: RunningStack) -> None:
    sub = console.create_user()["sub"]
    console.change("PUT", "fault", {"kind": "unavailable", "remaining": None})
    preflight = {"Origin": "http://app.example", "Access-Control-Request-Method": "GET"}
    response = requests.options(f"{stack.outputs.api_url}/users/me", headers=preflight, timeout=10)
    assert response.status_code < 300
    assert console.get(f"users/{sub}")["panels"][0]["status"] == 200


def test_faults_end_with_the_run(tmp_path: Any) -> None:
    with start_stack(tmp_path) as first:
        ConsoleClient.open(first.outputs).change("PUT", "fault", {"kind": "unavailable", "remaining": None})
    with start_stack(tmp_path) as second:
        assert ConsoleClient.open(second.outputs).get("fault") == {"fault": None}
        mail = ConsoleClient.open(second.outputs)
        user = mail.create_user("unconfirmed")
        assert mail.find_mail(user["email"])["code"] == "123456", "the default code"
