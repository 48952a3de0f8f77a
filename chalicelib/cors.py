"""Which pages may call the API: the fetch standard's CORS protocol. Imports nothing of ours.

Tokens ride in a header and never in a cookie, so credentials are not allowed, and `*` is safe where any
page may call. https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ANY: Final = "*"
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "If-Match", "If-None-Match")
EXPOSED_HEADERS: Final = ("Allow", "Content-Location", "ETag", "Retry-After", "X-Request-Id")
_KEPT: Final = 7200  # seconds a browser may keep a preflight's answer; Chromium keeps none longer


@dataclass(frozen=True)
class Cors:
    """The origins that may call."""

    origins: frozenset[str]

    def headers(self, origin: str) -> dict[str, str]:
        """What goes on every answer to a page of this origin; empty is an origin of no page."""
        varies = {} if ANY in self.origins or not self.origins else {"Vary": "Origin"}
        allowed = ANY if ANY in self.origins else origin if origin in self.origins else None
        if allowed is None:
            return varies
        exposed = ", ".join(EXPOSED_HEADERS)
        return {"Access-Control-Allow-Origin": allowed, "Access-Control-Expose-Headers": exposed, **varies}

    def preflight(self, origin: str, methods: Sequence[str]) -> Mapping[str, str]:
        """What goes on the answer to an OPTIONS request, too; nothing for an origin that may not call."""
        if "Access-Control-Allow-Origin" not in self.headers(origin):
            return {}
        return {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
            "Access-Control-Max-Age": str(_KEPT),
        }
