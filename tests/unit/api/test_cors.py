"""CORS headers by origin: of the policy, and of the API's responses."""

from typing import Any

import pytest

from chalicelib.api.cors import CorsPolicy
from tests.support.in_process import ApiClient

ORIGIN = "https://app.example.com"


def test_no_origin_is_allowed_by_default() -> None:
    cors = CorsPolicy(frozenset())
    assert cors.response_headers(ORIGIN) == {}
    assert cors.preflight_headers(ORIGIN, ["GET"]) == {}


def test_wildcard_origin_omits_vary() -> None:
    headers = CorsPolicy(frozenset({"*"})).response_headers(ORIGIN)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in headers


def test_credentials_are_never_allowed() -> None:
    for origins in ({"*"}, {ORIGIN}):
        cors = CorsPolicy(frozenset(origins))
        headers = {**cors.response_headers(ORIGIN), **cors.preflight_headers(ORIGIN, ["GET"])}
        assert "Access-Control-Allow-Credentials" not in headers


@pytest.mark.parametrize(
    ("method", "status", "arguments"),
    [("GET", 403, {"user_id": "another"}), ("PUT", 400, {"body": "{"}), ("POST", 405, {}), ("OPTIONS", 204, {})],
)
def test_every_response_is_readable_by_configured_origins(
    api: ApiClient, method: str, status: int, arguments: dict[str, Any]
) -> None:
    response = api.request(method, headers={"origin": "http://localhost:3000"}, **arguments)
    assert response.status_code == status
    assert response.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert response.headers["Vary"] == "Origin"
    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", ["https://app.example.com.evil.example", "http://app.example.com", "null", "", "*"])
def test_other_origins_get_no_cors_headers(api: ApiClient, origin: str) -> None:
    for method in ("OPTIONS", "GET"):
        response = api.request(method, claims=None, headers={"origin": origin})
        assert not [name for name in response.headers if name.startswith("Access-Control-")]
        assert response.headers["Vary"] == "Origin"
