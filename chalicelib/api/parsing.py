"""Requests: decoded bodies and preconditions."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from chalice.app import Request
from pydantic_core import from_json

from chalicelib.core.errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from chalicelib.core.preconditions import CONDITIONAL_HEADERS, NO_PRECONDITIONS, Preconditions

MAX_BODY_BYTES: Final = 64 * 1024  # a complete profile has less than 2 KiB

JSON_MEDIA_TYPE: Final = "application/json"
MERGE_PATCH_MEDIA_TYPE: Final = "application/merge-patch+json"  # RFC 7396
# Many generated clients can only send application/json.
PATCH_MEDIA_TYPES: Final = (MERGE_PATCH_MEDIA_TYPE, JSON_MEDIA_TYPE)

DEFAULT_PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
_NUMBER: Final = re.compile(r"[0-9]{1,3}")

# API Gateway replaces every byte that is not UTF-8 by U+FFFD. A body that contains it on purpose is rejected too.
_UTF8_REPLACEMENT_CHARACTER: Final = "\ufffd".encode()


def parse_json(request: Request, media_types: Sequence[str] = (JSON_MEDIA_TYPE,)) -> Any:
    """Decode the body from JSON.

    Raises UnsupportedMediaType, ContentTooLarge if the body has more than MAX_BODY_BYTES, or BadRequest.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in media_types:
        raise UnsupportedMediaType(*media_types)
    body = request.raw_body
    if len(body) > MAX_BODY_BYTES:
        raise ContentTooLarge(f"The body must be at most {MAX_BODY_BYTES} bytes long.")
    if _UTF8_REPLACEMENT_CHARACTER in body:
        raise BadRequest("The body is not UTF-8.")
    try:
        # Chalice's request.json_body accepts NaN, and raises RecursionError for deep nesting.
        return from_json(body, allow_inf_nan=False)
    except ValueError as exc:
        raise BadRequest("The body is not valid JSON.") from exc


class PageRequest(NamedTuple):
    """The page of a list that a client requests."""

    limit: int
    cursor: str | None


def parse_page(request: Request) -> PageRequest:
    """Parse the query parameters of a list, `limit` and `cursor`. Raises BadRequest."""
    parameters: Mapping[str, str] = request.query_params or {}
    limit = parameters.get("limit", str(DEFAULT_PAGE_SIZE))
    if not _NUMBER.fullmatch(limit) or not 1 <= int(limit) <= MAX_PAGE_SIZE:
        raise BadRequest(f"limit must be a whole number from 1 to {MAX_PAGE_SIZE}.")
    return PageRequest(int(limit), parameters.get("cursor"))


def parse_preconditions(request: Request) -> Preconditions:
    """Parse If-Match and If-None-Match. Raises BadRequest."""
    if CONDITIONAL_HEADERS.isdisjoint(request.headers):
        return NO_PRECONDITIONS
    # `headers` has only the last of several lines with the same name. They are joined (RFC 9110 5.3).
    multi_value_headers = request.to_original_event().get("multiValueHeaders") or {}
    joined_headers = {name.lower(): ", ".join(lines) for name, lines in multi_value_headers.items()}
    return Preconditions.from_headers({**request.headers, **joined_headers})
