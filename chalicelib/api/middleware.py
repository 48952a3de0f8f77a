"""The middleware around all requests: problem details, CORS, security headers and one log line per request.

It also handles Chalice's own errors, so that clients see one error format.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from chalice import Chalice, Response
from chalice.app import Request

from chalicelib.api.cors import CorsPolicy
from chalicelib.api.parsing import PATCH_MEDIA_TYPES
from chalicelib.api.responses import problem_response
from chalicelib.core import logs
from chalicelib.core.errors import ApiError, InternalServerError, MethodNotAllowed, NotFound, UpstreamError
from chalicelib.core.identity import get_claims

HEAD: Final = "HEAD"
OPTIONS: Final = "OPTIONS"  # handled here for all resources

_METHOD_NAME: Final = re.compile(r"[A-Za-z]{1,20}")

# Bodies contain health data: no cache may store them, and no browser may guess their type.
SECURITY_HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Strict-Transport-Security": "max-age=63072000",  # two years, RFC 6797; browsers ignore it over plain HTTP
    "X-Content-Type-Options": "nosniff",
}


def register_middleware(app: Chalice, cors: CorsPolicy, problem_types_url: str) -> None:
    """Register the middleware. `problem_types_url` is the page that describes problem types."""

    @app.middleware("http")
    def problem_details_middleware(request: Request, get_response: Callable[[Request], Response]) -> Response:
        request_id = request.context.get("requestId", "")
        sub = str(get_claims(request.context).get("sub", ""))
        origin = request.headers.get("origin", "")
        with logs.log_context(request_id=request_id, sub=sub):
            started = time.monotonic()
            try:
                methods = _allowed_methods(app, request)
                response = (
                    _options_response(methods, cors.preflight_headers(origin, methods))
                    if request.method == OPTIONS
                    else _reject_framework_error(get_response(request))
                )
            except ApiError as exc:
                if isinstance(exc, UpstreamError):
                    logs.error("request failed", exc)
                response = problem_response(exc, request_id, problem_types_url)
            if request.method == HEAD:
                response.body = ""
            response.headers = {
                **cors.response_headers(origin),
                **SECURITY_HEADERS,
                "X-Request-Id": request_id,
                **response.headers,
            }
            _log_request(request, response, time.monotonic() - started)
        return response


def _allowed_methods(app: Chalice, request: Request) -> list[str]:
    """Return the methods of the resource.

    API Gateway passes on all paths and methods. Raises NotFound or MethodNotAllowed.
    """
    requested = request.headers.get("access-control-request-method", "") if request.method == OPTIONS else ""
    if _METHOD_NAME.fullmatch(requested):
        # A CORS preflight. Unknown routes and methods are allowed too. Otherwise the browser would hide the 404 or 405
        # of the actual request from the page.
        return [*dict.fromkeys([*app.routes.get(request.path, ()), requested, OPTIONS])]
    if not app.routes.get(request.path):
        raise NotFound
    methods = [*app.routes[request.path], OPTIONS]
    if request.method not in methods:
        raise MethodNotAllowed(methods)
    return methods


def _options_response(methods: Sequence[str], preflight_headers: Mapping[str, str]) -> Response:
    accept_patch = {"Accept-Patch": ", ".join(PATCH_MEDIA_TYPES)} if "PATCH" in methods else {}  # RFC 5789 3.1
    headers = {"Allow": ", ".join(methods), **accept_patch, **preflight_headers}
    return Response("", status_code=HTTPStatus.NO_CONTENT, headers={**headers})


def _reject_framework_error(response: Response) -> Response:
    """Return a successful response. Raises InternalServerError for Chalice's own error responses."""
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise InternalServerError
    return response


def _log_request(request: Request, response: Response, seconds: float) -> None:
    logs.event(
        "request",
        logging.INFO if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else logging.ERROR,
        method=request.method,
        route=request.path,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
    )
