"""Calls of the operations below /_local/ of the embedded AWS (local.console_operations)."""

import json
import urllib.error
import urllib.request
from typing import Any, Final

from local.console_operations import PATH_PREFIX
from local.stack import Stack

_TIMEOUT_SECONDS: Final = 30


class OperationFailed(Exception):
    """The embedded AWS has rejected an operation, or does not respond. The message names the reason."""


class ConsoleOperationsClient:
    """The operations of one embedded AWS."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def call(self, operation: str, **data: Any) -> dict[str, Any]:
        """Run an operation and return its result. Raises OperationFailed."""
        request = urllib.request.Request(
            f"{self.stack.aws_endpoint_url}{PATH_PREFIX}{operation}",
            json.dumps(data).encode(),
            {"Authorization": f"Bearer {self.stack.aws_secret_access_key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
                result: dict[str, Any] = json.loads(response.read())
                return result
        except urllib.error.HTTPError as exc:
            raise OperationFailed(_get_message(exc.read())) from exc
        except OSError as exc:
            raise OperationFailed("The embedded AWS does not respond.") from exc

    def issue_tokens(self, username: str, *, in_any_state: bool = False) -> dict[str, str]:
        """Return the tokens of a sign-in without the user's password. Raises OperationFailed.

        With `in_any_state`, also for users who cannot sign in, such as disabled ones.
        """
        return self.call(
            "tokens",
            user_pool_id=self.stack.user_pool_id,
            client_id=self.stack.user_pool_client_id,
            username=username,
            in_any_state=in_any_state,
        )


def _get_message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "The embedded AWS has failed. The reason is in aws.log."
