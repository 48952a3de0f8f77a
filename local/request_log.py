"""The log of client requests: one line of JSON on standard output per request. `make run` prints these lines.

A line contains data that the application does not log: the requested path, which identifies a user, and the reason for
an error. No line contains a query, a header, a body or the value of an attribute.
"""

import asyncio
import json
import re
import sys
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from local.client_calls import ClientCall, current_call, is_console_request

_COGNITO: Final = "AWSCognitoIdentityProviderService."
_MAX_BODY_BYTES: Final = 64 * 1024  # of a response, read for the note
_S3_ERROR: Final = re.compile(rb"<Code>(\w+)</Code>")
NO_RESPONSE: Final = 0  # the status of a request whose connection was dropped
_MAX_ERRORS: Final = 5  # field errors in a note; a response may contain thousands
_MAX_POINTER_LENGTH: Final = 80
# Cognito exceptions with fixed messages, or with messages of this project. Other messages may repeat request values.
_FIXED_TEXT_EXCEPTIONS: Final = {
    "AliasExistsException",
    "CodeMismatchException",
    "ExpiredCodeException",
    "InvalidPasswordException",
    "NotAuthorizedException",
    "UserLambdaValidationException",
    "UserNotConfirmedException",
    "UsernameExistsException",
}


def log_request(
    request: str,
    status: int,
    seconds: float,
    *,
    request_id: str = "",
    note: str = "",
    problem: dict[str, Any] | None = None,
    fault: str = "",
    is_console: bool = False,
    call_id: str = "",
    sub: str | None = None,
) -> None:
    """Write the line of a request. `fault` is a fault of the web console, and `is_console` marks its own requests.

    The functions that a request has invoked have its `call_id`. `sub` is the id of the user that the request is about.
    """
    line: dict[str, Any] = {"request": request, "status": status, "ms": round(seconds * 1000, 1)}
    optional = {
        "request_id": request_id,
        "note": note,
        "problem": problem,
        "fault": fault,
        "console": is_console,
        "call_id": call_id,
        "sub": sub,
    }
    line |= {name: value for name, value in optional.items() if value}
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def parse_problem(status: int, body: Any) -> dict[str, Any] | None:
    """Return the problem details of an error response of the API. They contain no values of the request."""
    if status < HTTPStatus.BAD_REQUEST:
        return None
    try:
        problem = json.loads(body or "")
    except ValueError:  # the response to a HEAD request
        return None
    is_problem = isinstance(problem, dict) and "detail" in problem
    if not is_problem:
        return None
    return {**problem, "errors": problem["errors"][:_MAX_ERRORS]} if problem.get("errors") else problem


def find_rejection_reason(status: int, body: str) -> str:
    """Return the reason for a 4xx response of the API. Return "" for other responses and if the body has no reason."""
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    try:
        problem = json.loads(body)
    except ValueError:  # the response to a HEAD request
        return ""
    if not isinstance(problem, dict) or "detail" not in problem:  # from another application, or from Chalice itself
        return ""
    errors = [
        f"{error['pointer'][:_MAX_POINTER_LENGTH] or 'the body'} {error['detail']}"
        for error in problem.get("errors", ())
    ]
    if len(errors) > _MAX_ERRORS:
        errors = [*errors[:_MAX_ERRORS], f"and {len(errors) - _MAX_ERRORS} more"]
    return "; ".join(errors) or str(problem.get("reason") or problem["detail"])


def log_client_requests(app: Any, find_user: Callable[[bytes], str | None] | None = None) -> Any:
    """Wrap the ASGI app of the embedded AWS. Log Cognito's public operations and presigned S3 requests.

    All other requests are signed. They are sent by the application and by tools. `find_user` returns the user that the
    body of a Cognito request is about.
    """

    async def logged(scope: Any, receive: Any, send: Any) -> None:
        call = ClientCall(uuid.uuid4().hex, is_console_request(scope))
        current_call.set(call)
        request = _describe_client_request(scope)
        if request is None:
            await app(scope, receive, send)
            return
        is_cognito, sub = request.startswith("Cognito"), None
        if is_cognito and find_user is not None:
            request_body, receive = await _read_ahead(receive)
            sub = await asyncio.to_thread(find_user, request_body)  # before the request, which may delete the user
        started, status, body = time.monotonic(), 0, b""

        async def record(message: Any) -> None:
            nonlocal status, body
            status = message.get("status", status)
            if len(body) < _MAX_BODY_BYTES:
                body += message.get("body", b"")
            await send(message)

        await app(scope, receive, record)
        note = _describe_cognito_response(status, body) if is_cognito else _describe_s3_response(status, body)
        seconds = time.monotonic() - started
        log_request(request, status, seconds, note=note, is_console=call.is_console, call_id=call.id, sub=sub)

    return logged


async def _read_ahead(receive: Any) -> tuple[bytes, Any]:
    """Return the body of a request, and a function that returns its messages again."""
    messages = [await receive()]
    while messages[-1].get("more_body"):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages)

    async def receive_again() -> Any:
        return messages.pop(0) if messages else await receive()

    return body, receive_again


def _describe_client_request(scope: Any) -> str | None:
    """Return the operation of a client request, or None for any other request."""
    if scope["type"] != "http" or scope["method"] == "OPTIONS":
        return None
    headers = {name.lower(): text.decode("latin-1") for name, text in scope["headers"]}
    if b"authorization" in headers:
        return None
    target = headers.get(b"x-amz-target", "")
    if target.startswith(_COGNITO):
        return f"Cognito {target.removeprefix(_COGNITO)}"
    is_form = headers.get(b"content-type", "").startswith("multipart/form-data")
    if is_form or b"X-Amz-Signature=" in scope["query_string"]:
        return f"S3 {scope['method']} {scope['path']}"
    return None


def _describe_cognito_response(status: int, body: bytes) -> str:
    try:
        response = json.loads(body)
    except ValueError:
        return ""
    if status >= 400:
        code = str(response.get("__type", "")).rpartition("#")[2]
        return f"{code}: {response.get('message')}" if code in _FIXED_TEXT_EXCEPTIONS else code
    if "UserSub" in response:
        return f"user {response['UserSub']}"
    if "ChallengeName" in response:
        return f"challenge {response['ChallengeName']}"
    return "tokens issued" if "AuthenticationResult" in response else ""


def _describe_s3_response(status: int, body: bytes) -> str:
    error = _S3_ERROR.search(body) if status >= 400 else None
    return error[1].decode() if error else ""
