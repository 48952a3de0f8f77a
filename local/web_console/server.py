"""The server of the web console, in threads of `make run`."""

import sys
import threading
import traceback
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from local.config import HOST, LocalSettings
from local.faults import FaultFile
from local.stack import Stack
from local.web_console.change_feed import ChangeFeed, watch_emulator
from local.web_console.endpoints import Endpoints
from local.web_console.http_handler import ConsoleRequestHandler
from local.web_console.request_guard import RequestGuard
from local.web_console.request_history import RequestHistory


class ConsoleHttpServer(ThreadingHTTPServer):
    """The socket of the console, and the objects that its request handlers use."""

    daemon_threads = True
    block_on_close = False  # pages follow the feed of changes until the process ends
    request_queue_size = 64
    endpoints: Endpoints
    api_url: str

    def __init__(self, port: int, feed: ChangeFeed, log: Path) -> None:
        super().__init__((HOST, port), ConsoleRequestHandler)
        self.guard: Final = RequestGuard(port)
        self.feed: Final = feed
        self._log = log

    def log_failure(self, request: str) -> None:
        """Append the current exception to the log."""
        with self._log.open("a") as log:
            log.write(f"{request}\n{traceback.format_exc()}\n")

    def handle_error(self, *_: Any) -> None:
        """Log the failure of a connection, unless the client has closed it."""
        if not isinstance(sys.exception(), OSError):
            self.log_failure("connection")


class WebConsole:
    """A context manager that serves the console on CONSOLE_PORT.

    The socket is open from the start, so a page that is opened early waits until the stack is ready.
    """

    def __init__(self, local: LocalSettings) -> None:
        self._local = local
        self._feed = ChangeFeed()
        self._stop = threading.Event()
        self.history: Final = RequestHistory(lambda: self._feed.publish("requests", "faults"))
        self._server = ConsoleHttpServer(local.console_port, self._feed, local.state_directory / "console.log")

    def __enter__(self) -> "WebConsole":
        """Turn off the faults and delete the log of an earlier run."""
        FaultFile(self._local.state_directory).write(None)
        (self._local.state_directory / "console.log").unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        is_serving = hasattr(self._server, "endpoints")
        self._stop.set()
        self._feed.close()
        if is_serving:
            self._server.shutdown()
        self._server.server_close()

    def serve(self, stack: Stack) -> None:
        """Serve the console of this stack in the background."""
        self._server.endpoints = Endpoints(self._local, stack, self._feed, self.history)
        self._server.api_url = stack.api_url
        operations = self._server.endpoints.operations
        for target, arguments in (
            (self._server.serve_forever, ()),
            (watch_emulator, (operations, self._feed, self._stop.wait)),
        ):
            threading.Thread(target=target, args=arguments, name="console", daemon=True).start()
