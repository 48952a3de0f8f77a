"""One line of JSON on standard output for each request of a front end. It goes to the log, and `make run` shows it.

It has what the application does not log: the requested path, which names a person, and why a request was refused. No
line has a query, a header, a body or an attribute's value.
"""

import json
import re
import sys
import time
from http import HTTPStatus
from typing import Any, Final

_COGNITO: Final = "AWSCognitoIdentityProviderService."
_BODY_MAX: Final = 64 * 1024  # bytes of a response that are read for the note
_S3_ERROR: Final = re.compile(rb"<Code>(\w+)</Code>")
_ERRORS_MAX: Final = 5  # errors of a body that are named; a body may have thousands
_POINTER_MAX: Final = 80  # characters
# Exceptions of Cognito whose messages are fixed texts, or rules of ours. Other messages may repeat what was sent.
_WITHOUT_VALUES: Final = {
    "AliasExistsException",
    "CodeMismatchException",
    "ExpiredCodeException",
    "InvalidPasswordException",
    "NotAuthorizedException",
    "UserLambdaValidationException",
    "UserNotConfirmedException",
    "UsernameExistsException",
}


def write(request: str, status: int, seconds: float, *, request_id: str = "", note: str = "") -> None:
    """Write the line of a request."""
    line = {"request": request, "status": status, "ms": round(seconds * 1000, 1)}
    line |= {name: text for name, text in (("request_id", request_id), ("note", note)) if text}
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def find_reason(status: int, body: str) -> str:
    """Return why the API refused a request, from the body of its answer. It is empty if the body does not say."""
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    try:
        problem = json.loads(body)
    except ValueError:  # the answer to a HEAD
        return ""
    if not isinstance(problem, dict) or "detail" not in problem:  # of another application, or of Chalice itself
        return ""
    errors = [
        f"{error['pointer'][:_POINTER_MAX] or 'the body'} {error['detail']}" for error in problem.get("errors", ())
    ]
    if len(errors) > _ERRORS_MAX:
        errors = [*errors[:_ERRORS_MAX], f"and {len(errors) - _ERRORS_MAX} more"]
    return "; ".join(errors) or str(problem.get("reason") or problem["detail"])


def log_client_requests(app: Any) -> Any:
    """Wrap an ASGI app, the embedded AWS: log Cognito's public operations and S3's presigned requests.

    All other requests carry a signature: they come from the application and from tools.
    """

    async def logged(scope: Any, receive: Any, send: Any) -> None:
        request = _client_request(scope)
        if request is None:
            await app(scope, receive, send)
            return
        started, status, body = time.monotonic(), 0, b""

        async def record(message: Any) -> None:
            nonlocal status, body
            status = message.get("status", status)
            if len(body) < _BODY_MAX:
                body += message.get("body", b"")
            await send(message)

        await app(scope, receive, record)
        note = _cognito_note(status, body) if request.startswith("Cognito") else _s3_note(status, body)
        write(request, status, time.monotonic() - started, note=note)

    return logged


def _client_request(scope: Any) -> str | None:
    """Return what a front end asks for, or None for any other request."""
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


def _cognito_note(status: int, body: bytes) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    if status >= 400:
        code = str(answer.get("__type", "")).rpartition("#")[2]
        return f"{code}: {answer.get('message')}" if code in _WITHOUT_VALUES else code
    if "UserSub" in answer:
        return f"user {answer['UserSub']}"
    if "ChallengeName" in answer:
        return f"challenge {answer['ChallengeName']}"
    return "tokens issued" if "AuthenticationResult" in answer else ""


def _s3_note(status: int, body: bytes) -> str:
    found = _S3_ERROR.search(body) if status >= 400 else None
    return found[1].decode() if found else ""
