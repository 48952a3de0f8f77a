"""Small files that keep an unguarded image library busy for minutes, or make it use gigabytes. Built without Pillow."""

import struct
import zlib
from typing import Final

from tests.support.data import MEBIBYTE
from tests.support.sample_images import make_image

MAX_UPLOAD_BYTES: Final = 5 * MEBIBYTE  # S3 rejects larger uploads, by the policy of the presigned form
EXIF_MARKER: Final = b"Exif\0\0"
_BYTES_BESIDE_PAYLOAD: Final = 2000  # an upper limit, of each file


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*chunks: bytes, size: tuple[int, int] = (1, 1)) -> bytes:
    """Return a PNG file of one black pixel, with these chunks before the pixels."""
    width, height = size
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1 + 3 * min(width, 1000))))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + pixels + chunk(b"IEND", b"")


def segment(content: bytes) -> bytes:
    """Return an APP1 segment of a JPEG file."""
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def jpeg(*segments: bytes) -> bytes:
    """Return a JPEG file with these segments before its own."""
    content = make_image()
    return content[:2] + b"".join(segments) + content[2:]


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a WebP file in the extended format, with these chunks; all but color profiles follow the pixels."""
    pixels = make_image("image/webp", (16, 16))[12:]
    flags = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
    features = sum({flags.get(name, 0) for name, _ in chunks})
    extended = webp_chunk(b"VP8X", struct.pack("<I", features) + b"\x0f\0\0\x0f\0\0")
    profiles = b"".join(webp_chunk(name, content) for name, content in chunks if name == b"ICCP")
    others = b"".join(webp_chunk(name, content) for name, content in chunks if name != b"ICCP")
    body = b"WEBP" + extended + profiles + pixels + others
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a WebP file."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def overlapping_tags(count: int, size: int) -> bytes:
    """Return an EXIF block of `size` bytes in which each of `count` tags refers to all bytes after the directory."""
    start = 8 + 2 + 12 * count + 4
    tags = b"".join(struct.pack("<HHII", 1000 + number, 7, size - start, start) for number in range(count))
    return (b"II*\0\x08\0\0\0" + struct.pack("<H", count) + tags + bytes(4)).ljust(size, b"x")


def _repeated_markers(reserved_bytes: int) -> bytes:
    return EXIF_MARKER * ((MAX_UPLOAD_BYTES - reserved_bytes) // len(EXIF_MARKER))


def _jpeg_with_many_segments() -> bytes:
    markers = segment(EXIF_MARKER + EXIF_MARKER * 10_000)
    return jpeg(*[markers] * ((MAX_UPLOAD_BYTES - _BYTES_BESIDE_PAYLOAD) // len(markers)))


def _png_with_hexadecimal_text() -> bytes:
    count = (MAX_UPLOAD_BYTES - _BYTES_BESIDE_PAYLOAD) // (2 * len(EXIF_MARKER))
    text = b"Raw profile type exif\0\nexif\n%8d\n" % count + (EXIF_MARKER.hex().encode() * count)
    return png(chunk(b"tEXt", text))


# By name: the declared type and the file.
HOSTILE_IMAGES: Final = {
    "a PNG chunk of repeated markers": (
        "image/png",
        png(chunk(b"eXIf", _repeated_markers(_BYTES_BESIDE_PAYLOAD))),
    ),
    "many JPEG segments with markers": ("image/jpeg", _jpeg_with_many_segments()),
    "a WebP chunk of repeated markers": (
        "image/webp",
        webp((b"EXIF", _repeated_markers(_BYTES_BESIDE_PAYLOAD))),
    ),
    "a PNG text of markers in hexadecimal": ("image/png", _png_with_hexadecimal_text()),
    "tags that overlap": (
        "image/png",
        png(chunk(b"eXIf", overlapping_tags(3000, MAX_UPLOAD_BYTES - _BYTES_BESIDE_PAYLOAD))),
    ),
}
