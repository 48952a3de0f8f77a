"""Requests to `chalice local` at the level of sockets, including malformed ones."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.data import MEBIBYTE, PROFILE_BODY
from tests.support.stack import RunningStack
from tests.support.users import User

BODY = json.dumps({**PROFILE_BODY, "name": "Jane R. Roe"}).encode()


def send_raw_request(stack: RunningStack, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes. Return the status, the headers and the body of the first response."""
    port = urlsplit(stack.outputs.api_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        stream = connection.makefile("rb")
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, stream.read(int(headers["content-length"]))


def get_host(stack: RunningStack) -> str:
    return urlsplit(stack.outputs.api_url).netloc


def build_put(stack: RunningStack, user: User, headers: str, body: bytes) -> bytes:
    """Return a PUT with these header lines and this body."""
    head = f"PUT /users/me HTTP/1.1\r\nHost: {get_host(stack)}\r\nAuthorization: {user.token}\r\n"
    return f"{head}Content-Type: application/json\r\n{headers}\r\n\r\n".encode() + body


def test_response_is_sent_in_one_packet(stack: RunningStack, user: User) -> None:
    """With two packets, the second one would wait for an acknowledgment, which a client delays by 40 ms.

    Clients do not delay it at the beginning of a connection, so the test sends 40 requests.
    """
    port = urlsplit(stack.outputs.api_url).port
    request = f"GET /users/me HTTP/1.1\r\nHost: {get_host(stack)}\r\nAuthorization: {user.token}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for _ in range(40):
            connection.sendall(request)
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert json.loads(body)["id"] == user.sub


def test_expect_100_continue_gets_a_response(stack: RunningStack, user: User) -> None:
    port = urlsplit(stack.outputs.api_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(build_put(stack, user, f"Expect: 100-continue\r\nContent-Length: {len(BODY)}", b""))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_chunked_body_is_accepted(stack: RunningStack, user: User) -> None:
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:]))
    status, _, content = send_raw_request(
        stack, build_put(stack, user, "Transfer-Encoding: chunked", chunks + b"0\r\nTrailer: x\r\n\r\n")
    )
    assert (status, json.loads(content)["name"]) == (200, "Jane R. Roe")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: abc", b""),
        ("Content-Length: -1", b'{"name": "Jane Secret"}'),
        ("Content-Length: 99999999999999999999999", b""),
        ("Content-Length: \xb2", b""),
        ("Transfer-Encoding: chunked", b"xyz\r\n"),
        ("Transfer-Encoding: chunked", b"-5\r\n"),
        ("Transfer-Encoding: chunked", b"fffffffffff\r\n"),
    ],
)
def test_body_with_an_invalid_length_is_a_400(stack: RunningStack, user: User, headers: str, body: bytes) -> None:
    status, response_headers, content = send_raw_request(stack, build_put(stack, user, headers, body))
    assert (status, response_headers["content-type"], response_headers["connection"]) == (
        400,
        "application/problem+json",
        "close",
    )
    assert json.loads(content)["status"] == 400
    assert "Secret" not in (stack.directory / "api.log").read_text()


@pytest.mark.parametrize("is_chunked", [False, True], ids=["counted", "chunked"])
@pytest.mark.parametrize(
    ("size", "detail"),
    [(10 * MEBIBYTE, "The body must be at most 65536 bytes long."), (10 * MEBIBYTE + 1, "The body is too large.")],
    ids=["application", "gateway"],
)
def test_large_body_is_a_413(stack: RunningStack, user: User, size: int, detail: str, is_chunked: bool) -> None:
    """API Gateway rejects a body over 10 MB, and the application rejects one over 64 KiB."""
    body = b"x" * size
    headers, encoded = (
        ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (size, body))
        if is_chunked
        else (f"Content-Length: {size}", body)
    )
    status, response_headers, content = send_raw_request(
        stack, build_put(stack, user, f"Origin: http://a.test\r\n{headers}", encoded)
    )
    problem = json.loads(content)
    assert (status, problem["type"].partition("#")[2], problem["detail"]) == (413, "too-large", detail)
    assert response_headers["access-control-allow-origin"] == "*"
    (line,) = [line for line in stack.get_request_log(response_headers["x-request-id"]) if "request" in line]
    assert (line["request"], line["status"], line["note"]) == ("PUT /users/me", 413, detail)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /users/me HTTP/9.9\r\n\r\n", 505),
        (b"Jane Secret is no request line\r\n\r\n", 400),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_malformed_http_returns_problem_details(stack: RunningStack, request_: bytes, status: int) -> None:
    actual, headers, content = send_raw_request(stack, request_)
    assert (actual, headers["content-type"]) == (status, "application/problem+json")
    problem = json.loads(content)
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert "Secret" not in (stack.directory / "api.log").read_text()


def test_request_id_of_malformed_http_is_logged(stack: RunningStack) -> None:
    _, headers, content = send_raw_request(stack, b"GET /users/me HTTP/9.9\r\n\r\n")
    assert headers["x-request-id"] == json.loads(content)["request_id"]
    (line,) = stack.get_request_log(headers["x-request-id"])
    assert (line["request"], line["status"]) == ("unreadable request", 505)


def test_logs_of_functions_are_in_aws_log(stack: RunningStack, user: User) -> None:
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in (stack.directory / "aws.log").read_text().splitlines() if line.startswith("{")
    ]
    assert any(line["message"] == "profile created" and line["sub"] == user.sub for line in lines if "message" in line)
    assert {"function ran"} <= {line.get("message") for line in lines}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_host_header_of_this_machine_is_accepted(stack: RunningStack, name: str) -> None:
    port = urlsplit(stack.outputs.api_url).port
    status, _, _ = send_raw_request(stack, f"GET /problems HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode())
    assert status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Host: evil.test:{port}", 421),
        ("Host: 127.0.0.1", 421),
        ("Host: 127.0.0.1:1", 421),
        ("Host: 192.0.2.1:{port}", 421),
        ("Host: ", 400),
        ("X: x", 400),
        ("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}", 400),
        ("Host: 127.0.0.1:{port}\r\nHost: evil.test:{port}", 400),
    ],
)
def test_any_other_host_header_is_rejected(stack: RunningStack, headers: str, status: int) -> None:
    """DNS rebinding: a page whose host name resolves to this machine must not share the API's origin."""
    lines = headers.format(port=urlsplit(stack.outputs.api_url).port)
    actual, response_headers, body = send_raw_request(stack, f"GET /problems HTTP/1.1\r\n{lines}\r\n\r\n".encode())
    assert (actual, response_headers["content-type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert (problem["type"], problem["status"]) == ("about:blank", status)
