"""What a page may ask of the embedded AWS, as tables: read them as the specification."""

import asyncio
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.session import Session
from ministack.core.router import detect_service

from local.origin_guard import PUBLIC_COGNITO_OPERATIONS, OriginGuard, Request, Scope, is_allowed, is_cognito_preflight

PORT = 4566
EVIL = "https://evil.test"
Headers = dict[str, str]


def scope(method: str, target: str, headers: list[tuple[str, str]]) -> Scope:
    """A request as hypercorn passes it on."""
    path, _, query = target.partition("?")
    encoded = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    return {
        "type": "http", "method": method, "path": unquote(path), "raw_path": path.encode(),
        "query_string": query.encode(), "headers": encoded,
    }  # fmt: skip


def request(method: str, target: str, headers: Headers | list[tuple[str, str]]) -> Request:
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    return Request.from_scope(scope(method, target, pairs))


def from_page(method: str, target: str, headers: Headers) -> Request:
    return request(method, target, {"Host": f"127.0.0.1:{PORT}", "Origin": EVIL, **headers})


SERVICE = "AWSCognitoIdentityProviderService"
COGNITO = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{SERVICE}.SignUp"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
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

# What MiniStack's router takes each for. It looks for a pool's documents and deployed APIs before it asks the router.
ALLOWED: dict[str, tuple[str, str, str, Headers]] = {
    "sign-up": ("cognito-idp", "POST", "/", COGNITO),
    "pool's keys": ("s3", "GET", "/us-east-1_Ab12/.well-known/jwks.json", {}),
    "pool's configuration": ("s3", "GET", "/us-east-1_Ab12/.well-known/openid-configuration", {}),
    "presigned download": ("s3", "GET", f"{OBJECT}?{PRESIGNED}", {}),
    "presigned download, response's headers": ("s3", "GET", f"{OBJECT}?response-cache-control=x&{PRESIGNED}", {}),
    "presigned download, function's role": ("s3", "GET", f"{OBJECT}?{PRESIGNED}&X-Amz-Security-Token=x", {}),
    "presigned upload": ("s3", "POST", "/healthtech-profile-pics", FORM),
    "presigned upload, slash": ("s3", "POST", "/healthtech-profile-pics/", FORM),
    "deployed API": ("apigateway", "GET", API, TOKEN),
    "deployed API, PUT": ("apigateway", "PUT", API, {**TOKEN, "Content-Type": "application/json"}),
    "deployed API, encoded id": ("apigateway", "GET", API.replace("me", "%6d%65"), TOKEN),
    "deployed API, preflight": ("apigateway", "OPTIONS", API, {"Access-Control-Request-Method": "PUT"}),
    "preflight of a download": ("s3", "OPTIONS", f"{OBJECT}?{PRESIGNED}", {"Access-Control-Request-Method": "GET"}),
    "preflight of an upload": (
        "s3", "OPTIONS", "/healthtech-profile-pics", {"Access-Control-Request-Method": "POST"},
    ),
}  # fmt: skip

REFUSED: dict[str, tuple[str, str, Headers]] = {
    # Signed operations, with any key.
    "CreateFunction": ("POST", "/2015-03-31/functions", {**SIGNED, "Content-Type": "text/plain"}),
    "Invoke": ("POST", "/2015-03-31/functions/x/invocations", SIGNED),
    "PutItem": ("POST", "/", {**SIGNED, "X-Amz-Target": "DynamoDB_20120810.PutItem"}),
    "ListBuckets": ("GET", "/", SIGNED),
    "PutObject": ("PUT", OBJECT, SIGNED),
    "deployed API, signed": ("GET", API, SIGNED),
    "management of APIs": ("GET", "/restapis", {}),
    "management of an API": ("DELETE", "/restapis/ab12cd34ef", {}),
    "AWS's query protocol in the query": ("GET", "/?Action=CreateUser&UserName=x&Version=2010-05-08", {}),
    "AWS's query protocol in the body": ("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}),
    # MiniStack's own.
    "reset": ("POST", "/_ministack/reset", {}),
    "mails": ("GET", "/_ministack/ses/messages", {}),
    "configuration": ("POST", "/_ministack/config", {"Content-Type": "text/plain"}),
    "code of a function": ("GET", "/_ministack/lambda-code/x", {}),
    "health": ("GET", "/health", {}),
    "health as a form": ("POST", "/health", FORM),
    # Cognito: other operations, and other ways to the same.
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
    "hosted sign-in's form": ("POST", "/login", FORM),
    "OAuth token": ("POST", "/oauth2/token", {"Content-Type": "application/x-www-form-urlencoded"}),
    "pool's keys, with a target": ("GET", "/us-east-1_Ab12/.well-known/jwks.json", COGNITO),
    "pool's keys, with a query": ("GET", "/us-east-1_Ab12/.well-known/jwks.json?Action=ListUsers", {}),
    "pool's keys by POST": ("POST", "/us-east-1_Ab12/.well-known/jwks.json", FORM),
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
    "presigned path of a bucket like Iceberg's": ("GET", f"/iceberg-data/x?{PRESIGNED}", {}),
    "presigned path of MiniStack": ("GET", f"/_ministack/health?{PRESIGNED}", {}),
    "presigned, two slashes": ("GET", f"/{OBJECT}?{PRESIGNED}", {}),
    "presigned, parent": ("GET", f"/healthtech-profile-pics/../_ministack/health?{PRESIGNED}", {}),
    "presigned, encoded parent": ("GET", f"/healthtech-profile-pics/%2e%2e/x?{PRESIGNED}", {}),
    "presigned, encoded slash": ("GET", f"/healthtech-profile-pics%2fx?{PRESIGNED}", {}),
    "upload as text/plain": ("POST", "/healthtech-profile-pics", {"Content-Type": "text/plain"}),
    "upload with a query": ("POST", "/healthtech-profile-pics?delete", FORM),
    "upload at a key": ("POST", OBJECT, FORM),
    "upload with a target": ("POST", "/healthtech-profile-pics", {**FORM, **COGNITO, **FORM}),
    "upload with an authorization": ("POST", "/healthtech-profile-pics", {**FORM, **SIGNED}),
    "upload to a path of ECS": ("POST", "/clusters", FORM),
    # Deployed APIs by their other addresses, and what only looks like one.
    "API's LocalStack address": ("GET", "/_aws/execute-api/ab12cd34ef/dev/users/me", {}),
    "function's URL": ("GET", "/_aws/lambda-url/ab12/x", {}),
    "load balancer": ("GET", "/_alb/x", {}),
    "API without its mark": ("GET", "/restapis/ab12cd34ef/dev/users/me", {}),
    "API with an encoded mark": ("GET", "/restapis/ab12cd34ef/dev/_user_request%5f/users/me", {}),
    "API with an encoded slash": ("GET", "/restapis/ab12cd34ef%2fdev/_user_request_/users/me", {}),
    "API after two slashes": ("GET", f"/{API}", {}),
    "API of another address": ("GET", f"http://127.0.0.1:{PORT}{API}", {}),
    # Preflights of what is refused.
    "preflight of CreateFunction": ("OPTIONS", "/2015-03-31/functions", {"Access-Control-Request-Method": "POST"}),
    "preflight of reset": ("OPTIONS", "/_ministack/reset", {"Access-Control-Request-Method": "POST"}),
    "preflight of ListBuckets": ("OPTIONS", "/", {"Access-Control-Request-Method": "GET"}),
    "preflight of PutObject": ("OPTIONS", OBJECT, {"Access-Control-Request-Method": "PUT"}),
    "preflight of an unsigned download": ("OPTIONS", OBJECT, {"Access-Control-Request-Method": "GET"}),
    "preflight of CreateBucket": ("OPTIONS", "/healthtech-profile-pics", {"Access-Control-Request-Method": "PUT"}),
    "OPTIONS, no preflight": ("OPTIONS", "/", {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", ALLOWED)
def test_page_may_send(kind: str) -> None:
    _, method, target, headers = ALLOWED[kind]
    assert is_allowed(from_page(method, target, headers))


@pytest.mark.parametrize("kind", ALLOWED)
def test_emulator_routes_what_a_page_may_send(kind: str) -> None:
    service, method, target, headers = ALLOWED[kind]
    asked = from_page(method, target, headers)
    told = {name: asked.header(name) for name in asked.headers}
    assert detect_service(method, unquote(asked.path), told, {}) == service


@pytest.mark.parametrize("kind", REFUSED)
def test_page_may_not_send(kind: str) -> None:
    method, target, headers = REFUSED[kind]
    assert not is_allowed(from_page(method, target, headers))


@pytest.mark.parametrize("operation", sorted(PUBLIC_COGNITO_OPERATIONS))
def test_page_may_call_public_cognito_operation(operation: str) -> None:
    headers = {**COGNITO, "X-Amz-Target": f"{SERVICE}.{operation}"}
    assert is_allowed(from_page("POST", "/", headers))


def test_public_cognito_operations_are_those_of_aws() -> None:
    model = Session().get_service_model("cognito-idp")
    unsigned = {name for name in model.operation_names if model.operation_model(name).auth_type == "none"}
    assert unsigned == PUBLIC_COGNITO_OPERATIONS


HOST = ("Host", f"127.0.0.1:{PORT}")
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


@pytest.mark.parametrize("kind", PAGE_HEADERS)
def test_request_of_a_page_is_recognized(kind: str) -> None:
    assert not is_allowed(request("GET", "/_ministack/ses/messages", [HOST, *PAGE_HEADERS[kind]]))


@pytest.mark.parametrize("headers", [{}, {"User-Agent": "curl/8"}, {"Sec-Fetch-Site": "none"}])
@pytest.mark.parametrize("kind", REFUSED)
def test_request_of_a_script_is_not_limited(kind: str, headers: Headers) -> None:
    method, target, others = REFUSED[kind]
    assert is_allowed(request(method, target, {**headers, **others}))


@pytest.mark.parametrize("name", ["X-Amz-Target", "Content-Type", "Origin", "Anything"])
def test_repeated_header_of_a_page_is_refused(name: str) -> None:
    headers = {"Origin": EVIL, "Anything": "x", **COGNITO}
    twice = [HOST, *headers.items(), (name.lower(), headers[name])]
    assert is_allowed(request("POST", "/", [HOST, *headers.items()]))
    assert not is_allowed(request("POST", "/", twice))


Sent = list[dict[str, Any]]


def answer(asked: Scope) -> tuple[int, dict[bytes, bytes]]:
    """What the guard answers; 200 is what it hands on to."""
    sent: Sent = []

    async def application(_: Scope, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(OriginGuard(application, PORT)(asked, None, send))
    return sent[0]["status"], dict(sent[0]["headers"])


def test_guard_hands_on_what_is_allowed() -> None:
    assert answer(scope("POST", "/", [HOST, ("Origin", EVIL), *COGNITO.items()]))[0] == 200


def test_guard_refuses_the_rest_without_cors_headers() -> None:
    status, headers = answer(scope("POST", "/_ministack/reset", [HOST, ("Origin", EVIL)]))
    assert status == 403
    assert not [name for name in headers if name.lower().startswith(b"access-control")]


def test_guard_answers_the_preflight_of_cognito() -> None:
    preflight = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "x-amz-target")]
    status, headers = answer(scope("OPTIONS", "/", [HOST, ("Origin", EVIL), *preflight]))
    assert (status, headers[b"Access-Control-Allow-Origin"]) == (204, b"*")
    assert headers[b"Access-Control-Allow-Methods"] == b"POST"


@pytest.mark.parametrize("target", ["/x", "//", "/?Action=x"])
def test_preflight_elsewhere_is_not_cognito_s(target: str) -> None:
    assert not is_cognito_preflight(from_page("OPTIONS", target, {"Access-Control-Request-Method": "POST"}))


def test_guard_refuses_websockets() -> None:
    sent: Sent = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def application(*_: Any) -> None:
        raise AssertionError("reached")

    asyncio.run(OriginGuard(application, PORT)({"type": "websocket"}, None, send))
    assert sent == [{"type": "websocket.close"}]


@pytest.mark.parametrize(
    ("hosts", "status"), [([f"localhost:{PORT}"], 200), ([f"evil.test:{PORT}"], 421), ([], 400), (["192.0.2.1"], 421)]
)
def test_guard_answers_to_hosts_of_this_machine_only(hosts: list[str], status: int) -> None:
    assert answer(scope("GET", "/", [("Host", host) for host in hosts]))[0] == status
