"""`chalice local` answers whatever a socket can send."""

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.stack import RunningStack
from tests.support.users import User

VALID = {"name": "Jane R. Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}


@pytest.fixture(scope="module")
def user(new_user: Callable[..., User]) -> User:
    return new_user()


def exchange(run: RunningStack, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes and read the first answer."""
    port = urlsplit(run.outputs.api_url).port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        stream = connection.makefile("rb")
        status = int(stream.readline().split()[1])
        headers: dict[str, str] = {}
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, stream.read(int(headers["content-length"]))


def host(run: RunningStack) -> str:
    return urlsplit(run.outputs.api_url).netloc


def put(run: RunningStack, user: User, headers: str, body: bytes) -> bytes:
    head = f"PUT /users/me HTTP/1.1\r\nHost: {host(run)}\r\nAuthorization: {user.token}\r\n"
    return f"{head}Content-Type: application/json\r\n{headers}\r\n\r\n".encode() + body


def test_an_answer_is_sent_in_one_piece(run: RunningStack, user: User) -> None:
    """In two, the second would wait for the first to be acknowledged, which a client does 40 ms later: not at the
    first answers of a connection, hence so many.
    """
    port = urlsplit(run.outputs.api_url).port
    request = f"GET /users/me HTTP/1.1\r\nHost: {host(run)}\r\nAuthorization: {user.token}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for _ in range(40):
            connection.sendall(request)
            head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert json.loads(body)["id"] == user.sub


def test_a_client_that_waits_to_be_told_to_go_on_is_told(run: RunningStack, user: User) -> None:
    port = urlsplit(run.outputs.api_url).port
    body = json.dumps(VALID).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(put(run, user, f"Expect: 100-continue\r\nContent-Length: {len(body)}", b""))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_chunked_body_is_a_body(run: RunningStack, user: User) -> None:
    body = json.dumps(VALID).encode()
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]))
    status, _, answer = exchange(run, put(run, user, "Transfer-Encoding: chunked", chunks + b"0\r\nTrailer: x\r\n\r\n"))
    assert (status, json.loads(answer)["name"]) == (200, "Jane R. Roe")


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
def test_a_body_of_no_length_is_a_bad_request(run: RunningStack, user: User, headers: str, body: bytes) -> None:
    status, told, answer = exchange(run, put(run, user, headers, body))
    assert (status, told["content-type"], told["connection"]) == (400, "application/problem+json", "close")
    assert json.loads(answer)["status"] == 400
    assert "Secret" not in (run.directory / "api.log").read_text()


MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("is_chunked", [False, True], ids=["counted", "chunked"])
@pytest.mark.parametrize(
    ("size", "detail"),
    [(10 * MEBIBYTE, "The body must be at most 65536 bytes long."), (10 * MEBIBYTE + 1, "The body is too large.")],
    ids=["application", "gateway"],
)
def test_large_body_is_answered_413(run: RunningStack, user: User, size: int, detail: str, is_chunked: bool) -> None:
    """API Gateway refuses a body over 10 MB, the application one over 64 KiB."""
    body = b"x" * size
    headers, sent = (
        ("Transfer-Encoding: chunked", b"%x\r\n%s\r\n0\r\n\r\n" % (size, body))
        if is_chunked
        else (f"Content-Length: {size}", body)
    )
    status, told, answer = exchange(run, put(run, user, f"Origin: http://a.test\r\n{headers}", sent))
    problem = json.loads(answer)
    assert (status, problem["type"].partition("#")[2], problem["detail"]) == (413, "too-large", detail)
    assert told["access-control-allow-origin"] == "*"
    (line,) = [line for line in run.get_request_log(told["x-request-id"]) if "request" in line]
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
def test_what_is_hardly_http_is_refused_in_the_shape_of_all_errors(
    run: RunningStack, request_: bytes, status: int
) -> None:
    got, told, answer = exchange(run, request_)
    assert (got, told["content-type"]) == (status, "application/problem+json")
    problem = json.loads(answer)
    assert (problem["type"], problem["status"]) == ("about:blank", status)
    assert "Secret" not in (run.directory / "api.log").read_text()


def test_the_log_has_the_request_id_of_an_unreadable_request(run: RunningStack) -> None:
    _, headers, answer = exchange(run, b"GET /users/me HTTP/9.9\r\n\r\n")
    assert headers["x-request-id"] == json.loads(answer)["request_id"]
    (line,) = run.get_request_log(headers["x-request-id"])
    assert (line["request"], line["status"]) == ("unreadable request", 505)


def test_what_functions_log_is_in_a_log_of_this_machine(run: RunningStack, user: User) -> None:
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in (run.directory / "aws.log").read_text().splitlines() if line.startswith("{")
    ]
    assert any(line["message"] == "profile created" and line["sub"] == user.sub for line in lines if "message" in line)
    assert {"function ran"} <= {line.get("message") for line in lines}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_api_answers_to_hosts_of_this_machine(run: RunningStack, name: str) -> None:
    port = urlsplit(run.outputs.api_url).port
    status, _, _ = exchange(run, f"GET /problems HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode())
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
def test_api_refuses_any_other_host(run: RunningStack, headers: str, status: int) -> None:
    """A page whose name leads here must not become a page of this server."""
    lines = headers.format(port=urlsplit(run.outputs.api_url).port)
    got, told, body = exchange(run, f"GET /problems HTTP/1.1\r\n{lines}\r\n\r\n".encode())
    assert (got, told["content-type"]) == (status, "application/problem+json")
    problem = json.loads(body)
    assert (problem["type"], problem["status"]) == ("about:blank", status)
