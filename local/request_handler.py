"""HTTP request handling of the local API, with the behavior of API Gateway where Chalice's differs."""

import json
import uuid
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

from chalice import Chalice
from chalice.config import Config
from chalice.local import ChaliceRequestHandler

from chalicelib.api.middleware import HEAD
from chalicelib.core.errors import PROBLEM_JSON
from local import request_log
from local.api_gateway import ConnectionDropped, LocalApiGateway
from local.config import HOST
from local.hosts import find_host_error
from local.request_body import read_body

_TIMEOUT_SECONDS: Final = 30  # for the next bytes of a request; API Gateway's timeout for a response is 29 s
_ERROR_DETAILS: Final[dict[int, str]] = {
    HTTPStatus.MISDIRECTED_REQUEST: "The Host header must be 127.0.0.1 or localhost, with the port of this server.",
}


class LocalRequestHandler(ChaliceRequestHandler):
    """Chalice's request handler with chunked bodies, problem details for malformed HTTP, and no log of request lines.

    Chalice's handler reads only bodies with a Content-Length, does not validate the value, and drops the connection if
    the request is malformed.
    """

    timeout = _TIMEOUT_SECONDS
    # Buffer the response and send it in one packet. Python's handler sends two. The second waits until the client
    # acknowledges the first (docs/performance.md).
    wbufsize = -1

    def __init__(
        self, request: Any, client_address: tuple[str, int], server: HTTPServer, app_object: Chalice, config: Config
    ) -> None:
        self.local_gateway = LocalApiGateway(app_object, config)
        # Not Chalice's constructor, which would create Chalice's own gateway.
        BaseHTTPRequestHandler.__init__(self, request, client_address, server)

    def __getattr__(self, name: str) -> Any:
        """Handle methods that http.server does not know. The application rejects them."""
        if name.startswith("do_"):
            return self._generic_handle
        raise AttributeError(name)

    def parse_request(self) -> bool:
        """Read the request with its body. Return False after sending an error."""
        if not super().parse_request():
            return False
        self.wfile.flush()  # sends `100 Continue` to a client that waits for it before it sends the body
        try:
            self._body = read_body(self.rfile, self.headers)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)  # the end of the body is unknown, so the connection is closed
            return False
        if status := self._find_host_error():
            self.send_error(status)
            return False
        return True

    def handle_one_request(self) -> None:
        """Handle a request, unless a fault drops its connection."""
        try:
            super().handle_one_request()
        except ConnectionDropped:
            self.close_connection = True

    def _find_host_error(self) -> HTTPStatus | None:
        address, port = self.server.server_address[:2]
        # `chalice local --host` opens the API to other machines.
        return find_host_error(self.headers.get_all("host", []), int(port), any_address=address != HOST)

    def _parse_payload(self) -> tuple[dict[str, str], bytes | None]:
        headers = {name: ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        return headers, self._body

    def _send_http_response_with_body(self, code: int, headers: Any, body: str | bytes) -> None:
        if self.command != HEAD and code not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            super()._send_http_response_with_body(code, headers, body)
            return
        # A response that never has a body has no Content-Length either: RFC 9110, section 8.6.
        self.send_response(code)
        self._send_headers(headers)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Send problem details for a request that http.server rejects, and close the connection.

        The problem type is about:blank, because the deployed API has no such responses.
        """
        phrase, request_id = HTTPStatus(code).phrase, str(uuid.uuid4())
        detail = _ERROR_DETAILS.get(code)
        request_log.log_request("unreadable request", code, 0, request_id=request_id, note=detail or "")
        problem = {
            "type": "about:blank",
            "title": phrase,
            "status": code,
            "detail": detail or f"{phrase}.",
            "request_id": request_id,
        }
        body = json.dumps(problem).encode()
        self.close_connection = True
        self.request_version = self.protocol_version  # unset if the request line is malformed
        self.send_response(code)
        self.send_header("Content-Type", PROBLEM_JSON)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.send_header("X-Request-Id", request_id)
        self.end_headers()
        if self.command != HEAD:
            self.wfile.write(body)

    def log_request(self, *_: Any) -> None:
        """Log nothing. The gateway logs one line per request, without values that the request line could contain."""

    def log_error(self, *_: Any) -> None:
        """Log nothing, for the same reason."""
