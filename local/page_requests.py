"""The requests to the embedded AWS that web pages may send.

Any page in the user's browser can send requests to this machine. MiniStack allows all origins and runs Lambda functions
as processes of the user. A request that a page may have sent is therefore rejected, unless it is one of:

- a Cognito operation that needs no AWS credentials, or a document that a user pool publishes;
- a presigned download from S3, or a presigned upload to it;
- a call of a deployed API.

MiniStack routes by path, query and several headers. Each rule here therefore compares all of them. It compares the path
before decoding, and accepts no duplicate headers.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs

Scope = Any  # ASGI types: https://asgi.readthedocs.io/en/latest/specs/www.html

_COGNITO: Final = "AWSCognitoIdentityProviderService"
# The operations of a public client: unauthenticated and token-authorized ones. In botocore's model they have
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
# Paths that MiniStack's router assigns to S3, but that MiniStack handles otherwise.
_NOT_A_BUCKET: Final = re.compile(r"/(health$|iceberg|v20180820/)")
# https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
_SIGNATURE: Final = frozenset(
    f"X-Amz-{name}" for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
)
_SECURITY_TOKEN: Final = "X-Amz-Security-Token"
_DEPLOYED_API: Final = re.compile(r"/restapis/[a-z0-9]+/[\w-]+/_user_request_(/.*)?", re.ASCII)


@dataclass(frozen=True)
class Request:
    """The request line and headers of a request, not decoded."""

    method: str
    path: str
    query: str
    headers: dict[str, list[str]]  # by name in lower case

    @classmethod
    def from_scope(cls, scope: Scope) -> "Request":
        """Return the request of an ASGI scope."""
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        query = scope["query_string"].decode("latin-1")
        return cls(scope["method"], scope["raw_path"].decode("latin-1"), query, headers)

    def header(self, name: str) -> str:
        """Return the values of a header, separated by commas. The name is in lower case."""
        return ", ".join(self.headers.get(name, []))

    @property
    def is_from_page(self) -> bool:
        """True if a page may have sent the request. Scripts and SDKs send none of these headers.

        Sec-Fetch-Site is `none` for an address that the user has typed.
        """
        return (
            "origin" in self.headers
            or "referer" in self.headers
            or self.headers.get("sec-fetch-site", ["none"]) != ["none"]
        )

    @property
    def has_unique_headers(self) -> bool:
        """True if no header occurs twice."""
        return all(len(values) == 1 for values in self.headers.values())

    @property
    def preflighted_request(self) -> "Request | None":
        """The request that this CORS preflight announces, with the preflight's headers. None for other requests."""
        method = self.header("access-control-request-method")
        return replace(self, method=method) if self.method == "OPTIONS" and method else None


def is_allowed(request: Request) -> bool:
    """Return True if the request is not from a page, or is one of the requests that pages may send."""
    if not request.is_from_page:
        return True
    if not request.has_unique_headers:
        return False
    if preflighted := request.preflighted_request:
        return _is_download(preflighted) or _is_upload_target(preflighted) or _is_deployed_api(preflighted)
    return (
        _is_cognito_operation(request)
        or _is_pool_document(request)
        or _is_download(request)
        or (_is_upload_target(request) and request.header("content-type").startswith("multipart/form-data"))
        or _is_deployed_api(request)
    )


def is_cognito_preflight(request: Request) -> bool:
    """Return True for a CORS preflight of a Cognito call. MiniStack's own response would allow every operation."""
    preflighted = request.preflighted_request
    return bool(preflighted and request.has_unique_headers and _is_cognito_endpoint(preflighted))


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
    """Return True for a presigned download. MiniStack verifies the signature."""
    if request.method != "GET" or not _OBJECT_PATH.fullmatch(request.path) or not _is_routed_to_s3(request):
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


def _is_upload_target(request: Request) -> bool:
    """Return True for a POST to a bucket. MiniStack rejects forms without a valid signature and policy."""
    return (
        (request.method, request.query) == ("POST", "")
        and bool(_BUCKET_PATH.fullmatch(request.path))
        and _is_routed_to_s3(request)
    )


def _is_routed_to_s3(request: Request) -> bool:
    """Return True if MiniStack routes the request to S3."""
    from ministack.core.router import detect_service

    if {"authorization", "x-amz-target"} & request.headers.keys() or _NOT_A_BUCKET.match(request.path):
        return False
    headers = {name: request.header(name) for name in request.headers}
    query = parse_qs(request.query, keep_blank_values=True)
    return bool(detect_service(request.method, request.path, headers, query) == "s3")


def _is_deployed_api(request: Request) -> bool:
    return bool(_DEPLOYED_API.fullmatch(request.path)) and not request.header("authorization").startswith("AWS")
