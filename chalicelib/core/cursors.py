"""Cursors of paged lists: opaque texts that name the last entry of a page.

A cursor is not signed. It only selects a position in the list that the caller may read anyway.
"""

import base64
import binascii

from chalicelib.core.errors import BadRequest

_PREFIX = b"v1:"


def encode_cursor(entry: str) -> str:
    """Return the cursor of the page after an entry."""
    return base64.urlsafe_b64encode(_PREFIX + entry.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Return the entry that a cursor names. Raises BadRequest for any other text."""
    try:
        decoded = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if decoded.startswith(_PREFIX):
            return decoded.removeprefix(_PREFIX).decode()
    except (binascii.Error, UnicodeError) as exc:
        raise BadRequest("cursor must be the next_cursor of a page of this list.") from exc
    raise BadRequest("cursor must be the next_cursor of a page of this list.")
