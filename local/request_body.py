"""Read the body of an HTTP request: with Content-Length, or in chunks (RFC 9112, section 7.1)."""

from email.message import Message
from typing import BinaryIO, Final

MAX_BODY_BYTES: Final = 10 * 1024 * 1024  # API Gateway's limit
# The limit for reading. A body over API Gateway's limit is read to its end, so that the client receives the 413.
# Closing the connection early would show the client no reason.
_MAX_READ_BYTES: Final = 1024 * 1024 * 1024
_MAX_LINE_BYTES: Final = 65_536
_MAX_CHUNK_HEADER_BYTES: Final = 100


def read_body(stream: BinaryIO, headers: Message) -> bytes | None:
    """Return the body, or None if it is empty. Return one byte more than the limit if the body is larger.

    Raises ValueError if the length or a chunk is malformed, or if the body is larger than 1 GiB.
    """
    return _read_chunks(stream) if "transfer-encoding" in headers else _read_by_length(stream, headers)


def _read_by_length(stream: BinaryIO, headers: Message) -> bytes | None:
    text = headers.get("content-length", "0")
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_READ_BYTES))
    if not is_number or int(text) > _MAX_READ_BYTES:
        raise ValueError
    return _read_limited(stream, int(text)) or None


def _read_limited(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes from the stream. Return at most one byte more than API Gateway's limit."""
    body = stream.read(min(size, MAX_BODY_BYTES + 1))
    remaining = size - len(body)
    while remaining > 0 and (piece := stream.read(min(remaining, _MAX_LINE_BYTES))):
        remaining -= len(piece)
    return body


def _read_chunks(stream: BinaryIO) -> bytes | None:
    body, total = b"", 0
    while size := int(stream.readline(_MAX_CHUNK_HEADER_BYTES).partition(b";")[0], 16):
        total += size
        if size < 0 or total > _MAX_READ_BYTES:
            raise ValueError
        body = (body + _read_limited(stream, size))[: MAX_BODY_BYTES + 1]
        stream.readline(3)  # the line break after the chunk
    while stream.readline(_MAX_LINE_BYTES) not in (b"\r\n", b"\n", b""):
        pass  # trailers
    return body or None
