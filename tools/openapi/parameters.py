"""The path parameters, the parameters of lists and the conditional request headers."""

from typing import Any

from chalicelib.api.parsing import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from chalicelib.core.preconditions import ETAG_LIST_PATTERN, MAX_HEADER_LENGTH
from tools.openapi.examples import EXAMPLE_FILE_ID, EXAMPLE_SUB


def build_parameters() -> dict[str, Any]:
    """Return the parameter components."""
    return {
        "user_id": {
            "name": "user_id",
            "in": "path",
            "required": True,
            "description": "The user's Cognito `sub`, or `me` for the caller.",
            "schema": {"type": "string", "minLength": 1},
            "examples": {"own": {"value": "me"}, "sub": {"value": EXAMPLE_SUB}},
        },
        "file_id": {
            "name": "file_id",
            "in": "path",
            "required": True,
            "description": "The `id` of the file.",
            "schema": {"type": "string", "minLength": 1},
            "example": EXAMPLE_FILE_ID,
        },
        "limit": {
            "name": "limit",
            "in": "query",
            "description": "The maximum number of entries on the page.",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
        },
        "cursor": {
            "name": "cursor",
            "in": "query",
            "description": "The `next_cursor` of the previous page. Without it, the first page is returned.",
            "schema": {"type": "string"},
        },
        "If-Match": _build_etag_parameter(
            "If-Match", "The request succeeds only if the resource has one of these versions. Otherwise it returns 412."
        ),
        "If-None-Match": _build_etag_parameter(
            "If-None-Match", "The request returns 304 if the resource has one of these versions."
        ),
    }


def _build_etag_parameter(name: str, description: str) -> dict[str, Any]:
    """Return the parameter without an example: tools would send the example of an optional header by default."""
    return {
        "name": name,
        "in": "header",
        "description": f'{description} A list of entity tags such as `"2"`, or `*`.',
        "schema": {"type": "string", "maxLength": MAX_HEADER_LENGTH, "pattern": ETAG_LIST_PATTERN},
    }
