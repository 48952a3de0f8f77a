"""Requests that a web page may send to the embedded AWS. The tables ALLOWED and REJECTED are the specification."""

import asyncio
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.session import Session
from ministack.core.router import detect_service

from local.origin_guard import OriginGuard
from local.page_requests import PUBLIC_COGNITO_OPERATIONS, Request, Scope, is_allowed, is_cognito_preflight

PORT = 4566
EVIL = "https://evil.test"
Headers = dict[str, str]


def create_scope(method: str, target: str, headers: list[tuple[str, str]]) -> Scope:
    """Return the ASGI scope of a request as hypercorn passes it to an application."""
    path, _, query = target.partition("?")
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {
        "type": "http", "method": method, "path": unquote(path), "raw_path": path.encode(),
        "query_string": query.encode(), "headers": encoded,
    }  # fmt: skip


def create_request(method: str, target: str, headers: Headers | list[tuple[str, str]]) -> Request:
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    return Request.from_scope(create_scope(method, target, pairs))


def create_page_request(method: str, target: str, headers: Headers) -> Request:
    return create_request(method, target, {"Host": f"127.0.0.1:{PORT}", "Origin": EVIL, **headers})


SERVICE = "AWSCognitoIdentityProviderService"
COGNITO = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{SERVICE}.SignUp"}
UPLOAD_FORM = {"Content-Type": "multipart/form-data; boundary=x"}
DATE = "20261101T120000Z"
PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=LOCAL0%2F20261101%2Fus-east-1%2Fs3%2Faws4_request"
    f"&X-Amz-Date={DATE}&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature=abc"
)
OBJECT = "/healthtech-profile-pics/pictures/1b2c3d4e-0000-4000-8000-000000000001/1-2"
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261101/us-east-1/lambda/aws4_request, "
    "SignedHeaders=host, Signature=abc"
}
SIGNED_FOR_S3 = {"Authorization": SIGNED["Authorization"].replace("/lambda/", "/s3/")}
TOKEN = {"Authorization": "Bearer eyJ"}
API = "/restapis/ab12cd34ef/dev/_user_request_/users/me"

# The first value is the service that MiniStack's router chooses. MiniStack checks for documents of user pools and for
# deployed APIs before it calls the router.
ALLOWED: dict[str, tuple[str, str, str, Headers]] = {
    "sign-up": ("cognito-idp", "POST", "/", COGNITO),
    "keys of a user pool": ("s3", "GET", "/us-east-1_Ab12/.well-known/jwks.json", {}),
    "configuration of a user pool": ("s3", "GET", "/us-east-1_Ab12/.well-known/openid-configuration", {}),
    "presigned download": ("s3", "GET", f"{OBJECT}?{PRESIGNED}", {}),
    "presigned download, response headers": ("s3", "GET", f"{OBJECT}?response-cache-control=x&{PRESIGNED}", {}),
    "presigned download, role of a function": ("s3", "GET", f"{OBJECT}?{PRESIGNED}&X-Amz-Security-Token=x", {}),
    "presigned upload": ("s3", "POST", "/healthtech-profile-pics", UPLOAD_FORM),
    "presigned upload, slash": ("s3", "POST", "/healthtech-profile-pics/", UPLOAD_FORM),
    "deployed API": ("apigateway", "GET", API, TOKEN),
    "deployed API, PUT": ("apigateway", "PUT", API, {**TOKEN, "Content-Type": "application/json"}),
    "deployed API, encoded id": ("apigateway", "GET", API.replace("me", "%6d%65"), TOKEN),
    "deployed API, preflight": ("apigateway", "OPTIONS", API, {"Access-Control-Request-Method": "PUT"}),
    "preflight of a download": ("s3", "OPTIONS", f"{OBJECT}?{PRESIGNED}", {"Access-Control-Request-Method": "GET"}),
    "preflight of an upload": (
        "s3", "OPTIONS", "/healthtech-profile-pics", {"Access-Control-Request-Method": "POST"},
    ),
}  # fmt: skip

REJECTED: dict[str, tuple[str, str, Headers]] = {
    # Signed operations, with any key.
    "CreateFunction": ("POST", "/2015-03-31/functions", {**SIGNED, "Content-Type": "text/plain"}),
    "Invoke": ("POST", "/2015-03-31/functions/x/invocations", SIGNED),
    "PutItem": ("POST", "/", {**SIGNED, "X-Amz-Target": "DynamoDB_20120810.PutItem"}),
    "ListBuckets": ("GET", "/", SIGNED),
    "PutObject": ("PUT", OBJECT, SIGNED),
    "deployed API, signed": ("GET", API, SIGNED),
    "management of APIs": ("GET", "/restapis", {}),
    "management of an API": ("DELETE", "/restapis/ab12cd34ef", {}),
    "AWS query protocol in the query": ("GET", "/?Action=CreateUser&UserName=x&Version=2010-05-08", {}),
    "AWS query protocol in the body": ("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}),
    # Endpoints of MiniStack itself.
    "reset": ("POST", "/_ministack/reset", {}),
    "mails": ("GET", "/_ministack/ses/messages", {}),
    "configuration": ("POST", "/_ministack/config", {"Content-Type": "text/plain"}),
    "code of a function": ("GET", "/_ministack/lambda-code/x", {}),
    "operation of the console": ("POST", "/_local/tokens", {"Content-Type": "text/plain"}),
    "operation of the console, with a token": ("POST", "/_local/tokens", {"Authorization": "Bearer secret"}),
    "health": ("GET", "/health", {}),
    "health as a form": ("POST", "/health", UPLOAD_FORM),
    # Cognito: other operations, and other forms of the same request.
    "AdminCreateUser": ("POST", "/", {**COGNITO, "X-Amz-Target": f"{SERVICE}.AdminCreateUser"}),
    "ListUsers": ("POST", "/", {**COGNITO, "X-Amz-Target": f"{SERVICE}.ListUsers"}),
    "identity pool": ("POST", "/", {**COGNITO, "X-Amz-Target": "AWSCognitoIdentityService.GetId"}),
    "operation of another service": ("POST", "/", {**COGNITO, "X-Amz-Target": "DynamoDB_20120810.SignUp"}),
    "target in other letters": ("POST", "/", {**COGNITO, "X-Amz-Target": COGNITO["X-Amz-Target"].lower()}),
    "operation in other letters": ("POST", "/", {**COGNITO, "X-Amz-Target": f"{SERVICE}.signup"}),
    "two targets in one": (
        "POST", "/", {**COGNITO, "X-Amz-Target": f"DynamoDB_20120810.Scan, {COGNITO['X-Amz-Target']}"},
    ),
    "operation with a suffix": ("POST", "/", {**COGNITO, "X-Amz-Target": f"{COGNITO['X-Amz-Target']}.ListUsers"}),
    "no target": ("POST", "/", {"Content-Type": "application/x-amz-json-1.1"}),
    "text/plain, which needs no preflight": ("POST", "/", {**COGNITO, "Content-Type": "text/plain"}),
    "form, which needs no preflight": ("POST", "/", {**COGNITO, "Content-Type": "application/x-www-form-urlencoded"}),
    "signed sign-up": ("POST", "/", {**COGNITO, **SIGNED}),
    "sign-up with a query": ("POST", "/?Action=ListUsers", COGNITO),
    "sign-up at another path": ("POST", "/2015-03-31/functions", COGNITO),
    "sign-up at two slashes": ("POST", "//", COGNITO),
    "sign-up at a dot": ("POST", "/.", COGNITO),
    "sign-up at an encoded dot": ("POST", "/%2e", COGNITO),
    "sign-up by GET": ("GET", "/", COGNITO),
    "hosted sign-in": ("GET", "/oauth2/authorize?client_id=x", {}),
    "form of the hosted sign-in": ("POST", "/login", UPLOAD_FORM),
    "OAuth token": ("POST", "/oauth2/token", {"Content-Type": "application/x-www-form-urlencoded"}),
    "keys of a user pool, with a target": ("GET", "/us-east-1_Ab12/.well-known/jwks.json", COGNITO),
    "keys of a user pool, with a query": ("GET", "/us-east-1_Ab12/.well-known/jwks.json?Action=ListUsers", {}),
    "keys of a user pool by POST": ("POST", "/us-east-1_Ab12/.well-known/jwks.json", UPLOAD_FORM),
    "another document": ("GET", "/us-east-1_Ab12/.well-known/other", {}),
    # S3: without a signature, for another service, or by other operations.
    "unsigned download": ("GET", OBJECT, {}),
    "list of objects": ("GET", "/healthtech-profile-pics", {}),
    "presigned list of objects": ("GET", f"/healthtech-profile-pics?{PRESIGNED}", {}),
    "presigned list of buckets": ("GET", f"/?{PRESIGNED}", {}),
    "presigned PUT": ("PUT", f"{OBJECT}?{PRESIGNED}", {}),
    "presigned DELETE": ("DELETE", f"{OBJECT}?{PRESIGNED}", {}),
    "presigned subresource": ("GET", f"{OBJECT}?acl=&{PRESIGNED}", {}),
    "presigned query protocol": ("GET", f"{OBJECT}?Action=ListUsers&{PRESIGNED}", {}),
    "presigned for another service": ("GET", f"{OBJECT}?{PRESIGNED.replace('%2Fs3%2F', '%2Flambda%2F')}", {}),
    "presigned by another algorithm": ("GET", f"{OBJECT}?{PRESIGNED.replace('HMAC', 'ECDSA-P256')}", {}),
    "presigned without a signature": ("GET", f"{OBJECT}?{PRESIGNED.removesuffix('abc')}", {}),
    "presigned without an algorithm": ("GET", f"{OBJECT}?{PRESIGNED.partition('&')[2]}", {}),
    "presigned twice": ("GET", f"{OBJECT}?{PRESIGNED}&X-Amz-Signature=def", {}),
    "presigned in lower case, too": ("GET", f"{OBJECT}?{PRESIGNED}&x-amz-credential=test", {}),
    "presigned in version 2": ("GET", f"{OBJECT}?AWSAccessKeyId=test&Signature=x&Expires=9999999999", {}),
    "presigned, with a target": ("GET", f"{OBJECT}?{PRESIGNED}", {"X-Amz-Target": "DynamoDB_20120810.Scan"}),
    "presigned, with an authorization": ("GET", f"{OBJECT}?{PRESIGNED}", SIGNED),
    "presigned, with a signed header": ("GET", f"{OBJECT}?{PRESIGNED}", SIGNED_FOR_S3),
    "presigned, with an unknown target": ("GET", f"{OBJECT}?{PRESIGNED}", {"X-Amz-Target": "x"}),
    "presigned path of Lambda": ("GET", f"/2015-03-31/functions/x?{PRESIGNED}", {}),
    "presigned path of APIs": ("GET", f"/restapis/ab12cd34ef?{PRESIGNED}", {}),
    "presigned path of the metadata service": ("GET", f"/latest/meta-data?{PRESIGNED}", {}),
    "presigned path of S3 Control": ("GET", f"/v20180820/x?{PRESIGNED}", {}),
    "presigned path of Iceberg": ("GET", f"/iceberg/x?{PRESIGNED}", {}),
    "presigned path of a bucket named like Iceberg": ("GET", f"/iceberg-data/x?{PRESIGNED}", {}),
    "presigned path of MiniStack": ("GET", f"/_ministack/health?{PRESIGNED}", {}),
    "presigned, two slashes": ("GET", f"/{OBJECT}?{PRESIGNED}", {}),
    "presigned, parent": ("GET", f"/healthtech-profile-pics/../_ministack/health?{PRESIGNED}", {}),
    "presigned, encoded parent": ("GET", f"/healthtech-profile-pics/%2e%2e/x?{PRESIGNED}", {}),
    "presigned, encoded slash": ("GET", f"/healthtech-profile-pics%2fx?{PRESIGNED}", {}),
    "upload as text/plain": ("POST", "/healthtech-profile-pics", {"Content-Type": "text/plain"}),
    "upload with a query": ("POST", "/healthtech-profile-pics?delete", UPLOAD_FORM),
    "upload at a key": ("POST", OBJECT, UPLOAD_FORM),
    "upload with a target": ("POST", "/healthtech-profile-pics", {**UPLOAD_FORM, **COGNITO, **UPLOAD_FORM}),
    "upload with an authorization": ("POST", "/healthtech-profile-pics", {**UPLOAD_FORM, **SIGNED}),
    "upload to a path of ECS": ("POST", "/clusters", UPLOAD_FORM),
    # Deployed APIs by their other addresses, and similar addresses.
    "LocalStack address of an API": ("GET", "/_aws/execute-api/ab12cd34ef/dev/users/me", {}),
    "URL of a function": ("GET", "/_aws/lambda-url/ab12/x", {}),
    "load balancer": ("GET", "/_alb/x", {}),
    "API without its mark": ("GET", "/restapis/ab12cd34ef/dev/users/me", {}),
    "API with an encoded mark": ("GET", "/restapis/ab12cd34ef/dev/_user_request%5f/users/me", {}),
    "API with an encoded slash": ("GET", "/restapis/ab12cd34ef%2fdev/_user_request_/users/me", {}),
    "API after two slashes": ("GET", f"/{API}", {}),
    "API of another address": ("GET", f"http://127.0.0.1:{PORT}{API}", {}),
    # Preflights of rejected requests.
    "preflight of CreateFunction": ("OPTIONS", "/2015-03-31/functions", {"Access-Control-Request-Method": "POST"}),
    "preflight of reset": ("OPTIONS", "/_ministack/reset", {"Access-Control-Request-Method": "POST"}),
    "preflight of ListBuckets": ("OPTIONS", "/", {"Access-Control-Request-Method": "GET"}),
    "preflight of PutObject": ("OPTIONS", OBJECT, {"Access-Control-Request-Method": "PUT"}),
    "preflight of an unsigned download": ("OPTIONS", OBJECT, {"Access-Control-Request-Method": "GET"}),
    "preflight of CreateBucket": ("OPTIONS", "/healthtech-profile-pics", {"Access-Control-Request-Method": "PUT"}),
    "OPTIONS, no preflight": ("OPTIONS", "/", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", ALLOWED)
def test_page_may_send_allowed_request(name: str) -> None:
    _, method, target, headers = ALLOWED[name]
    assert is_allowed(create_page_request(method, target, headers))


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed_request_reaches_the_expected_service(name: str) -> None:
    service, method, target, headers = ALLOWED[name]
    request = create_page_request(method, target, headers)
    single_headers = {name: request.header(name) for name in request.headers}
    assert detect_service(method, unquote(request.path), single_headers, {}) == service


@pytest.mark.parametrize("name", REJECTED)
def test_page_may_not_send_rejected_request(name: str) -> None:
    method, target, headers = REJECTED[name]
    assert not is_allowed(create_page_request(method, target, headers))


@pytest.mark.parametrize("operation", sorted(PUBLIC_COGNITO_OPERATIONS))
def test_page_may_call_public_cognito_operation(operation: str) -> None:
    headers = {**COGNITO, "X-Amz-Target": f"{SERVICE}.{operation}"}
    assert is_allowed(create_page_request("POST", "/", headers))


def test_public_cognito_operations_are_the_unsigned_ones() -> None:
    model = Session().get_service_model("cognito-idp")
    unsigned = {name for name in model.operation_names if model.operation_model(name).auth_type == "none"}
    assert unsigned == PUBLIC_COGNITO_OPERATIONS


HOST_HEADER = ("Host", f"127.0.0.1:{PORT}")
PAGE_HEADERS = {
    "an origin": [("Origin", EVIL)],
    "a sandboxed frame or a file": [("Origin", "null")],
    "an empty origin": [("Origin", "")],
    "two origins": [("Origin", EVIL), ("Origin", f"http://127.0.0.1:{PORT}")],
    "a page of the embedded AWS itself": [("Origin", f"http://127.0.0.1:{PORT}")],
    "an image of another site": [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
    "an image of another port": [("Sec-Fetch-Site", "same-site")],
    "an image of the same origin": [("Sec-Fetch-Site", "same-origin")],
    "an unknown kind of site": [("Sec-Fetch-Site", "")],
    "a contradiction": [("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "cross-site")],
    "an image in an old browser": [("Referer", f"{EVIL}/")],
}


@pytest.mark.parametrize("name", PAGE_HEADERS)
def test_request_with_headers_of_a_page_is_rejected(name: str) -> None:
    assert not is_allowed(create_request("GET", "/_ministack/ses/messages", [HOST_HEADER, *PAGE_HEADERS[name]]))


@pytest.mark.parametrize("headers", [{}, {"User-Agent": "curl/8"}, {"Sec-Fetch-Site": "none"}])
def test_request_of_a_script_is_allowed(headers: Headers) -> None:
    rejected = [
        name
        for name, (method, target, own_headers) in REJECTED.items()
        if not is_allowed(create_request(method, target, {**headers, **own_headers}))
    ]
    assert rejected == []


@pytest.mark.parametrize("name", ["X-Amz-Target", "Content-Type", "Origin", "Anything"])
def test_repeated_header_of_a_page_is_rejected(name: str) -> None:
    headers = {"Origin": EVIL, "Anything": "x", **COGNITO}
    repeated = [HOST_HEADER, *headers.items(), (name.lower(), headers[name])]
    assert is_allowed(create_request("POST", "/", [HOST_HEADER, *headers.items()]))
    assert not is_allowed(create_request("POST", "/", repeated))


Messages = list[dict[str, Any]]


def get_response(scope: Scope) -> tuple[int, dict[bytes, bytes]]:
    """Return status and headers of the guard's response; 200 is the response of the guarded application."""
    messages: Messages = []

    async def application(_: Scope, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    asyncio.run(OriginGuard(application, PORT)(scope, None, send))
    return messages[0]["status"], dict(messages[0]["headers"])


def test_guard_passes_an_allowed_request() -> None:
    assert get_response(create_scope("POST", "/", [HOST_HEADER, ("Origin", EVIL), *COGNITO.items()]))[0] == 200


def test_guard_rejects_without_cors_headers() -> None:
    status, headers = get_response(create_scope("POST", "/_ministack/reset", [HOST_HEADER, ("Origin", EVIL)]))
    assert status == 403
    assert not [name for name in headers if name.lower().startswith(b"access-control")]


def test_guard_responds_to_the_preflight_of_cognito() -> None:
    preflight = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "x-amz-target")]
    status, headers = get_response(create_scope("OPTIONS", "/", [HOST_HEADER, ("Origin", EVIL), *preflight]))
    assert (status, headers[b"Access-Control-Allow-Origin"]) == (204, b"*")
    assert headers[b"Access-Control-Allow-Methods"] == b"POST"


@pytest.mark.parametrize("target", ["/x", "//", "/?Action=x"])
def test_preflight_of_another_path_is_not_of_cognito(target: str) -> None:
    assert not is_cognito_preflight(create_page_request("OPTIONS", target, {"Access-Control-Request-Method": "POST"}))


def test_guard_rejects_websockets() -> None:
    messages: Messages = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    async def application(*_: Any) -> None:
        raise AssertionError("the application was called")

    asyncio.run(OriginGuard(application, PORT)({"type": "websocket"}, None, send))
    assert messages == [{"type": "websocket.close"}]


@pytest.mark.parametrize(
    ("hosts", "status"), [([f"localhost:{PORT}"], 200), ([f"evil.test:{PORT}"], 421), ([], 400), (["192.0.2.1"], 421)]
)
def test_guard_accepts_loopback_hosts_only(hosts: list[str], status: int) -> None:
    assert get_response(create_scope("GET", "/", [("Host", host) for host in hosts]))[0] == status
