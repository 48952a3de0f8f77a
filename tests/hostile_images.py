"""Small files that keep an unguarded image library busy for minutes, or make it use gigabytes. Built without Pillow."""

import struct
import zlib
from typing import Final

from tests.images import picture

UPLOAD_BYTES: Final = 5 * 1024 * 1024  # the most that S3 takes
MARKER: Final = b"Exif\0\0"
# Bytes of each file that are not its payload.
_ROOM: Final = 2000


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks: bytes, size: tuple[int, int] = (1, 1)) -> bytes:
    """A PNG file of one black pixel, with these chunks in front of the pixels."""
    width, height = size
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1 + 3 * min(width, 1000))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def segment(content: bytes) -> bytes:
    """An APP1 segment of a JPEG file."""
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def jpeg(*segments: bytes) -> bytes:
    """A JPEG file with these segments in front."""
    whole = picture()
    return whole[:2] + b"".join(segments) + whole[2:]


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP file with these chunks behind the pixels, in the extended format."""
    simple = picture("image/webp", (16, 16))[12:]
    flags = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
    features = sum({flags.get(name, 0) for name, _ in chunks})
    extended = webp_chunk(b"VP8X", struct.pack("<I", features) + b"\x0f\0\0\x0f\0\0")
    profiles = b"".join(webp_chunk(*it) for it in chunks if it[0] == b"ICCP")
    others = b"".join(webp_chunk(*it) for it in chunks if it[0] != b"ICCP")
    body = b"WEBP" + extended + profiles + simple + others
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def overlapping_tags(count: int, size: int) -> bytes:
    """An EXIF block of this size in which each of so many tags refers to all the bytes behind the directory."""
    start = 8 + 2 + 12 * count + 4
    tags = b"".join(struct.pack("<HHII", 1000 + number, 7, size - start, start) for number in range(count))
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", count) + tags + bytes(4)).ljust(size, b"x")


def _repeated(room: int) -> bytes:
    return MARKER * ((UPLOAD_BYTES - room) // len(MARKER))


def _many_segments() -> bytes:
    whole = segment(MARKER + MARKER * 10_000)
    return jpeg(*[whole] * ((UPLOAD_BYTES - _ROOM) // len(whole)))


def _hexadecimal_text() -> bytes:
    count = (UPLOAD_BYTES - _ROOM) // (2 * len(MARKER))
    return png(chunk(b"tEXt", b"Raw profile type exif\0\nexif\n%8d\n" % count + (MARKER.hex().encode() * count)))


# By name: the type that is declared, and the file.
HOSTILE: Final = {
    "a PNG chunk of repeated markers": ("image/png", png(chunk(b"eXIf", _repeated(_ROOM)))),
    "many JPEG segments with markers": ("image/jpeg", _many_segments()),
    "a WebP chunk of repeated markers": ("image/webp", webp((b"EXIF", _repeated(_ROOM)))),
    "a PNG text of markers in hexadecimal": ("image/png", _hexadecimal_text()),
    "tags that overlap": ("image/png", png(chunk(b"eXIf", overlapping_tags(3000, UPLOAD_BYTES - _ROOM)))),
}
