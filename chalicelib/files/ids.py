"""The ids of files: UUIDs of version 7, which sort by their time of creation (RFC 9562 5.7).

Python has them since version 3.14.
"""

import re
import secrets
import uuid
from datetime import datetime
from typing import Final

from chalicelib.core.clock import to_milliseconds

_FILE_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_VERSION: Final = 7 << 76
_VARIANT: Final = 0b10 << 62


def create_file_id(now: datetime) -> str:
    """Return a new id: 48 bits of milliseconds since 1970, and 74 random bits."""
    milliseconds = to_milliseconds(now)
    random_a, random_b = secrets.randbits(12), secrets.randbits(62)
    return str(uuid.UUID(int=milliseconds << 80 | _VERSION | random_a << 64 | _VARIANT | random_b))


def get_creation_time(file_id: str) -> int:
    """Return when an id was created, in milliseconds since 1970."""
    return uuid.UUID(file_id).int >> 80


def is_file_id(text: str) -> bool:
    """Return True if the text has the form of an id of a file."""
    return _FILE_ID.fullmatch(text) is not None
