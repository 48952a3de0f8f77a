"""Calls of the API on behalf of users. The request history and the faults leave these calls out."""

from typing import Any, Final

from local.emulator_link import EmulatorLink
from local.faults import CONSOLE_USER_AGENT
from local.stack import Stack
from local.user_client import ApiResponse, UserClient

_HEADERS: Final = {"User-Agent": CONSOLE_USER_AGENT}


class ApiLink:
    """The API of one stack."""

    def __init__(self, stack: Stack, link: EmulatorLink) -> None:
        self.client = UserClient(stack)
        self._link = link

    def call_as(self, sub: str, method: str, path: str, body: Any = None) -> ApiResponse:
        """Send a request with an ID token of the user, even if the user cannot sign in.

        Raises OSError and LinkError.
        """
        token = self._link.issue_tokens(sub, in_any_state=True)["IdToken"]
        return self.client.call(method, path, token, body, _HEADERS)
