"""The guard of the console: Host, Origin, Sec-Fetch-Site and the token."""

from email.message import Message
from http import HTTPStatus

import pytest

from local.web_console.request_guard import TOKEN_HEADER, RequestGuard

PORT = 8010
OWN = f"127.0.0.1:{PORT}"
OTHER_ORIGINS = ("http://evil.example", "null", "http://127.0.0.1:8011", f"https://{OWN}", f"http://localhost:{PORT}")


@pytest.fixture(scope="module")
def guard() -> RequestGuard:
    return RequestGuard(PORT)


def check(guard: RequestGuard, method: str = "GET", path: str = "/data/users", **headers: str) -> HTTPStatus | None:
    """Return the status with which a request is rejected, or None."""
    message = Message()
    for name, value in {"Host": OWN, **headers}.items():
        message[name.replace("_", "-")] = value
    rejection = guard.find_rejection(method, path, message)
    return rejection[0] if rejection else None


def test_reading_from_the_page_is_allowed(guard: RequestGuard) -> None:
    assert check(guard, Sec_Fetch_Site="same-origin") is None
    assert check(guard, Origin=f"http://{OWN}") is None
    assert check(guard, Host=f"localhost:{PORT}", Origin=f"http://localhost:{PORT}") is None


def test_writing_requires_the_token(guard: RequestGuard) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert check(guard, method, Origin=f"http://{OWN}") == HTTPStatus.FORBIDDEN
        assert check(guard, method, Origin=f"http://{OWN}", **{TOKEN_HEADER: "other"}) == HTTPStatus.FORBIDDEN
        assert check(guard, method, Origin=f"http://{OWN}", **{TOKEN_HEADER: guard.token}) is None


def test_token_differs_between_runs(guard: RequestGuard) -> None:
    assert guard.token != RequestGuard(PORT).token
    assert len(guard.token) >= 32


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_origin_is_rejected(guard: RequestGuard, origin: str, method: str) -> None:
    assert check(guard, method, Origin=origin, **{TOKEN_HEADER: guard.token}) == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_request_of_another_site_is_rejected(guard: RequestGuard, site: str) -> None:
    assert check(guard, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") == HTTPStatus.FORBIDDEN
    assert check(guard, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") == HTTPStatus.FORBIDDEN
    assert check(guard, path="/", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") == HTTPStatus.FORBIDDEN


def test_link_to_the_page_is_allowed(guard: RequestGuard) -> None:
    assert check(guard, path="/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") is None


@pytest.mark.parametrize("host", ["evil.example:8010", "127.0.0.1", "127.0.0.1:8000", "192.168.1.2:8010"])
def test_other_host_is_rejected(guard: RequestGuard, host: str) -> None:
    assert check(guard, Host=host) == HTTPStatus.MISDIRECTED_REQUEST
