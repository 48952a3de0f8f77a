"""If-Match and If-None-Match over a profile's version: RFC 9110 13.1. Imports errors alone.

A profile's entity tag is its version in quotes, and a strong one: no two representations of a profile
share a version.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from chalicelib.errors import Malformed

CONDITIONS: Final = frozenset({"if-match", "if-none-match"})  # the headers
_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'  # RFC 9110 8.8.3
# A valid header: an asterisk or a list of entity tags. The OpenAPI document has the same pattern. A comma can match in
# one place only, so that no input causes exponential backtracking.
PATTERN: Final = rf"^(?:[ \t]*\*[ \t]*|[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*)$"
MAX_LENGTH: Final = 400  # characters of a header: DynamoDB compares with at most 100 values
_VALID: Final = re.compile(PATTERN)
_STRONG: Final = re.compile(r'"([1-9][0-9]{0,15})"')


def tag(version: int) -> str:
    """The entity tag of a version."""
    return f'"{version}"'


@dataclass(frozen=True, slots=True)
class Tags:
    """The versions that a header names. `any` is its asterisk: whatever there is."""

    versions: frozenset[int]
    any: bool = False

    def name(self, version: int) -> bool:
        return self.any or version in self.versions


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What a request asks of the version it is about; None where it does not ask."""

    match: Tags | None = None
    none_match: Tags | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """From the request's headers, by lower-case name. Raises Malformed."""
        return cls(_tags(headers, "If-Match", weak=False), _tags(headers, "If-None-Match", weak=True))

    def allow(self, version: int) -> bool:
        """Whether a write to this version may be done."""
        return self.matched(version) and not self.known(version)

    def matched(self, version: int) -> bool:
        """Whether If-Match holds."""
        return self.match is None or self.match.name(version)

    def known(self, version: int) -> bool:
        """Whether If-None-Match names it: the client has it already."""
        return self.none_match is not None and self.none_match.name(version)


ANY_VERSION: Final = Preconditions()


def _tags(headers: Mapping[str, str], header: str, *, weak: bool) -> Tags | None:
    text = headers.get(header.lower())
    if text is None:
        return None
    if len(text) > MAX_LENGTH or not _VALID.fullmatch(text):
        raise Malformed(f'{header} must be * or a list of entity tags in double quotes, such as "3".')
    if text.strip() == "*":
        return Tags(frozenset(), any=True)
    # If-Match compares strongly: a weak tag is nobody's. If-None-Match compares weakly.
    named = (found.removeprefix("W/") if weak else found for found in re.findall(_TAG, text))
    return Tags(frozenset(int(found[1]) for found in map(_STRONG.fullmatch, named) if found))
