"""Requests to the console and its replies, independent of the HTTP server."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

from botocore.exceptions import BotoCoreError, ClientError

from local.console_operations_client import OperationFailed
from local.mail_store import MailNotFound

JSON_TYPE: Final = "application/json"


@dataclass(frozen=True)
class ConsoleRequest:
    """A request that the guard has accepted."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""

    def get_parameter(self, name: str, default: str = "") -> str:
        """Return a query parameter."""
        return parse_qs(self.query).get(name, [default])[0]

    def parse_json(self) -> Any:
        """Return the JSON body. Raises RequestRejected if it cannot be parsed."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError:
            raise RequestRejected("The body is not JSON.") from None


@dataclass(frozen=True)
class Reply:
    """A response of the console."""

    body: bytes = b""
    content_type: str = JSON_TYPE
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class RequestRejected(Exception):
    """The console cannot carry out a request. The page shows the message."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


def describe_error(exc: Exception) -> str:
    """Return the reason for a failure, for the page. An exception that is not expected is named by its type."""
    is_expected = isinstance(exc, (BotoCoreError, ClientError, MailNotFound, OperationFailed, RequestRejected))
    return str(exc) if is_expected else f"{type(exc).__name__}: {exc}"


def to_json_reply(content: Any, status: HTTPStatus = HTTPStatus.OK) -> Reply:
    """Return a reply with a JSON body."""
    return Reply(json.dumps(content, default=str).encode(), status=status)
