"""An ASGI application that protects the embedded AWS from requests of web pages."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from local import request_log
from local.hosts import find_host_error
from local.page_requests import Request, Scope, is_allowed, is_cognito_preflight

Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Any, Send], Awaitable[None]]

FORBIDDEN_MESSAGE: Final = (
    "Pages may only use Cognito's public operations, presigned S3 requests and deployed APIs of the embedded AWS."
)
_WRONG_HOST_MESSAGE: Final = "The Host header must be 127.0.0.1 or localhost, with the port of the embedded AWS."
_COGNITO_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "7200",  # seconds; the maximum of browsers
}


class OriginGuard:
    """An ASGI application that passes allowed requests to another application and rejects all others."""

    def __init__(self, application: Application, port: int) -> None:
        self._application = application
        self._port = port

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Handle an ASGI connection."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        if scope["type"] != "http":  # the product uses no WebSocket
            await send({"type": "websocket.close"})
            return
        request = Request.from_scope(scope)
        if status := find_host_error(request.headers.get("host", []), self._port):
            await _reject(send, request, status, _WRONG_HOST_MESSAGE)
        elif is_cognito_preflight(request):
            await _send_response(send, HTTPStatus.NO_CONTENT, _COGNITO_CORS)
        elif is_allowed(request):
            await self._application(scope, receive, send)
        else:
            await _reject(send, request, HTTPStatus.FORBIDDEN, FORBIDDEN_MESSAGE)


async def _reject(send: Send, request: Request, status: HTTPStatus, reason: str) -> None:
    """Reject a request and log the reason, because a page cannot read the response."""
    request_log.log_request(f"{request.method} {request.path}", status, 0, note=reason)
    body = json.dumps({"message": reason}).encode()
    await _send_response(send, status, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body)


async def _send_response(send: Send, status: HTTPStatus, headers: dict[str, str], body: bytes = b"") -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
