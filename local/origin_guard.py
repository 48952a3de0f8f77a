"""What a page in a browser may ask of the embedded AWS.

Any page that is open in the user's browser can send requests to this machine. MiniStack answers all origins, and runs
Lambda functions as processes of the user. So a request that a page may have sent is refused, unless it is one of:

- a Cognito operation that needs no AWS credentials, or a document that a user pool publishes;
- a presigned download from S3, or a presigned upload to it;
- a call of a deployed API.

MiniStack routes by path, query and several headers. Each rule here therefore compares all of them, the path as it
was sent, and no header may be there twice.
"""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

from local import request_log
from local.hosts import find_host_error

Scope = Any  # of ASGI: https://asgi.readthedocs.io/en/latest/specs/www.html
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Any, Send], Awaitable[None]]

_COGNITO: Final = "AWSCognitoIdentityProviderService"
# The operations of a public client: the unauthenticated and the token-authorized ones. botocore's model has them with
# `authtype: none`.
# https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html
PUBLIC_COGNITO_OPERATIONS: Final = frozenset(
    {
        "AssociateSoftwareToken", "ChangePassword", "CompleteWebAuthnRegistration", "ConfirmDevice",
        "ConfirmForgotPassword", "ConfirmSignUp", "DeleteUser", "DeleteUserAttributes", "DeleteWebAuthnCredential",
        "ForgetDevice", "ForgotPassword", "GetDevice", "GetTokensFromRefreshToken", "GetUser",
        "GetUserAttributeVerificationCode", "GetUserAuthFactors", "GlobalSignOut", "InitiateAuth", "ListDevices",
        "ListWebAuthnCredentials", "ResendConfirmationCode", "RespondToAuthChallenge", "RevokeToken",
        "SetUserMFAPreference", "SetUserSettings", "SignUp", "StartWebAuthnRegistration", "UpdateAuthEventFeedback",
        "UpdateDeviceStatus", "UpdateUserAttributes", "VerifySoftwareToken", "VerifyUserAttribute",
    }
)  # fmt: skip
_POOL_DOCUMENT: Final = re.compile(
    r"/[a-z]{2}(-[a-z]+)+-\d_\w+/\.well-known/(jwks\.json|openid-configuration)", re.ASCII
)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET: Final = r"/(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
_BUCKET_PATH: Final = re.compile(rf"{_BUCKET}/?")
_OBJECT_PATH: Final = re.compile(rf"{_BUCKET}(/(?!\.)[\w.-]+)+", re.ASCII)
# Paths that MiniStack does not take for S3's, although its router does.
_NOT_A_BUCKET: Final = re.compile(r"/(health$|iceberg|v20180820/)")
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
_SIGNATURE: Final = frozenset(
    f"X-Amz-{name}" for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
)
_SECURITY_TOKEN: Final = "X-Amz-Security-Token"
_DEPLOYED_API: Final = re.compile(r"/restapis/[a-z0-9]+/[\w-]+/_user_request_(/.*)?", re.ASCII)

REFUSED: Final = (
    "Pages may use Cognito's public operations, presigned S3 requests and deployed APIs of the embedded AWS, "
    "and nothing else."
)
_HOST_REFUSED: Final = "The embedded AWS answers to 127.0.0.1 and localhost on its own port."


@dataclass(frozen=True)
class Request:
    """The head of a request as it was sent."""

    method: str
    path: str  # not decoded
    query: str
    headers: dict[str, list[str]]  # by name in lower case

    @classmethod
    def from_scope(cls, scope: Scope) -> "Request":
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        query = scope["query_string"].decode("latin-1")
        return cls(scope["method"], scope["raw_path"].decode("latin-1"), query, headers)

    def header(self, name: str) -> str:
        return ", ".join(self.headers.get(name, []))

    @property
    def is_from_page(self) -> bool:
        """Whether a page may have sent it. Scripts and SDKs have none of these headers.

        Sec-Fetch-Site is `none` for what the user has typed.
        """
        return (
            "origin" in self.headers
            or "referer" in self.headers
            or self.headers.get("sec-fetch-site", ["none"]) != ["none"]
        )

    @property
    def has_unique_headers(self) -> bool:
        return all(len(values) == 1 for values in self.headers.values())

    @property
    def preflighted(self) -> "Request | None":
        """The request that a preflight asks for, without its headers; None if this is no preflight."""
        wanted = self.header("access-control-request-method")
        return replace(self, method=wanted) if self.method == "OPTIONS" and wanted else None


def is_allowed(request: Request) -> bool:
    """Whether the embedded AWS takes this request: from anybody but a page, all; from a page, those listed above."""
    if not request.is_from_page:
        return True
    if not request.has_unique_headers:
        return False
    if wanted := request.preflighted:
        return _is_download(wanted) or _is_upload_place(wanted) or _is_deployed_api(wanted)
    return (
        _is_cognito_operation(request)
        or _is_pool_document(request)
        or _is_download(request)
        or (_is_upload_place(request) and request.header("content-type").startswith("multipart/form-data"))
        or _is_deployed_api(request)
    )


def is_cognito_preflight(request: Request) -> bool:
    """Whether a page asks if it may call Cognito. MiniStack would allow it everything."""
    wanted = request.preflighted
    return bool(wanted and request.has_unique_headers and _is_cognito_endpoint(wanted))


def _is_cognito_endpoint(request: Request) -> bool:
    return (request.method, request.path, request.query) == ("POST", "/", "")


def _is_cognito_operation(request: Request) -> bool:
    service, _, operation = request.header("x-amz-target").partition(".")
    return (
        _is_cognito_endpoint(request)
        and request.header("content-type") == "application/x-amz-json-1.1"
        and service == _COGNITO
        and operation in PUBLIC_COGNITO_OPERATIONS
        and "authorization" not in request.headers
    )


def _is_pool_document(request: Request) -> bool:
    return (
        (request.method, request.query) == ("GET", "")
        and bool(_POOL_DOCUMENT.fullmatch(request.path))
        and "x-amz-target" not in request.headers
    )


def _is_download(request: Request) -> bool:
    """MiniStack verifies the signature."""
    if request.method != "GET" or not _OBJECT_PATH.fullmatch(request.path) or not _is_of_s3(request):
        return False
    query = parse_qs(request.query, keep_blank_values=True)
    if any(len(values) != 1 for values in query.values()):
        return False
    names = {name for name in query if not name.startswith("response-")} - {_SECURITY_TOKEN}
    return (
        names == _SIGNATURE
        and query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        and query["X-Amz-Credential"][0].split("/")[3:] == ["s3", "aws4_request"]
        and query["X-Amz-Signature"] != [""]
    )


def _is_upload_place(request: Request) -> bool:
    """MiniStack verifies the form's signature and policy, and refuses a form without them."""
    return (
        (request.method, request.query) == ("POST", "")
        and bool(_BUCKET_PATH.fullmatch(request.path))
        and _is_of_s3(request)
    )


def _is_of_s3(request: Request) -> bool:
    """Whether MiniStack takes the request for one to S3."""
    from ministack.core.router import detect_service

    if {"authorization", "x-amz-target"} & request.headers.keys() or _NOT_A_BUCKET.match(request.path):
        return False
    headers = {name: request.header(name) for name in request.headers}
    query = parse_qs(request.query, keep_blank_values=True)
    return bool(detect_service(request.method, request.path, headers, query) == "s3")


def _is_deployed_api(request: Request) -> bool:
    return bool(_DEPLOYED_API.fullmatch(request.path)) and not request.header("authorization").startswith("AWS")


class OriginGuard:
    """An ASGI application that hands on to another one what `is_allowed`, and refuses the rest."""

    def __init__(self, application: Application, port: int) -> None:
        self._application = application
        self._port = port

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":  # there is no WebSocket in the product
            await send({"type": "websocket.close"})
            return
        request = Request.from_scope(scope)
        if status := find_host_error(request.headers.get("host", []), self._port):
            await _refuse(send, request, status, _HOST_REFUSED)
        elif is_cognito_preflight(request):
            await _answer(send, HTTPStatus.NO_CONTENT, _COGNITO_CORS)
        elif is_allowed(request):
            await self._application(scope, receive, send)
        else:
            await _refuse(send, request, HTTPStatus.FORBIDDEN, REFUSED)


_COGNITO_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "7200",  # seconds; browsers keep it no longer
}


async def _refuse(send: Send, request: Request, status: HTTPStatus, reason: str) -> None:
    """Refuse a request, and say so in the log: a page can't read the answer."""
    request_log.write(f"{request.method} {request.path}", status, 0, note=reason)
    body = json.dumps({"message": reason}).encode()
    await _answer(send, status, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body)


async def _answer(send: Send, status: HTTPStatus, headers: dict[str, str], body: bytes = b"") -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
