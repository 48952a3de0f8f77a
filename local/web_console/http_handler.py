"""The HTTP side of the console: read a request, check it, and send the reply or the feed of changes."""

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from local.console_operations_client import OperationFailed
from local.web_console import static_files
from local.web_console.endpoints import DATA_PREFIX
from local.web_console.replies import ConsoleRequest, Reply, RequestRejected, to_json_reply

if TYPE_CHECKING:
    from local.web_console.server import ConsoleHttpServer

EVENTS_PATH: Final = "/events"
_MAX_BODY_BYTES: Final = 512 * 1024 * 1024  # of an imported file
_TIMEOUT_SECONDS: Final = 60  # for the next bytes of a request
_COMMON_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_STRICT_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; object-src 'none'"
)
# Swagger UI sets styles in attributes, has pictures in data URLs, and calls the API itself.
_VIEWER_POLICY: Final = f"{_STRICT_POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' "


class ConsoleRequestHandler(BaseHTTPRequestHandler):
    """The handler of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_SECONDS
    wbufsize = -1  # sends the headers and the body in one packet
    server: "ConsoleHttpServer"

    def __getattr__(self, name: str) -> Any:
        """Handle every method in the same way."""
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def _handle(self) -> None:
        url = urlsplit(self.path)
        if rejection := self.server.guard.find_rejection(self.command, url.path, self.headers):
            self.close_connection = True  # the body is not read
            self._send(_to_error(*rejection), url.path)
        elif url.path == EVENTS_PATH and self.command == "GET":
            self._send_events()
        else:
            self._send(self._respond(url.path, url.query), url.path)

    def _respond(self, path: str, query: str) -> Reply:
        try:
            request = ConsoleRequest(self.command, path, query, self._read_body())
            if path.startswith(DATA_PREFIX):
                return self.server.endpoints.respond(request)
            if self.command not in ("GET", "HEAD"):
                raise RequestRejected("This address supports only GET.", HTTPStatus.METHOD_NOT_ALLOWED)
            reply = static_files.read_page(self.server.guard.token) if path == "/" else static_files.read_file(path)
            if reply is None:
                raise RequestRejected("There is nothing at this address.", HTTPStatus.NOT_FOUND)
        except RequestRejected as exc:
            return _to_error(exc.status, str(exc))
        except OperationFailed as exc:
            return _to_error(HTTPStatus.CONFLICT, str(exc))
        except ClientError as exc:
            error = exc.response["Error"]
            return _to_error(HTTPStatus.CONFLICT, f"{error['Code']}: {error['Message']}")
        except (BotoCoreError, OSError):
            return _to_error(HTTPStatus.BAD_GATEWAY, "The API or the embedded AWS does not respond.")
        except Exception:
            self.server.log_failure(f"{self.command} {path}")
            return _to_error(HTTPStatus.INTERNAL_SERVER_ERROR, "The console has failed. The reason is in console.log.")
        return reply

    def _read_body(self) -> bytes:
        text = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not (text.isascii() and text.isdigit()):
            self.close_connection = True
            raise RequestRejected("The request needs a Content-Length.", HTTPStatus.LENGTH_REQUIRED)
        if int(text) > _MAX_BODY_BYTES:
            self.close_connection = True
            raise RequestRejected("The file is larger than 512 MiB.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return self.rfile.read(int(text))

    def _send(self, reply: Reply, path: str) -> None:
        self.send_response(reply.status)
        headers = {
            "Cache-Control": "no-store",
            "Content-Type": reply.content_type,
            "Content-Length": str(len(reply.body)),
            "Content-Security-Policy": self._get_policy(path),
            **_COMMON_HEADERS,
            **reply.headers,
        }
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def _get_policy(self, path: str) -> str:
        is_viewer = path == static_files.VIEWER_PATH
        return _VIEWER_POLICY + self.server.api_url if is_viewer else _STRICT_POLICY

    def _send_events(self) -> None:
        """Send an event for each change until the page closes the connection."""
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        headers = {"Cache-Control": "no-store", "Content-Type": "text/event-stream", "Connection": "close"}
        for name, value in {**headers, **_COMMON_HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            # The page reloads if it is of an earlier run, which had another token.
            self.wfile.write(f"retry: 1000\nevent: run\ndata: {self.server.guard.token}\n\n".encode())
            self.wfile.flush()
            for topics in self.server.feed.follow():
                self.wfile.write(f"data: {json.dumps(topics)}\n\n".encode() if topics else b": keep-alive\n\n")
                self.wfile.flush()
        except OSError:  # the page was closed
            return

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def _to_error(status: HTTPStatus, message: str) -> Reply:
    return to_json_reply({"message": message}, status)
