"""Between Chalice and the rules: body -> data, profile -> response, error -> problem details.

The middleware sees every answer of the app, Chalice's own errors included, so that a client meets one
shape only. It also writes the one log line of each request.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from chalice import Chalice, Response
from chalice.app import Request
from pydantic import BaseModel
from pydantic_core import from_json

from chalicelib import logs
from chalicelib.auth import claims_of
from chalicelib.cors import Cors
from chalicelib.errors import (
    PROBLEM_JSON,
    ApiError,
    BackendFailed,
    Malformed,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    TooLarge,
    UnsupportedMedia,
)
from chalicelib.models import Profile
from chalicelib.preconditions import ANY_VERSION, CONDITIONS, Preconditions, tag

HEAD: Final = "HEAD"
OPTIONS: Final = "OPTIONS"  # answered here for every resource
BODY_MAX: Final = 64 * 1024  # bytes; a full profile has less than 2 KiB

# U+FFFD, which API Gateway puts in the place of whatever is not UTF-8.
_REPLACED: Final = "\ufffd".encode()
_TOKEN: Final = re.compile(r"[A-Za-z]{1,20}")  # a method's name

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"  # RFC 7396
# Media types of a PATCH body. Many generated clients can only send application/json.
PATCH_TYPES: Final = (MERGE_PATCH, JSON)

# For every answer: profiles are health data, and their bodies are never to be guessed at or kept.
ALWAYS: Final = {
    "Cache-Control": "private, no-store",
    "Strict-Transport-Security": "max-age=63072000",  # two years, RFC 6797; ignored over plain http
    "X-Content-Type-Options": "nosniff",
}


def json_body(request: Request, media_types: Sequence[str] = (JSON,)) -> Any:
    """The request's body, decoded from JSON.

    Raises UnsupportedMedia, TooLarge (over BODY_MAX bytes) or Malformed.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in media_types:
        raise UnsupportedMedia(*media_types)
    raw = request.raw_body
    if len(raw) > BODY_MAX:
        raise TooLarge(f"The body must be at most {BODY_MAX} bytes long.")
    if _REPLACED in raw:
        raise Malformed("The body is not UTF-8.")
    try:
        # Not request.json_body: it takes NaN, and answers deep nesting with a RecursionError.
        return from_json(raw, allow_inf_nan=False)
    except ValueError as exc:
        raise Malformed("The body is not valid JSON.") from exc


def preconditions(request: Request) -> Preconditions:
    """What the request asks of the profile's version. Raises Malformed."""
    if CONDITIONS.isdisjoint(request.headers):
        return ANY_VERSION
    # In `headers` a gateway keeps only one line of several: RFC 9110 5.3.
    lines = request.to_original_event().get("multiValueHeaders") or {}
    several = {name.lower(): ", ".join(texts) for name, texts in lines.items()}
    return Preconditions.of({**request.headers, **several})


def ok(request: Request, profile: Profile) -> Response:
    """200 with the profile."""
    return Response(profile.model_dump_json(), headers={"Content-Type": JSON, **_of(request, profile)})


def told(answer: BaseModel) -> Response:
    """200 with what was asked for, which is no profile and has no version."""
    return Response(answer.model_dump_json(), headers={"Content-Type": JSON})


def unless_known(request: Request, profile: Profile) -> Response:
    """200 with the profile, or 304 where the client has it. Raises PreconditionFailed and Malformed."""
    asked = preconditions(request)
    if not asked.matched(profile.version):
        raise PreconditionFailed
    if asked.known(profile.version):
        return Response("", status_code=HTTPStatus.NOT_MODIFIED, headers={**_of(request, profile)})
    return ok(request, profile)


def _of(request: Request, profile: Profile) -> dict[str, str]:
    # Relative to the request's address, so that it is right behind any prefix: /users/me is /users/{id}. A slash at the
    # end, which API Gateway accepts, is one more level.
    levels = request.path.count("/") - 2 + request.context.get("path", "").endswith("/")
    return {"ETag": tag(profile.version), "Content-Location": "../" * levels + quote(profile.id)}


def install(app: Chalice, cors: Cors, types: str) -> None:
    """Give the app its middleware. `types` is the URL of the page about problem types."""

    @app.middleware("http")
    def answer(request: Request, get_response: Callable[[Request], Response]) -> Response:
        request_id = request.context.get("requestId", "")
        sub = str(claims_of(request.context).get("sub", ""))
        origin = request.headers.get("origin", "")
        with logs.context(request_id=request_id, sub=sub):
            started = time.monotonic()
            try:
                methods = _methods(app, request)
                response = (
                    _options(methods, cors.preflight(origin, methods))
                    if request.method == OPTIONS
                    else _answered(get_response(request))
                )
            except ApiError as exc:
                response = _refused(exc, request_id, types)
            if request.method == HEAD:
                response.body = ""
            response.headers = {**cors.headers(origin), **ALWAYS, "X-Request-Id": request_id, **response.headers}
            _log(request, response, time.monotonic() - started)
        return response


def _methods(app: Chalice, request: Request) -> list[str]:
    """What the resource has. API Gateway hands on any path and any method, so that both are refused here."""
    asked = request.headers.get("access-control-request-method", "") if request.method == OPTIONS else ""
    if _TOKEN.fullmatch(asked):
        # A preflight. What there is not is allowed, too: else a page could not read the 404 or 405.
        return [*dict.fromkeys([*app.routes.get(request.path, ()), asked, OPTIONS])]
    if not app.routes.get(request.path):
        raise NotFound
    methods = [*app.routes[request.path], OPTIONS]
    if request.method not in methods:
        raise MethodNotAllowed(methods)
    return methods


def _options(methods: Sequence[str], preflight: Mapping[str, str]) -> Response:
    patch = {"Accept-Patch": ", ".join(PATCH_TYPES)} if "PATCH" in methods else {}  # RFC 5789 3.1
    headers = {"Allow": ", ".join(methods), **patch, **preflight}
    return Response("", status_code=HTTPStatus.NO_CONTENT, headers={**headers})


def _answered(response: Response) -> Response:
    """What Chalice does not expect has become its own kind of 500."""
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise ApiError
    return response


def _refused(error: ApiError, request_id: str, types: str) -> Response:
    if isinstance(error, BackendFailed):
        logs.failure("request failed", error)
    return render(error, request_id, types)


def render(error: ApiError, request_id: str, types: str) -> Response:
    """An error as its problem detail response."""
    return Response(
        error.problem(request_id, types),
        status_code=error.status,
        headers={"Content-Type": PROBLEM_JSON, **error.headers},
    )


def _log(request: Request, response: Response, seconds: float) -> None:
    logs.event(
        "request",
        logging.INFO if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else logging.ERROR,
        method=request.method,
        route=request.path,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
    )
