"""The request that the embedded AWS is handling. The functions that it invokes are logged with the id of the call."""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from local.faults import CONSOLE_USER_AGENT

_USER_AGENT: Final = CONSOLE_USER_AGENT.encode()


@dataclass(frozen=True)
class ClientCall:
    """A request to the embedded AWS. `is_console` is True if the web console has sent it."""

    id: str
    is_console: bool


# The context of a request is also that of the functions that it invokes, in other threads and later.
current_call: Final[ContextVar[ClientCall | None]] = ContextVar("current_call", default=None)


def is_console_request(scope: Any) -> bool:
    """Return True if the web console has sent the request of an ASGI scope."""
    agents = (text for name, text in scope.get("headers", ()) if name == b"user-agent")
    return any(text.split(b" ")[0] == _USER_AGENT for text in agents)  # boto3 appends its version
