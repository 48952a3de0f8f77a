"""The operations of the embedded AWS for the console: authorization, and the counters of changes."""

import asyncio
import json
from typing import Any

import pytest
from ministack.services import cognito

from local.console_operations import ConsoleOperations

SECRET = "secret-of-this-run"
Response = tuple[int, dict[str, Any]]


class FakeEmulator:
    """Counts the requests that the operations pass on."""

    def __init__(self) -> None:
        self.requests = 0

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.requests += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


@pytest.fixture
def emulator() -> FakeEmulator:
    return FakeEmulator()


@pytest.fixture
def operations(emulator: FakeEmulator) -> ConsoleOperations:
    return ConsoleOperations(emulator, SECRET)


def send(
    application: ConsoleOperations, path: str, *, method: str = "POST", body: Any = None, **headers: str
) -> Response:
    """Return the status and the JSON of the response."""
    messages: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": json.dumps(body).encode() if body else b""}

    async def collect(message: dict[str, Any]) -> None:
        messages.append(message)

    encoded = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(application({"type": "http", "method": method, "path": path, "headers": encoded}, receive, collect))
    return messages[0]["status"], json.loads(messages[1]["body"])


def count_changes(application: ConsoleOperations) -> dict[str, int]:
    status, content = send(application, "/_local/changes", authorization=f"Bearer {SECRET}")
    assert status == 200
    return {topic: content[topic] for topic in ("users", "data")}


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer other"}, {"authorization": SECRET}])
@pytest.mark.parametrize(
    "operation",
    [
        "changes",
        "mails",
        "tokens",
        "export-users",
        "import-users",
        "export-object",
        "import-tags",
        "delete-mails",
    ],
)
def test_operation_without_the_secret_is_rejected(
    operations: ConsoleOperations, emulator: FakeEmulator, operation: str, headers: dict[str, str]
) -> None:
    assert send(operations, f"/_local/{operation}", **headers)[0] == 401
    assert emulator.requests == 0


def test_unknown_operation_is_rejected(operations: ConsoleOperations) -> None:
    status, content = send(operations, "/_local/other", authorization=f"Bearer {SECRET}")
    assert (status, content) == (409, {"message": "There is no operation other."})


def test_unknown_user_pool_is_rejected(operations: ConsoleOperations) -> None:
    status, content = send(operations, "/_local/export-users", authorization=f"Bearer {SECRET}")
    assert (status, content) == (409, {"message": "The user pool does not exist."})


def test_other_requests_are_passed_on(operations: ConsoleOperations, emulator: FakeEmulator) -> None:
    assert send(operations, "/") == (200, {})
    assert emulator.requests == 1


@pytest.mark.parametrize(
    ("method", "target", "changes"),
    [
        ("POST", "AWSCognitoIdentityProviderService.SignUp", {"users": 1, "data": 0}),
        ("POST", "AWSCognitoIdentityProviderService.AdminDisableUser", {"users": 1, "data": 0}),
        ("POST", "AWSCognitoIdentityProviderService.AdminGetUser", {"users": 0, "data": 0}),
        ("POST", "AWSCognitoIdentityProviderService.ListUsers", {"users": 0, "data": 0}),
        ("POST", "DynamoDB_20120810.TransactWriteItems", {"users": 0, "data": 1}),
        ("POST", "DynamoDB_20120810.GetItem", {"users": 0, "data": 0}),
        ("POST", "TrentService.Decrypt", {"users": 0, "data": 0}),
        ("PUT", "", {"users": 0, "data": 1}),
        ("GET", "", {"users": 0, "data": 0}),
    ],
)
def test_requests_that_change_something_are_counted(
    operations: ConsoleOperations, method: str, target: str, changes: dict[str, int]
) -> None:
    send(operations, "/", method=method, **({"x_amz_target": target} if target else {}))
    assert count_changes(operations) == changes


def test_import_of_users_is_counted(operations: ConsoleOperations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cognito._user_pools, "pool", {"_users": {}})
    body = {"user_pool_id": "pool", "users": {"jane": {}}}
    assert send(operations, "/_local/import-users", body=body, authorization=f"Bearer {SECRET}")[0] == 200
    assert count_changes(operations) == {"users": 1, "data": 0}
