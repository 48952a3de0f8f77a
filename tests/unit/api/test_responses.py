"""Headers of responses: the address of the profile, caching, security and the request id."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urljoin

import pytest
from chalice.app import Request
from chalice.test import HTTPResponse

from chalicelib.api import responses
from chalicelib.profiles.models import Profile
from tests.support.data import SUB
from tests.support.events import api_gateway_event
from tests.support.in_process import ApiClient

NOW = datetime.now(UTC)
PROFILE = Profile(id=SUB, version=1, created_at=NOW, updated_at=NOW)


def get_request(path: str, headers: dict[str, str] | None = None) -> Request:
    """Return a GET request for a path that includes the stage, `/stage`."""
    resource = path.rstrip("/").removeprefix("/stage").replace("/me", "/{user_id}")
    return Request(api_gateway_event("GET", resource, headers=headers, path=path))


@pytest.mark.parametrize("path", ["/users/me", "/users/me/", "/users/me/picture", "/users/me/picture/"])
def test_content_location_is_the_address_of_the_profile(path: str) -> None:
    location = responses.versioned_response(get_request(f"/stage{path}"), PROFILE).headers["Content-Location"]
    assert urljoin(f"https://example.com/stage{path}", str(location)) == f"https://example.com/stage/users/{SUB}"


def test_content_location_of_a_304_is_the_address_of_the_profile() -> None:
    response = responses.conditional_response(get_request("/stage/users/me/", {"if-none-match": '"1"'}), PROFILE)
    assert (response.status_code, response.headers["Content-Location"]) == (304, f"../{SUB}")


@pytest.mark.parametrize(
    "send",
    [
        lambda api: api.request("GET"),
        lambda api: api.request("PUT", "another"),
        lambda api: api.request("PUT", body="{"),
        lambda api: api.request("PUT", content_type="text/plain"),
        lambda api: api.request("DELETE"),
        lambda api: api.request("GET", claims=None),
    ],
)
def test_every_response_is_private_and_not_stored(api: ApiClient, send: Callable[[ApiClient], HTTPResponse]) -> None:
    headers = send(api).headers
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=63072000"


def test_every_response_has_the_request_id(api: ApiClient) -> None:
    for response in (api.request("GET", "another"), api.request("OPTIONS"), api.request("GET", path="/problems")):
        assert response.headers["X-Request-Id"] == "request-1"
