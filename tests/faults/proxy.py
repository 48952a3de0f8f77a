"""A proxy between the functions and the embedded AWS that fails on purpose, at a rate and by a seed."""

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
FAULTS: Final = ("throttle", "timeout", "drop", "applied", "500")
DEAD_CONNECTION: Final = "dead connection"
# Seconds; longer than an answer is waited for: by the functions, and by the API for the function that checks.
_STALL: Final = {LAMBDA: 10.0, S3: 2.0}
_SHORT_STALL: Final = 1.5


class FaultInjector:
    """What fails now. Shared by all requests of a proxy."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._rates: dict[str, float] = {}
        self._next: dict[str, list[str]] = {}
        self.met: Counter[str] = Counter()
        self.delays: dict[str, float] = {}  # service -> seconds that each of its calls takes longer

    @contextmanager
    def at(self, rate: float, *services: str) -> Iterator[None]:
        """Let this share of the calls to these services fail, in mixed ways; 1.0 is an outage."""
        with self._lock:
            self._rates = dict.fromkeys(services, rate)
        try:
            yield
        finally:
            with self._lock:
                self._rates = {}

    def once(self, call: str, *faults: str) -> None:
        """Let the next call of this name meet this fault; of several, each the next one."""
        with self._lock:
            self._next[call] = list(faults)

    def delay(self, target: str) -> float:
        """Return how much longer this call takes."""
        return next((seconds for service, seconds in self.delays.items() if target.startswith(service)), 0.0)

    def draw(self, target: str) -> str | None:
        """The fault of this call, if it is one that fails."""
        with self._lock:
            if waiting := self._next.get(target.rpartition(".")[2]):
                self.met[waiting[0]] += 1
                return waiting.pop(0)
            rate = next((rate for service, rate in self._rates.items() if target.startswith(service)), 0.0)
            fault = self._random.choice(FAULTS) if self._random.random() < rate else None
            if rate >= 1.0 and fault == "applied":
                fault = "drop"  # what is down applies nothing
            self.met[fault or "none"] += 1
            return fault


def _stall(target: str) -> float:
    return _STALL.get(target.partition(".")[0], _SHORT_STALL)


def _named(method: str, path: str) -> str:
    """What other services than those with a target header are asked, by what it is asked about."""
    url = urlsplit(path)
    parts, query = url.path.strip("/").split("/"), parse_qs(url.query, keep_blank_values=True)
    if parts[-1] == "invocations":
        return f"{LAMBDA}.Invoke"
    if "list-type" in query:
        return f"{S3}.List {query['prefix'][0].partition('/')[0]}"
    if "delete" in query:
        return f"{S3}.DeleteObjects"
    return f"{S3}.{method.capitalize()}Object" if len(parts) > 1 else f"{S3}.{method.capitalize()}Bucket"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: FaultInjector
    idle_limit: float  # seconds; a connection that was idle for longer is dead: it takes bytes and never answers
    _idle_since: float | None = None

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target") or _named(self.command, self.path)
        if self._idle_since is not None and time.monotonic() - self._idle_since > self.idle_limit:
            self.faults.met[DEAD_CONNECTION] += 1
            time.sleep(_stall(target))
            self.close_connection = True
            return
        self._pass_on(target, body)
        self._idle_since = time.monotonic()

    def _pass_on(self, target: str, body: bytes) -> None:
        time.sleep(self.faults.delay(target))
        fault = self.faults.draw(target)
        if fault in ("throttle", "500"):
            self._refuse(target, throttled=fault == "throttle")
        elif fault in ("timeout", "drop"):
            time.sleep(_stall(target) if fault == "timeout" else 0)
            self.close_connection = True
        else:
            status, headers, content = self._forward(body)
            if fault in ("applied", "late"):
                time.sleep(_stall(target) if fault == "late" else 0)
                self.close_connection = True
            elif fault == "half":
                self._answer(status, headers, content[: len(content) // 2], len(content))
                self.close_connection = True
            else:
                self._answer(status, headers, content)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        url = urlsplit(self.path)  # RFC 9112, section 3.2.2: a proxy is sent whole URLs
        connection = http.client.HTTPConnection(url.netloc, timeout=30)
        connection.request(self.command, self.path.partition(url.netloc)[2], body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), content

    def _refuse(self, target: str, *, throttled: bool) -> None:
        if target.startswith(S3):
            code = "SlowDown" if throttled else "InternalError"
            content = f"<Error><Code>{code}</Code><Message>a fault</Message></Error>".encode()
            self._answer(503 if throttled else 500, [("Content-Type", "application/xml")], content)
            return
        is_dynamodb = target.startswith(DYNAMODB)
        throttle = "ProvisionedThroughputExceededException" if is_dynamodb else "TooManyRequestsException"
        failure = "InternalServerError" if is_dynamodb else "InternalErrorException"
        content = json.dumps({"__type": throttle if throttled else failure, "message": "a fault"}).encode()
        self._answer(400 if throttled else 500, [("Content-Type", "application/x-amz-json-1.0")], content)

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _serve  # noqa: N815

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client has given up waiting, which is what a fault is for
            super().handle()

    def log_message(self, *_: Any) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def start_fault_proxy(faults: FaultInjector, idle_limit: float = math.inf) -> Iterator[int]:
    """Serve as an HTTP proxy, and yield its port. The limit, in seconds, is how long a connection survives idle."""
    handler = type("Handler", (_Handler,), {"faults": faults, "idle_limit": idle_limit})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
