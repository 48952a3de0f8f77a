"""The response headers."""

from typing import Any, Final

from chalicelib.api.cors import EXPOSED_HEADERS
from chalicelib.api.parsing import PATCH_MEDIA_TYPES
from tools.openapi.examples import EXAMPLE_SUB

# Name -> description and example.
_HEADERS: Final = {
    "Accept": ("The supported media types of the body.", ", ".join(PATCH_MEDIA_TYPES)),
    "Accept-Patch": ("The supported media types of a PATCH body.", ", ".join(PATCH_MEDIA_TYPES)),
    "Allow": ("The supported methods.", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    "Content-Disposition": ("The name of the file.", 'attachment; filename="healthtech-2026-11-24.json"'),
    "Content-Location": ("The canonical address of the resource, relative to the address of the request.", EXAMPLE_SUB),
    "ETag": ("The version of the resource, for If-Match and If-None-Match.", '"2"'),
    "Location": (
        "The address of the new file or of the scheduled deletion, relative to the address of the request.",
        f"{EXAMPLE_SUB}/deletion",
    ),
    "Repr-Digest": ("The SHA-256 digest of the body (RFC 9530).", f"sha-256=:{'A' * 43}=:"),
    "Retry-After": ("The number of seconds to wait before retrying.", "1"),
    "WWW-Authenticate": (
        "The authentication scheme. With `insufficient_user_authentication`, a new sign-in is required (RFC 9470). "
        "API Gateway sends it as `x-amzn-Remapped-WWW-Authenticate`.",
        "Bearer",
    ),
    "X-Request-Id": ("The id of the request, as in the log and in `request_id` of a problem.", EXAMPLE_SUB),
}


def build_headers() -> dict[str, Any]:
    """Return the header components. Raises KeyError if an exposed header has no description."""
    return {name: _build_header(*_HEADERS[name]) for name in sorted({*_HEADERS, *EXPOSED_HEADERS})}


def _build_header(description: str, example: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}, "example": example}
