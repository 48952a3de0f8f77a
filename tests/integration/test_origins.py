"""Pages and the embedded AWS, over HTTP. tests/unit/test_origin_guard.py lists what a page may send."""

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

PAGE = {"Origin": "https://evil.test"}
PREFLIGHT = {**PAGE, "Access-Control-Request-Method": "POST"}
COGNITO = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"}
TIMEOUT = 20


def submit(signed: SignedRequest, headers: dict[str, str]) -> requests.Response:
    return requests.request(
        signed.method, signed.url, data=signed.body, headers={**signed.headers, **headers}, timeout=TIMEOUT
    )


@pytest.fixture(params=["the documented key", "the run's own key"])
def key(run: RunningStack, request: pytest.FixtureRequest) -> AccessKey:
    return DOCUMENTED_KEY if request.param == "the documented key" else run.outputs.access_key


@pytest.mark.parametrize("in_query", [False, True])
def test_script_creates_and_invokes_a_function(run: RunningStack, in_query: bool) -> None:
    """What the attacks below lack is not a valid signature."""
    assert submit(create_function(run.outputs, run.outputs.access_key, in_query=in_query), {}).status_code == 201
    try:
        assert submit(invoke_function(run.outputs, run.outputs.access_key), {}).json() == "run"
    finally:
        emulator_client("lambda", run.outputs).delete_function(FunctionName=FUNCTION_NAME)


@pytest.mark.parametrize("in_query", [False, True])
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://localhost:3000"])
def test_page_creates_no_function(run: RunningStack, key: AccessKey, in_query: bool, origin: str) -> None:
    refused = submit(create_function(run.outputs, key, in_query=in_query), {"Origin": origin})
    assert (refused.status_code, has_function(run.outputs)) == (403, False)
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_page_invokes_no_function(run: RunningStack, key: AccessKey) -> None:
    assert submit(invoke_function(run.outputs, key), PAGE).status_code == 403


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
    "headers", [PAGE, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
def test_page_reaches_nothing_of_the_emulator(
    run: RunningStack, method: str, path: str, headers: dict[str, str]
) -> None:
    form = {**headers, "Content-Type": "text/plain"}
    answer = requests.request(method, run.outputs.aws_endpoint_url + path, data="{}", headers=form, timeout=TIMEOUT)
    assert answer.status_code == 403
    assert emulator_client("cognito-idp", run.outputs).list_users(UserPoolId=run.outputs.user_pool_id)["Users"]


@pytest.mark.parametrize("path", ["/2015-03-31/functions", "/_ministack/reset", "/healthtech-profile-pics/uploads/x"])
def test_preflight_of_a_refused_request_has_no_cors_headers(run: RunningStack, path: str) -> None:
    answer = requests.options(run.outputs.aws_endpoint_url + path, headers=PREFLIGHT, timeout=TIMEOUT)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_page_opens_no_websocket(run: RunningStack) -> None:
    headers = {
        **PAGE, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }  # fmt: skip
    url = f"{run.outputs.aws_endpoint_url}/_aws/execute-api/ab12cd34/dev"
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
def test_embedded_aws_answers_to_hosts_of_this_machine_only(run: RunningStack, lines: str, status: int) -> None:
    port = urlsplit(run.outputs.aws_endpoint_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as connection:
        connection.sendall(f"GET /_ministack/health {lines.format(port=port)}\r\n\r\n".encode())
        assert connection.makefile("rb").readline().split()[1] == str(status).encode()


def test_page_may_call_cognito(run: RunningStack) -> None:
    url = run.outputs.aws_endpoint_url + "/"
    wanted = {**PREFLIGHT, "Access-Control-Request-Headers": "content-type,x-amz-target,x-amz-user-agent"}
    preflight = requests.options(url, headers=wanted, timeout=TIMEOUT)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")
    form = {"ClientId": run.outputs.user_pool_client_id, "Username": generate_email(), "Password": "short"}
    answer = requests.post(url, json=form, headers={**PAGE, **COGNITO}, timeout=TIMEOUT)
    assert (answer.status_code, answer.json()["__type"]) == (400, "InvalidPasswordException")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("name", ["jwks.json", "openid-configuration"])
def test_page_may_read_what_a_pool_publishes(run: RunningStack, name: str) -> None:
    url = f"{run.outputs.aws_endpoint_url}/{run.outputs.user_pool_id}/.well-known/{name}"
    answer = requests.get(url, headers=PAGE, timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


@pytest.fixture
def user(new_user: Callable[..., User]) -> User:
    return new_user()


def test_page_may_upload_a_picture_and_load_it(user: User) -> None:
    upload = create_upload(user).body
    preflight = requests.options(upload["url"], headers=PREFLIGHT, timeout=TIMEOUT)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (200, "*")
    set_picture(user, upload_file(user))
    url = get_link(user).body["url"]
    answer = requests.get(url, headers=PAGE, timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    image = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert requests.get(url, headers=image, timeout=TIMEOUT).content == answer.content


def test_page_may_not_upload_without_the_form_s_signature(user: User) -> None:
    upload = create_upload(user).body
    unsigned = {"key": upload["fields"]["key"], "Content-Type": "image/jpeg"}
    assert post_form({**upload, "fields": unsigned}, b"x").status_code == 403
    forged = {**upload["fields"], "x-amz-signature": "0" * 64}
    assert post_form({**upload, "fields": forged}, b"x").status_code == 403
