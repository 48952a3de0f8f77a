"""The panels of a user, from responses of the API."""

from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from local.user_client import ApiResponse, UserClient
from local.web_console.user_api import ApiSession
from local.web_console.user_panels import UserContext, build_files
from tests.unit.local.test_stack_file import STACK

PAGES: dict[str, dict[str, Any]] = {
    "/files?limit=100": {"items": [1, 2], "next_cursor": "a", "quota": {"files": 5}},
    "/files?limit=100&cursor=a": {"items": [3, 4], "next_cursor": "b", "quota": {"files": 5}},
    "/files?limit=100&cursor=b": {"items": [5], "next_cursor": None, "quota": {"files": 5}},
}


@dataclass(frozen=True)
class FakeSession(ApiSession):
    """A session with a response for each path. Other paths do not exist."""

    responses: dict[str, ApiResponse] = field(default_factory=dict)

    def call(self, method: str, path: str = "") -> ApiResponse:
        assert method == "GET"
        return self.responses.get(path, ApiResponse(404, Message(), {}))


def build_context(bodies: dict[str, dict[str, Any]], failed_path: str = "") -> UserContext:
    responses = {path: ApiResponse(200, Message(), body) for path, body in bodies.items()}
    responses |= {failed_path: ApiResponse(503, Message(), {"detail": "Try again."})}
    return UserContext("sub", STACK, FakeSession(UserClient(STACK), "sub", "token", responses))


def test_all_pages_of_files_are_shown() -> None:
    panel = build_files(build_context(PAGES))
    assert panel is not None
    assert panel["body"] == {"items": [1, 2, 3, 4, 5], "next_cursor": None, "quota": {"files": 5}}


def test_failed_page_of_files_is_shown_as_an_error() -> None:
    panel = build_files(build_context(PAGES, "/files?limit=100&cursor=b"))
    assert panel is not None
    assert (panel["status"], panel["body"]) == (503, {"detail": "Try again."})


def test_api_without_files_has_no_panel() -> None:
    assert build_files(build_context({})) is None
