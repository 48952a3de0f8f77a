"""Requests after an idle period use a new connection. tests/resilience has a test of the whole stack."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from chalicelib.aws import clients
from chalicelib.aws.idle_connections import MAX_IDLE_SECONDS, close_when_idle

pytestmark = pytest.mark.long  # real clients and servers


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeService:
    """An AWS service whose open connections stop responding once `is_dropped` is set, as behind a NAT gateway."""

    endpoint: str = ""
    connections: int = 0
    is_dropped: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def service() -> Iterator[FakeService]:
    service = FakeService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            service.connections += 1
            self.is_new = service.is_dropped.is_set()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if service.is_dropped.is_set() and not self.is_new:
                service.is_over.wait()
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.is_over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(service: FakeService, clock: Clock) -> Iterator[Any]:
    config = Config(read_timeout=0.5, retries={"total_max_attempts": 1})
    client = Session().create_client("dynamodb", endpoint_url=service.endpoint, config=config)
    close_when_idle(client, clock)
    yield client
    client.close()


def test_requests_in_quick_succession_share_a_connection(client: Any, service: FakeService, clock: Clock) -> None:
    for _ in range(3):
        client.list_tables()
        clock.now += MAX_IDLE_SECONDS
    assert service.connections == 1


def test_request_after_an_idle_period_gets_a_new_connection(client: Any, service: FakeService, clock: Clock) -> None:
    client.list_tables()
    service.is_dropped.set()
    clock.now += MAX_IDLE_SECONDS + 0.1
    client.list_tables()
    assert service.connections == 2


def test_request_after_a_clock_change_gets_a_new_connection(client: Any, service: FakeService, clock: Clock) -> None:
    client.list_tables()
    service.is_dropped.set()
    clock.now -= 3_600
    client.list_tables()
    assert service.connections == 2


CLIENT_FACTORIES: list[Callable[[], Any]] = [clients.dynamodb, clients.cognito, clients.s3, clients.lambda_]


@pytest.mark.parametrize("create_client", CLIENT_FACTORIES)
def test_every_client_closes_its_idle_connections(
    create_client: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clients.reset()  # a cached client may have sent a request less than MAX_IDLE_SECONDS ago
    client, closed = create_client(), list[bool]()
    monkeypatch.setattr(client, "close", lambda: closed.append(True))
    client.meta.events.emit("before-send.service.Operation", request=None)
    assert closed == [True]
