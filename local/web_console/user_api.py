"""Calls of the API and of Cognito on behalf of users. The request history and the faults leave these calls out."""

from dataclasses import dataclass, field
from typing import Final

from local.console_operations_client import ConsoleOperationsClient
from local.faults import CONSOLE_USER_AGENT
from local.stack import Stack
from local.user_client import ApiResponse, UserClient

_HEADERS: Final = {"User-Agent": CONSOLE_USER_AGENT}


class UserApi:
    """A client of the API of one stack, for all of its users."""

    def __init__(self, stack: Stack, operations: ConsoleOperationsClient) -> None:
        self.client = UserClient(stack, CONSOLE_USER_AGENT)
        self._operations = operations

    def sign_in(self, sub: str) -> "ApiSession":
        """Return a session of the user, even if the user cannot sign in. Raises OperationFailed."""
        return ApiSession(self.client, sub, self._operations.issue_tokens(sub, in_any_state=True)["IdToken"])


@dataclass(frozen=True)
class ApiSession:
    """The requests of one user."""

    client: UserClient
    sub: str
    id_token: str = field(repr=False)

    def call(self, method: str, path: str = "") -> ApiResponse:
        """Send a request for a resource of the user. Raises OSError."""
        return self.client.call(method, f"/users/{self.sub}{path}", self.id_token, headers=_HEADERS)
