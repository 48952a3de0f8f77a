"""Requests of web pages to the embedded AWS, over HTTP.

tests/unit/local/test_origin_guard.py lists all requests that a page may send.
"""

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from local.config import AccessKey
from local.emulator_clients import emulator_client
from tests.support.attack import (
    DOCUMENTED_KEY,
    FUNCTION_NAME,
    SignedRequest,
    create_function,
    has_function,
    invoke_function,
)
from tests.support.picture_client import create_upload, get_link, post_form, set_picture, upload_file
from tests.support.stack import RunningStack
from tests.support.users import User, generate_email

PAGE_HEADERS = {"Origin": "https://evil.test"}
PREFLIGHT_HEADERS = {**PAGE_HEADERS, "Access-Control-Request-Method": "POST"}
COGNITO_HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp",
}
TIMEOUT = 20


def send_signed(signed: SignedRequest, headers: dict[str, str]) -> requests.Response:
    return requests.request(
        signed.method, signed.url, data=signed.body, headers={**signed.headers, **headers}, timeout=TIMEOUT
    )


@pytest.fixture(params=["the documented key", "the run's own key"])
def key(stack: RunningStack, request: pytest.FixtureRequest) -> AccessKey:
    return DOCUMENTED_KEY if request.param == "the documented key" else stack.outputs.access_key


@pytest.mark.parametrize("in_query", [False, True])
def test_script_can_create_and_invoke_a_function(stack: RunningStack, in_query: bool) -> None:
    """The signatures of the attacks below are valid."""
    assert (
        send_signed(create_function(stack.outputs, stack.outputs.access_key, in_query=in_query), {}).status_code == 201
    )
    try:
        assert send_signed(invoke_function(stack.outputs, stack.outputs.access_key), {}).json() == "run"
    finally:
        emulator_client("lambda", stack.outputs).delete_function(FunctionName=FUNCTION_NAME)


@pytest.mark.parametrize("in_query", [False, True])
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost:3000"])
def test_page_cannot_create_a_function(stack: RunningStack, key: AccessKey, in_query: bool, origin: str) -> None:
    response = send_signed(create_function(stack.outputs, key, in_query=in_query), {"Origin": origin})
    assert (response.status_code, has_function(stack.outputs)) == (403, False)
    assert "Access-Control-Allow-Origin" not in response.headers


def test_page_cannot_invoke_a_function(stack: RunningStack, key: AccessKey) -> None:
    assert send_signed(invoke_function(stack.outputs, key), PAGE_HEADERS).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_ministack/health"),
        ("GET", "/"),
        ("PUT", "/planted-bucket"),
    ],
)
@pytest.mark.parametrize(
    "headers", [PAGE_HEADERS, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
def test_page_cannot_call_the_emulator(stack: RunningStack, method: str, path: str, headers: dict[str, str]) -> None:
    plain_text = {**headers, "Content-Type": "text/plain"}
    response = requests.request(
        method, stack.outputs.aws_endpoint_url + path, data="{}", headers=plain_text, timeout=TIMEOUT
    )
    assert response.status_code == 403
    assert emulator_client("cognito-idp", stack.outputs).list_users(UserPoolId=stack.outputs.user_pool_id)["Users"]


@pytest.mark.parametrize("path", ["/2015-03-31/functions", "/_ministack/reset", "/healthtech-profile-pics/uploads/x"])
def test_preflight_of_a_forbidden_request_has_no_cors_headers(stack: RunningStack, path: str) -> None:
    response = requests.options(stack.outputs.aws_endpoint_url + path, headers=PREFLIGHT_HEADERS, timeout=TIMEOUT)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_page_cannot_open_a_websocket(stack: RunningStack) -> None:
    headers = {
        **PAGE_HEADERS, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    url = f"{stack.outputs.aws_endpoint_url}/_aws/execute-api/ab12cd34/dev"
    assert requests.get(url, headers=headers, timeout=TIMEOUT).status_code == 403


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("HTTP/1.1\r\nHost: evil.test:{port}", 421),
        ("HTTP/1.1\r\nHost: bucket.localhost:{port}", 421),
        ("HTTP/1.1\r\nHost: 127.0.0.1", 421),
        ("HTTP/1.0", 400),
        ("HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nHost: evil.test:{port}", 400),
        ("HTTP/1.1\r\nHost: localhost:{port}", 200),
    ],
)
def test_embedded_aws_accepts_only_hosts_of_this_machine(stack: RunningStack, lines: str, status: int) -> None:
    port = urlsplit(stack.outputs.aws_endpoint_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        connection.sendall(f"GET /_ministack/health {lines.format(port=port)}\r\n\r\n".encode())
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()


def test_page_can_call_cognito(stack: RunningStack) -> None:
    url = stack.outputs.aws_endpoint_url + "/"
    headers = {**PREFLIGHT_HEADERS, "Access-Control-Request-Headers": "content-type,x-amz-target,x-amz-user-agent"}
    preflight = requests.options(url, headers=headers, timeout=TIMEOUT)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")
    parameters = {"ClientId": stack.outputs.user_pool_client_id, "Username": generate_email(), "Password": "short"}
    response = requests.post(url, json=parameters, headers={**PAGE_HEADERS, **COGNITO_HEADERS}, timeout=TIMEOUT)
    assert (response.status_code, response.json()["__type"]) == (400, "InvalidPasswordException")
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("name", ["jwks.json", "openid-configuration"])
def test_page_can_read_public_files_of_the_user_pool(stack: RunningStack, name: str) -> None:
    url = f"{stack.outputs.aws_endpoint_url}/{stack.outputs.user_pool_id}/.well-known/{name}"
    response = requests.get(url, headers=PAGE_HEADERS, timeout=TIMEOUT)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.fixture
def user(signed_up_user: Callable[..., User]) -> User:
    return signed_up_user()


def test_page_can_upload_a_picture_and_load_it(user: User) -> None:
    form = create_upload(user).body
    preflight = requests.options(form["url"], headers=PREFLIGHT_HEADERS, timeout=TIMEOUT)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, "*")
    set_picture(user, upload_file(user))
    url = get_link(user).body["url"]
    response = requests.get(url, headers=PAGE_HEADERS, timeout=TIMEOUT)
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, "*")
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert requests.get(url, headers=image, timeout=TIMEOUT).content == response.content


def test_upload_without_a_valid_signature_is_rejected(user: User) -> None:
    form = create_upload(user).body
    unsigned = {"key": form["fields"]["key"], "Content-Type": "image/jpeg"}
    assert post_form({**form, "fields": unsigned}, b"x").status_code == 403
    forged = {**form["fields"], "x-amz-signature": "0" * 64}
    assert post_form({**form, "fields": forged}, b"x").status_code == 403
