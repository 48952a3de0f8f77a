"""The HTTP server of the console, without a stack behind it."""

import http.client
import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local.console_operations_client import OperationFailed
from local.ports import allocate_port
from local.web_console.change_feed import ChangeFeed
from local.web_console.replies import ConsoleRequest, Reply, RequestRejected, to_json_reply
from local.web_console.request_guard import TOKEN_HEADER
from local.web_console.server import ConsoleHttpServer

ERRORS: dict[str, Exception] = {
    "/data/rejected": RequestRejected("No.", HTTPStatus.NOT_FOUND),
    "/data/operation": OperationFailed("The user is disabled."),
    "/data/client": ClientError({"Error": {"Code": "Code", "Message": "Text"}}, "Operation"),
    "/data/down": EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    "/data/failure": KeyError("unexpected"),
}


def respond(request: ConsoleRequest) -> Reply:
    if request.path in ERRORS:
        raise ERRORS[request.path]
    return to_json_reply({"method": request.method, "query": request.query, "body": request.body.decode()})


class Response(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleHttpServer]:
    feed = ChangeFeed()
    server = ConsoleHttpServer(allocate_port(), feed, tmp_path_factory.mktemp("console") / "console.log")
    server.endpoints = SimpleNamespace(respond=respond)  # type: ignore[assignment]
    server.api_url = "http://127.0.0.1:8000"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    feed.close()
    server.shutdown()
    server.server_close()
    thread.join()


def send(server: ConsoleHttpServer, method: str, path: str, body: str | None = None, **headers: str) -> Response:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    received = connection.getresponse()
    response = Response(received.status, received.headers, received.read())
    connection.close()
    return response


def send_with_token(server: ConsoleHttpServer, method: str, path: str, body: str | None = None) -> Response:
    return send(server, method, path, body, **{TOKEN_HEADER: server.guard.token})


def test_server_listens_on_this_machine_only(server: ConsoleHttpServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_page_contains_the_token(server: ConsoleHttpServer) -> None:
    page = send(server, "GET", "/")
    assert page.status == 200
    assert server.guard.token in page.body.decode()
    assert "{{" not in page.body.decode()


@pytest.mark.parametrize("path", ["/", "/ui/main.js", "/data/users", "/data/rejected", "/nothing"])
def test_every_response_has_the_security_headers(server: ConsoleHttpServer, path: str) -> None:
    headers = send(server, "GET", path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_viewer_may_also_call_the_api(server: ConsoleHttpServer) -> None:
    policy = send(server, "GET", "/ui/api_viewer.html").headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:8000" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    "path",
    [
        "/ui/index.html",
        "/ui/",
        "/ui/../config.py",
        "/ui/..%2fconfig.py",
        "/ui//etc/passwd",
        "/ui/%2e%2e/stack.py",
        "/swagger/../../__init__.py",
        "/swagger/other.js",
    ],
)
def test_no_other_file_is_served(server: ConsoleHttpServer, path: str) -> None:
    assert send(server, "GET", path).status == 404


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/data/rejected", 404, "No."),
        ("/data/operation", 409, "The user is disabled."),
        ("/data/client", 409, "Code: Text"),
        ("/data/down", 502, "The API or the embedded AWS does not respond."),
        ("/data/failure", 500, "The console has failed. The reason is in console.log."),
    ],
)
def test_error_has_a_message_for_the_page(server: ConsoleHttpServer, path: str, status: int, message: str) -> None:
    response = send(server, "GET", path)
    assert (response.status, json.loads(response.body)) == (status, {"message": message})


def test_write_with_the_token_reaches_the_endpoint(server: ConsoleHttpServer) -> None:
    response = send_with_token(server, "POST", "/data/users?a=1", '{"state": "confirmed"}')
    assert json.loads(response.body) == {"method": "POST", "query": "a=1", "body": '{"state": "confirmed"}'}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_write_without_the_token_is_rejected(server: ConsoleHttpServer, method: str) -> None:
    response = send(server, method, "/data/users", "{}")
    assert (response.status, response.headers["Connection"]) == (403, "close")


def test_write_outside_the_data_is_rejected(server: ConsoleHttpServer) -> None:
    assert send_with_token(server, "POST", "/").status == 405


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}]
)
@pytest.mark.parametrize("path", ["/data/users", "/events", "/ui/main.js", "/"])
def test_other_page_reads_nothing(server: ConsoleHttpServer, path: str, headers: dict[str, str]) -> None:
    assert send(server, "GET", path, **headers).status == 403


def test_rebinding_page_is_rejected(server: ConsoleHttpServer) -> None:
    assert send(server, "GET", "/", Host=f"evil.example:{server.server_port}").status == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Length": "x"}, 411),
        ({"Transfer_Encoding": "chunked"}, 411),
        ({"Content_Length": str(2**40)}, 413),
    ],
)
def test_malformed_length_is_rejected(server: ConsoleHttpServer, headers: dict[str, str], status: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.putrequest("POST", "/data/users")
    for name, value in {**headers, TOKEN_HEADER: server.guard.token}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


def test_head_has_no_body(server: ConsoleHttpServer) -> None:
    response = send(server, "HEAD", "/")
    assert (response.status, response.body) == (200, b"")


def test_changes_are_sent_as_events(server: ConsoleHttpServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.request("GET", "/events")
    response = connection.getresponse()
    assert response.headers["Content-Type"] == "text/event-stream"
    lines = [response.readline().decode().strip() for _ in range(4)]
    assert lines == ["retry: 1000", "event: run", f"data: {server.guard.token}", ""]
    timer = threading.Timer(0.05, lambda: server.feed.publish("mail", "users"))
    timer.start()
    assert read_event(response) == ["mail", "users"]
    connection.close()


def read_event(response: http.client.HTTPResponse) -> Any:
    return json.loads(response.readline().decode().removeprefix("data: "))
