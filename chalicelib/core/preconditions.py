"""The If-Match and If-None-Match headers over a profile's version: RFC 9110 13.1.

A profile's entity tag is its version in quotes. It is a strong tag: two different representations of a profile never
share a version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from chalicelib.core.errors import BadRequest

CONDITIONAL_HEADERS: Final = frozenset({"if-match", "if-none-match"})
_ETAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'  # RFC 9110 8.8.3
# A valid header: an asterisk or a list of entity tags. The OpenAPI document has the same pattern. A comma can match in
# one position only, so that no input causes exponential backtracking.
ETAG_LIST_PATTERN: Final = rf"^(?:[ \t]*\*[ \t]*|[ \t,]*{_ETAG}(?:[ \t]*,[ \t,]*{_ETAG})*[ \t,]*)$"
MAX_HEADER_LENGTH: Final = 400  # characters; DynamoDB compares with at most 100 values
_ETAG_LIST: Final = re.compile(ETAG_LIST_PATTERN)
_STRONG_VERSION_ETAG: Final = re.compile(r'"([1-9][0-9]{0,15})"')


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


@dataclass(frozen=True, slots=True)
class ETags:
    """The versions in a header. A wildcard (`*`) contains every version."""

    versions: frozenset[int]
    is_wildcard: bool = False

    def contains(self, version: int) -> bool:
        """Return True if the header names this version."""
        return self.is_wildcard or version in self.versions


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The If-Match and If-None-Match headers of a request. None if absent."""

    if_match: ETags | None = None
    if_none_match: ETags | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """Parse request headers with lower-case names. Raises BadRequest."""
        return cls(
            _parse_etags(headers, "If-Match", weak=False),
            _parse_etags(headers, "If-None-Match", weak=True),
        )

    def permits_write(self, version: int) -> bool:
        """Return True if a resource with this version may be written."""
        return self.if_match_holds(version) and not self.is_not_modified(version)

    def if_match_holds(self, version: int) -> bool:
        """Return True if If-Match is absent or names the version."""
        return self.if_match is None or self.if_match.contains(version)

    def is_not_modified(self, version: int) -> bool:
        """Return True if If-None-Match names the version: 304 for reads, 412 for writes."""
        return self.if_none_match is not None and self.if_none_match.contains(version)


NO_PRECONDITIONS: Final = Preconditions()


def _parse_etags(headers: Mapping[str, str], header: str, *, weak: bool) -> ETags | None:
    text = headers.get(header.lower())
    if text is None:
        return None
    if len(text) > MAX_HEADER_LENGTH or not _ETAG_LIST.fullmatch(text):
        raise BadRequest(f'{header} must be * or a list of entity tags in double quotes, such as "3".')
    if text.strip() == "*":
        return ETags(frozenset(), is_wildcard=True)
    # If-Match compares strongly: a weak tag matches no version. If-None-Match compares weakly.
    etags = (found.removeprefix("W/") if weak else found for found in re.findall(_ETAG, text))
    return ETags(frozenset(int(match[1]) for match in map(_STRONG_VERSION_ETAG.fullmatch, etags) if match))
