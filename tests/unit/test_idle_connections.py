"""Which requests get a new connection. tests/faults/test_idle_connections.py has the whole stack."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from chalicelib import aws
from chalicelib.idle_connections import MAX_IDLE_SECONDS, close_when_idle


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Service:
    """An AWS whose connections die when it is told so: they take a request and never answer it."""

    endpoint: str = ""
    connections: int = 0
    dead: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            service.connections += 1
            self.opened_dead = service.dead.is_set()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if service.dead.is_set() and not self.opened_dead:
                service.ended.wait()
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield service
    service.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(service: Service, clock: Clock) -> Iterator[Any]:
    config = Config(read_timeout=0.5, retries={"total_max_attempts": 1})
    client = Session().create_client("dynamodb", endpoint_url=service.endpoint, config=config)
    close_when_idle(client, clock)
    yield client
    client.close()


def test_requests_in_quick_succession_share_a_connection(client: Any, service: Service, clock: Clock) -> None:
    for _ in range(3):
        client.list_tables()
        clock.now += MAX_IDLE_SECONDS
    assert service.connections == 1


def test_request_after_a_pause_survives_a_silently_dropped_one(client: Any, service: Service, clock: Clock) -> None:
    client.list_tables()
    service.dead.set()
    clock.now += MAX_IDLE_SECONDS + 0.1
    client.list_tables()
    assert service.connections == 2


def test_request_after_the_clock_was_set_back_is_answered(client: Any, service: Service, clock: Clock) -> None:
    client.list_tables()
    service.dead.set()
    clock.now -= 3_600
    client.list_tables()
    assert service.connections == 2


# New ones: the application's own may have sent a request a moment ago.
CLIENTS: list[Callable[[], Any]] = [make.__wrapped__ for make in (aws.dynamodb, aws.cognito, aws.s3, aws.lambda_)]


@pytest.mark.parametrize("make", CLIENTS)
def test_every_client_closes_its_idle_connections(make: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    client, closed = make(), list[bool]()
    monkeypatch.setattr(client, "close", lambda: closed.append(True))
    client.meta.events.emit("before-send.service.Operation", request=None)
    assert closed == [True]
