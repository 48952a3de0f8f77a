"""The checks of each request to the console, because any page in the user's browser can send requests to this machine.

- The Host header must name this server, against DNS rebinding (local.hosts).
- A request of a page must come from the console's own page.
- A request that changes something must carry the token that the page contains. Other origins cannot read the page.
"""

import hmac
import secrets
from collections.abc import Sequence
from email.message import Message
from http import HTTPStatus
from typing import Final

from local.hosts import find_host_error

TOKEN_HEADER: Final = "X-Console-Token"
_READ_METHODS: Final = ("GET", "HEAD")
_OTHER_SITES: Final = ("cross-site", "same-site")  # another port of 127.0.0.1 is the same site, but another origin
_PAGE_PATH: Final = "/"

Rejection = tuple[HTTPStatus, str]


class RequestGuard:
    """The guard of one console. `token` is in its page."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.token: Final = secrets.token_urlsafe(24)

    def find_rejection(self, method: str, path: str, headers: Message) -> Rejection | None:
        """Return the status and the reason if the request must be rejected."""
        if status := find_host_error(_get_all(headers, "host"), self._port):
            return status, "The Host header must be 127.0.0.1 or localhost, with the port of the console."
        if self._is_from_another_origin(method, path, headers):
            return HTTPStatus.FORBIDDEN, "Only the page of the console may send requests to it."
        if method not in _READ_METHODS and not self._has_token(headers):
            return HTTPStatus.FORBIDDEN, "The token of the page is missing or of an earlier run. Reload the page."
        return None

    def _is_from_another_origin(self, method: str, path: str, headers: Message) -> bool:
        own_origin = f"http://{headers['host']}".lower()
        if any(origin.lower() != own_origin for origin in _get_all(headers, "origin")):
            return True
        is_link = method in _READ_METHODS and path == _PAGE_PATH and headers.get("sec-fetch-mode") == "navigate"
        return headers.get("sec-fetch-site") in _OTHER_SITES and not is_link

    def _has_token(self, headers: Message) -> bool:
        return hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self.token.encode())


def _get_all(headers: Message, name: str) -> Sequence[str]:
    return [str(value) for value in headers.get_all(name, [])]
