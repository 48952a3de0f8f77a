"""HTTP proxy between the functions and the embedded AWS that injects faults at a given rate and with a given seed."""

import http.client
import json
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

DYNAMODB: Final = "DynamoDB"
COGNITO: Final = "AWSCognitoIdentityProviderService"
LAMBDA: Final = "Lambda"
S3: Final = "S3"
# Faults that FaultInjector.failing chooses from:
#   throttle            an error response of AWS for too many requests
#   timeout             no response until the caller has given up
#   drop                the connection is closed before the call is applied
#   lost_response       the call is applied, then the connection is closed
#   500                 an error response of AWS for an internal error
# FaultInjector.fail_next also accepts:
#   delayed_response    the call is applied, then there is no response until the caller has given up
#   truncated_response  the call is applied, then the connection is closed in the middle of the response
#   none                the call succeeds
FAULTS: Final = ("throttle", "timeout", "drop", "lost_response", "500")
DEAD_CONNECTION: Final = "dead connection"
# Longer than the read timeouts: of the functions, and of the API for the function that processes pictures.
_STALL_SECONDS: Final = {LAMBDA: 10.0, S3: 2.0}
_DEFAULT_STALL_SECONDS: Final = 1.5


class FaultInjector:
    """Decides which calls fail. All requests of a proxy share one."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._rates: dict[str, float] = {}
        self._scheduled: dict[str, list[str]] = {}
        self.injected: Counter[str] = Counter()
        self.delays: dict[str, float] = {}  # service -> seconds added to each of its calls

    @contextmanager
    def failing(self, rate: float, *services: str) -> Iterator[None]:
        """Let a share of the calls to these services fail with mixed faults. A rate of 1.0 is an outage."""
        with self._lock:
            self._rates = dict.fromkeys(services, rate)
        try:
            yield
        finally:
            with self._lock:
                self._rates = {}

    def fail_next(self, call: str, *faults: str) -> None:
        """Inject these faults into the next calls of this operation, in this order."""
        with self._lock:
            self._scheduled[call] = list(faults)

    def get_delay(self, target: str) -> float:
        """Return the seconds that are added to a call."""
        return next((seconds for service, seconds in self.delays.items() if target.startswith(service)), 0.0)

    def next_fault(self, target: str) -> str | None:
        """Return the fault of a call, or None if it succeeds."""
        with self._lock:
            if scheduled := self._scheduled.get(target.rpartition(".")[2]):
                self.injected[scheduled[0]] += 1
                return scheduled.pop(0)
            rate = next((rate for service, rate in self._rates.items() if target.startswith(service)), 0.0)
            fault = self._random.choice(FAULTS) if self._random.random() < rate else None
            if rate >= 1.0 and fault == "lost_response":
                fault = "drop"  # a service that is down applies no call
            self.injected[fault or "none"] += 1
            return fault


def _get_stall_seconds(target: str) -> float:
    return _STALL_SECONDS.get(target.partition(".")[0], _DEFAULT_STALL_SECONDS)


def _operation_of_request(method: str, path: str) -> str:
    """Return the operation of a request without a target header, from its method and path."""
    url = urlsplit(path)
    parts, query = url.path.strip("/").split("/"), parse_qs(url.query, keep_blank_values=True)
    if parts[-1] == "invocations":
        return f"{LAMBDA}.Invoke"
    if "list-type" in query:
        return f"{S3}.List {query['prefix'][0].partition('/')[0]}"
    if "versions" in query:
        return f"{S3}.ListObjectVersions"
    if "tagging" in query:
        return f"{S3}.{method.capitalize()}ObjectTagging"
    if "delete" in query:
        return f"{S3}.DeleteObjects"
    return f"{S3}.{method.capitalize()}Object" if len(parts) > 1 else f"{S3}.{method.capitalize()}Bucket"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fault_injector: FaultInjector
    idle_limit: float  # seconds; a connection that was idle for longer accepts requests and never answers
    _idle_since: float | None = None

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target") or _operation_of_request(self.command, self.path)
        if self._idle_since is not None and time.monotonic() - self._idle_since > self.idle_limit:
            self.fault_injector.injected[DEAD_CONNECTION] += 1
            time.sleep(_get_stall_seconds(target))
            self.close_connection = True
            return
        self._handle_call(target, body)
        self._idle_since = time.monotonic()

    def _handle_call(self, target: str, body: bytes) -> None:
        time.sleep(self.fault_injector.get_delay(target))
        fault = self.fault_injector.next_fault(target)
        if fault in ("throttle", "500"):
            self._send_error(target, throttled=fault == "throttle")
        elif fault in ("timeout", "drop"):
            time.sleep(_get_stall_seconds(target) if fault == "timeout" else 0)
            self.close_connection = True
        else:
            status, headers, content = self._forward(body)
            if fault in ("lost_response", "delayed_response"):
                time.sleep(_get_stall_seconds(target) if fault == "delayed_response" else 0)
                self.close_connection = True
            elif fault == "truncated_response":
                self._send(status, headers, content[: len(content) // 2], len(content))
                self.close_connection = True
            else:
                self._send(status, headers, content)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        url = urlsplit(self.path)  # RFC 9112, section 3.2.2: a request to a proxy has an absolute URL
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
        connection.request(self.command, self.path.partition(url.netloc)[2], body, dict(self.headers))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, response.getheaders(), content

    def _send_error(self, target: str, *, throttled: bool) -> None:
        if target.startswith(S3):
            code = "SlowDown" if throttled else "InternalError"
            content = f"<Error><Code>{code}</Code><Message>a fault</Message></Error>".encode()
            self._send(503 if throttled else 500, [("Content-Type", "application/xml")], content)
            return
        is_dynamodb = target.startswith(DYNAMODB)
        throttle_code = "ProvisionedThroughputExceededException" if is_dynamodb else "TooManyRequestsException"
        error_code = "InternalServerError" if is_dynamodb else "InternalErrorException"
        content = json.dumps({"__type": throttle_code if throttled else error_code, "message": "a fault"}).encode()
        self._send(400 if throttled else 500, [("Content-Type", "application/x-amz-json-1.0")], content)

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client has given up, as the fault intends
            super().handle()

    def log_message(self, *_: Any) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def start_fault_proxy(fault_injector: FaultInjector, idle_limit: float = math.inf) -> Iterator[int]:
    """Serve an HTTP proxy and yield its port.

    `idle_limit` is the time in seconds after which an idle connection no longer answers.
    """
    handler = type("Handler", (_Handler,), {"fault_injector": fault_injector, "idle_limit": idle_limit})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
