"""What `chalice local` lacks of API Gateway: the Cognito authorizer, and its way of passing a request on.

Chalice alone runs a view without a token, believes a forged one and drops the connection at garbage. Here a token is
verified as the deployed authorizer does it, in id_tokens.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, BinaryIO, Final

import chalice.local
from chalice import Chalice, CognitoUserPoolAuthorizer
from chalice.app import CaseInsensitiveMapping
from chalice.config import Config
from chalice.local import LambdaContext, LocalDevServer

from chalicelib.auth import claims_of
from chalicelib.cors import Cors
from chalicelib.errors import PROBLEM_JSON, ApiError, TooLarge
from chalicelib.http import ALWAYS, HEAD
from chalicelib.settings import settings
from local import id_tokens, openapi_route, request_log
from local.hosts import find_host_error
from local.processes import end_with_parent
from local.settings import HOST

_TIMEOUT: Final = 30  # seconds for the next bytes of a request; API Gateway's own is 29 for an answer
_LONGEST: Final = 10 * 1024 * 1024  # bytes of a body: API Gateway's limit
# Bytes of a body that are read, so that the client hears that it is too large. A closed connection tells nothing.
_READ_MAX: Final = 1024 * 1024 * 1024
_LINE: Final = 65_536  # bytes
_DETAILS: Final[dict[int, str]] = {
    HTTPStatus.MISDIRECTED_REQUEST: "The Host header must be 127.0.0.1 or localhost, with the port of this server.",
}


def install() -> None:
    """Let `chalice local` serve through this gateway."""
    end_with_parent()
    chalice.local.LocalGateway = Gateway  # type: ignore[misc]
    chalice.local.create_local_server = _with_document(chalice.local.create_local_server)
    handler = chalice.local.ChaliceRequestHandler
    handler.parse_request = _with_body(handler.parse_request)
    handler._send_http_response_with_body = _answer(handler._send_http_response_with_body)  # type: ignore[method-assign]
    handler._parse_payload = _payload  # type: ignore[method-assign]
    handler.send_error = _send_error
    handler.log_request = _log_nothing
    handler.log_error = _log_nothing
    handler.timeout = _TIMEOUT
    # In one packet: of Python's two, the second would wait until the first is acknowledged, 40 ms.
    handler.wbufsize = -1
    handler.__getattr__ = _any_method
    # Python's default of 5 waiting connections resets those of a page that loads many things at once.
    chalice.local.ThreadedHTTPServer.request_queue_size = 128


def _with_document(create: Callable[..., LocalDevServer]) -> Callable[..., LocalDevServer]:
    """Serve the OpenAPI document, too, with the address of this server in it."""

    def create_server(app: Chalice, config: Config, host: str, port: int) -> LocalDevServer:
        openapi_route.add_to(app, f"http://{host}:{port}")
        return create(app, config, host, port)

    return create_server


def _answer(send: Callable[..., None]) -> Callable[..., None]:
    """What has no body by its nature does not tell its length either: RFC 9110 8.6."""

    def answer(self: Any, code: int, headers: Any, body: Any) -> None:
        if self.command != HEAD and code not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            send(self, code, headers, body)
            return
        self.send_response(code)
        self._send_headers(headers)

    return answer


def _any_method(self: Any, name: str) -> Any:
    """A method that http.server does not know is for the application to refuse."""
    if name.startswith("do_"):
        return self._generic_handle
    raise AttributeError(name)


def _log_nothing(self: Any, *_: Any) -> None:
    """The request line may be anything, a misplaced body included; ours is the one line of the log."""


def _send_error(self: Any, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG001
    """What http.server refuses by itself, in the shape of all others, and the end of the connection.

    Its type is about:blank: the deployed API has no such answers.
    """
    phrase, request_id = HTTPStatus(code).phrase, str(uuid.uuid4())
    request_log.write("unreadable request", code, 0, request_id=request_id, note=_DETAILS.get(code, ""))
    problem = {
        "type": "about:blank",
        "title": phrase,
        "status": code,
        "detail": _DETAILS.get(code, f"{phrase}."),
        "request_id": request_id,
    }
    body = json.dumps(problem).encode()
    self.close_connection = True
    self.request_version = self.protocol_version  # which a head that can't be read has not told
    self.send_response(code)
    headers = {
        "Content-Type": PROBLEM_JSON,
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Request-Id": request_id,
    }
    for name, value in headers.items():
        self.send_header(name, value)
    self.end_headers()
    if self.command != "HEAD":
        self.wfile.write(body)


def _with_body(parse_request: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Read the body with the head, chunked or not. Chalice reads a Content-Length only, and trusts it."""

    def parse(self: Any) -> bool:
        if not parse_request(self):
            return False
        self.wfile.flush()  # 100 Continue, to whoever waits for it before the body
        try:
            chunked = "transfer-encoding" in self.headers
            self.body = _chunks(self.rfile) if chunked else _counted(self.rfile, self.headers)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)  # what follows can't be told from a request
            return False
        if status := _find_host_error(self):
            self.send_error(status)
            return False
        return True

    return parse


def _find_host_error(self: Any) -> HTTPStatus | None:
    """`chalice local --host` opens the API to other machines."""
    address, port = self.server.server_address[:2]
    return find_host_error(self.headers.get_all("host", []), port, any_address=address != HOST)


def _payload(self: Any) -> tuple[dict[str, str], bytes | None]:
    return {name: ", ".join(self.headers.get_all(name, [])) for name in self.headers}, self.body


def _counted(stream: BinaryIO, headers: Any) -> bytes | None:
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_READ_MAX)) or int(text) > _READ_MAX:
        raise ValueError
    return _read(stream, int(text)) or None


def _read(stream: BinaryIO, size: int) -> bytes:
    """Read so many bytes and return them, or one byte more than API Gateway's limit."""
    kept = stream.read(min(size, _LONGEST + 1))
    rest = size - len(kept)
    while rest > 0 and (piece := stream.read(min(rest, _LINE))):
        rest -= len(piece)
    return kept


def _chunks(stream: BinaryIO) -> bytes | None:
    """RFC 9112 7.1."""
    body, read = b"", 0
    while size := int(stream.readline(100).partition(b";")[0], 16):
        read += size
        if size < 0 or read > _READ_MAX:
            raise ValueError
        body = (body + _read(stream, size))[: _LONGEST + 1]
        stream.readline(3)
    while stream.readline(_LINE) not in (b"\r\n", b"\n", b""):
        pass  # trailers
    return body or None


class _Refused(chalice.local.LocalGatewayException):
    """An answer of the gateway itself, in the shape of all others."""

    def __init__(self, error: ApiError, request_id: str, cors: Mapping[str, str], method: str) -> None:
        headers = {**cors, **error.headers, **ALWAYS, "Content-Type": PROBLEM_JSON, "X-Request-Id": request_id}
        body = json.dumps(error.problem(request_id, settings().problems_url)).encode()
        super().__init__(headers, b"" if method == HEAD else body)
        self.CODE = error.status
        self.reason = error.reason if isinstance(error, id_tokens.TokenRefused) else str(error)


class _Authorizer(chalice.local.LocalGatewayAuthorizer):
    def authorize(self, raw_path: str, lambda_event: dict[str, Any], lambda_context: Any) -> Any:
        route = self._route_for_event(lambda_event)
        if route is not None and isinstance(route.authorizer, CognitoUserPoolAuthorizer):
            token = lambda_event["headers"].get("authorization", "")
            (pool_arn,) = route.authorizer.to_swagger()["x-amazon-apigateway-authorizer"]["providerARNs"]
            claims = id_tokens.verify(token, pool_arn)
            lambda_event["requestContext"]["authorizer"] = {"claims": id_tokens.as_texts(claims)}
            return lambda_event, lambda_context
        return super().authorize(raw_path, lambda_event, lambda_context)


class Gateway(chalice.local.LocalGateway):
    """Chalice's gateway with the authorizer, a request id and a stage."""

    def __init__(self, app_object: Chalice, config: Config) -> None:
        super().__init__(app_object, config)
        self._authorizer = _Authorizer(app_object)

    def handle_request(self, method: str, path: str, headers: Any, body: bytes | None) -> Any:
        """Answer as Chalice's gateway does, and log the request."""
        context, started = self._generate_lambda_context(), time.monotonic()

        def log(status: int, reason: str) -> None:
            seconds, request = time.monotonic() - started, f"{method} {path.partition('?')[0]}"
            request_log.write(request, status, seconds, request_id=context.aws_request_id, note=reason)

        try:
            response = self._handle(method, path, headers, body, context)
        except _Refused as refused:
            log(refused.CODE, refused.reason)
            raise
        log(response["statusCode"], request_log.find_reason(response["statusCode"], response["body"]))
        return response

    def _handle(self, method: str, path: str, headers: Any, body: bytes | None, context: LambdaContext) -> Any:
        """Return the response. Raises _Refused."""
        always = Cors(settings().cors_allow_origins).headers(CaseInsensitiveMapping(headers).get("origin", ""))
        if body and len(body) > _LONGEST:
            raise _Refused(TooLarge(), context.aws_request_id, always, method)
        try:
            event = self._generate_lambda_event(method, path, headers, body)
        except ValueError:  # no route: the application's to answer, as the deployed API hands it on
            return self._app_object(_unrouted(method, headers, context.aws_request_id), context)
        event["requestContext"] |= {"requestId": context.aws_request_id, "stage": "local"}
        try:
            event, context = self._authorizer.authorize(path, event, context)
        except ApiError as exc:
            raise _Refused(exc, context.aws_request_id, always, method) from exc
        response = self._app_object(event, context)
        if response["statusCode"] == HTTPStatus.UNAUTHORIZED and not _is_of_our_client(event):
            return _with_reason(response, id_tokens.OTHER_CLIENT)
        return response


def _is_of_our_client(event: dict[str, Any]) -> bool:
    return claims_of(event["requestContext"]).get("aud") in settings().client_ids


def _unrouted(method: str, headers: Mapping[str, str], request_id: str) -> dict[str, Any]:
    return {
        "requestContext": {"httpMethod": method, "resourcePath": "/{proxy+}", "requestId": request_id},
        "headers": {name.lower(): text for name, text in headers.items()},
        "pathParameters": {},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": None,
    }


def _with_reason(response: Any, reason: str) -> Any:
    """Add the reason to a refusal of the application."""
    body = json.dumps({**json.loads(response["body"]), "reason": reason}) if response["body"] else ""
    return {**response, "body": body}
