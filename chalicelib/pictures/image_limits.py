"""Limits on an uploaded file that are checked before an image library opens it.

A small file can make a decoder use a lot of time or memory. It has thousands of segments or chunks, or EXIF data that
is repeated or that refers to the same bytes many times. Pillow 12.2 and older need minutes or gigabytes for such a
file, so these limits do not depend on Pillow's own.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from chalicelib.profiles.fields import PictureType

# Each scan, segment and chunk takes time, regardless of its size. Cameras write about a dozen.
MAX_JPEG_SCANS: Final = 100  # a scan is a pass over the pixels
MAX_JPEG_SEGMENTS: Final = 4000
MAX_CHUNKS: Final = 4000
# The main picture and a second one, such as a preview, each have at most one block.
MAX_EXIF_MARKERS: Final = 2
# 64 KiB, the maximum of a JPEG segment, and the marker before it. Exif 2.32, 4.7.2.
MAX_EXIF_BYTES: Final = 65_542
# The same block in hexadecimal, with its header and line ends.
MAX_EXIF_CHARACTERS: Final = 140_000

_EXIF_MARKER: Final = b"Exif\0\0"
_EXIF_SEGMENT: Final = re.compile(rb"\xff\xe1(..)Exif\0\0", re.DOTALL)
_JPEG_APP_SEGMENT: Final = re.compile(
    rb"\xff[\xe0-\xef\xfe]"
)  # and COM; in pixel data, 00 or a restart marker follows FF
_EXIF_CHUNKS: Final = (b"eXIf", b"EXIF")  # PNG's and WebP's
_TEXT_CHUNKS: Final = (b"tEXt", b"zTXt", b"iTXt")
# Keywords of PNG texts that are read as EXIF data, and how long each may be. The first one contains bytes.
# ImageMagick writes the others: https://exiftool.org/TagNames/PNG.html#TextualData
_EXIF_TEXTS: Final = {
    b"exif": MAX_EXIF_BYTES,
    b"Raw profile type exif": MAX_EXIF_CHARACTERS,
    b"Raw profile type APP1": MAX_EXIF_CHARACTERS,
}


class _Chunk(NamedTuple):
    """A named part of a PNG or WebP file. `size` is the declared size. `content` may be shorter."""

    name: bytes
    size: int
    content: bytes


def find_violated_limit(content: bytes, picture_type: PictureType) -> str | None:
    """Return the rule that a file violates, or None."""
    if rule := _find_violated_count(content, picture_type):
        return rule
    if content.count(_EXIF_MARKER) > MAX_EXIF_MARKERS:
        return f"must have at most {MAX_EXIF_MARKERS} blocks of EXIF data"
    if _count_exif_bytes(content, picture_type) > MAX_EXIF_BYTES:
        return f"must have at most {MAX_EXIF_BYTES:,} bytes of EXIF data"
    if picture_type is PictureType.PNG and any(map(_is_long_exif_text, _iterate_chunks(content, picture_type))):
        return f"must have at most {MAX_EXIF_CHARACTERS:,} characters of EXIF data as text"
    return None


def _find_violated_count(content: bytes, picture_type: PictureType) -> str | None:
    if picture_type is not PictureType.JPEG:
        count = len(list(islice(_iterate_chunks(content, picture_type), MAX_CHUNKS + 1)))
        return f"must have at most {MAX_CHUNKS:,} chunks" if count > MAX_CHUNKS else None
    if content.count(b"\xff\xda") > MAX_JPEG_SCANS:
        return f"must have at most {MAX_JPEG_SCANS} scans"
    if len(_JPEG_APP_SEGMENT.findall(content)) > MAX_JPEG_SEGMENTS:
        return f"must have at most {MAX_JPEG_SEGMENTS:,} APP and COM segments"
    return None


def _count_exif_bytes(content: bytes, picture_type: PictureType) -> int:
    """Return the size of all EXIF blocks in bytes. Pillow joins the blocks of a JPEG."""
    if picture_type is PictureType.JPEG:
        return sum(int.from_bytes(found[1]) - 2 for found in _EXIF_SEGMENT.finditer(content))  # 2: the length itself
    return sum(chunk.size for chunk in _iterate_chunks(content, picture_type) if chunk.name in _EXIF_CHUNKS)


def _iterate_chunks(content: bytes, picture_type: PictureType) -> Iterator[_Chunk]:
    """Yield the chunks of a PNG or WebP file, up to its end or to a broken one."""
    offset, header, is_png = (8, ">I4s", True) if picture_type is PictureType.PNG else (12, "<4sI", False)
    while offset + 8 <= len(content):
        first, second = struct.unpack_from(header, content, offset)
        name, size = (second, first) if is_png else (first, second)
        offset += 8
        yield _Chunk(name, size, content[offset : offset + size])
        offset += size + (4 if is_png else size % 2)  # a checksum, or padding to an even offset


def _is_long_exif_text(chunk: _Chunk) -> bool:
    if chunk.name not in _TEXT_CHUNKS:
        return False
    keyword, _, value = chunk.content.partition(b"\0")
    limit = _EXIF_TEXTS.get(keyword)
    return limit is not None and _count_text_bytes(chunk.name, value, limit) > limit


def _count_text_bytes(name: bytes, value: bytes, limit: int) -> int:
    """Return the size of a text in bytes. Decompression stops one byte after the limit."""
    is_compressed, text = name == b"zTXt", value
    if name == b"zTXt":
        text = value[1:]  # without the compression method
    elif name == b"iTXt":
        is_compressed, text = (
            value[:1] != b"\0",
            value[2:].split(b"\0", 2)[-1],
        )  # without language and translated keyword
    if not is_compressed:
        return len(text)
    try:
        return len(zlib.decompressobj().decompress(text, limit + 1))
    except zlib.error:  # Pillow drops such a text
        return 0
