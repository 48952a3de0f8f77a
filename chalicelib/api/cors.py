"""Cross-origin resource sharing (CORS): which pages may call the API.

Tokens are sent in a header, never in a cookie. So credentials are not allowed, and `*` is safe if any page may call.
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WILDCARD_ORIGIN: Final = "*"
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "If-Match", "If-None-Match")
EXPOSED_HEADERS: Final = (
    "Allow",
    "Content-Disposition",
    "Content-Location",
    "ETag",
    "Location",
    "Repr-Digest",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-Id",
)
_PREFLIGHT_MAX_AGE_SECONDS: Final = 7200  # the maximum of Chromium


@dataclass(frozen=True)
class CorsPolicy:
    """The origins that may call the API."""

    origins: frozenset[str]

    def response_headers(self, origin: str) -> dict[str, str]:
        """Return the headers of every response to this origin. An empty origin means that no page sent the request."""
        vary_header = {} if WILDCARD_ORIGIN in self.origins or not self.origins else {"Vary": "Origin"}
        allowed = WILDCARD_ORIGIN if WILDCARD_ORIGIN in self.origins else origin if origin in self.origins else None
        if allowed is None:
            return vary_header
        exposed = ", ".join(EXPOSED_HEADERS)
        return {"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": exposed, **vary_header}

    def preflight_headers(self, origin: str, methods: Sequence[str]) -> Mapping[str, str]:
        """Return the additional headers of a preflight response. Empty for an origin that may not call the API."""
        if "Access-Control-Allow-Origin" not in self.response_headers(origin):
            return {}
        return {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
            "Access-Control-Max-Age": str(_PREFLIGHT_MAX_AGE_SECONDS),
        }
