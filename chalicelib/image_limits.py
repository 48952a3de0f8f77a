"""Limits on an uploaded file that are checked before an image library opens it.

A small file can keep a decoder busy for long or make it use a lot of memory: with thousands of parts, or with EXIF
data that is repeated or that refers to the same bytes many times. Pillow 12.2 and older need minutes or gigabytes
for such a file, so these limits do not depend on Pillow's own.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from chalicelib.values import PictureType

# Passes over the pixels, segments and chunks: each costs time whatever its size. Cameras write a dozen.
MAX_SCANS: Final = 100
MAX_PARTS: Final = 4000
# The main picture and a second one, such as a preview, each have at most one block.
MAX_EXIF_MARKERS: Final = 2
# 64 KiB, the most that one JPEG segment holds, and the marker in front. Exif 2.32, 4.7.2.
MAX_EXIF_BYTES: Final = 65_542
# The same block in hexadecimal, with its header and line ends.
MAX_EXIF_CHARACTERS: Final = 140_000

_EXIF_MARKER: Final = b"Exif\0\0"
_EXIF_SEGMENT: Final = re.compile(rb"\xff\xe1(..)Exif\0\0", re.DOTALL)
_SEGMENT: Final = re.compile(rb"\xff[\xe0-\xef\xfe]")  # in the pixels themselves FF is followed by 00 or a restart
_EXIF_CHUNKS: Final = (b"eXIf", b"EXIF")  # PNG's and WebP's
_TEXT_CHUNKS: Final = (b"tEXt", b"zTXt", b"iTXt")
# Keywords of PNG texts that are read as EXIF data, and how long each may be. The first one holds bytes.
# ImageMagick writes the others: https://exiftool.org/TagNames/PNG.html#TextualData
_EXIF_TEXTS: Final = {
    b"exif": MAX_EXIF_BYTES,
    b"Raw profile type exif": MAX_EXIF_CHARACTERS,
    b"Raw profile type APP1": MAX_EXIF_CHARACTERS,
}


class _Chunk(NamedTuple):
    """A named part of a PNG or WebP file. `size` is what the file says; `content` may be cut off."""

    name: bytes
    size: int
    content: bytes


def find_broken_limit(content: bytes, kind: PictureType) -> str | None:
    """Return the limit that a file breaks, as a rule for people, or None."""
    if _has_too_many_parts(content, kind):
        return "must not be cut into so many parts"
    if content.count(_EXIF_MARKER) > MAX_EXIF_MARKERS:
        return f"must have at most {MAX_EXIF_MARKERS} blocks of EXIF data"
    if _exif_bytes(content, kind) > MAX_EXIF_BYTES:
        return f"must have at most {MAX_EXIF_BYTES} bytes of EXIF data"
    if kind is PictureType.PNG and any(map(_is_long_exif_text, _chunks(content, kind))):
        return f"must have at most {MAX_EXIF_CHARACTERS} characters of EXIF data as text"
    return None


def _has_too_many_parts(content: bytes, kind: PictureType) -> bool:
    if kind is PictureType.JPEG:
        return content.count(b"\xff\xda") > MAX_SCANS or len(_SEGMENT.findall(content)) > MAX_PARTS
    return len(list(islice(_chunks(content, kind), MAX_PARTS + 1))) > MAX_PARTS


def _exif_bytes(content: bytes, kind: PictureType) -> int:
    """Return the size of all EXIF blocks together: Pillow joins those of a JPEG."""
    if kind is PictureType.JPEG:
        return sum(int.from_bytes(found[1]) - 2 for found in _EXIF_SEGMENT.finditer(content))  # 2: the length itself
    return sum(chunk.size for chunk in _chunks(content, kind) if chunk.name in _EXIF_CHUNKS)


def _chunks(content: bytes, kind: PictureType) -> Iterator[_Chunk]:
    """Yield the chunks of a PNG or WebP file up to where it ends or breaks."""
    place, header, is_png = (8, ">I4s", True) if kind is PictureType.PNG else (12, "<4sI", False)
    while place + 8 <= len(content):
        first, second = struct.unpack_from(header, content, place)
        name, size = (second, first) if is_png else (first, second)
        place += 8
        yield _Chunk(name, size, content[place : place + size])
        place += size + (4 if is_png else size % 2)  # a checksum, or padding to an even place


def _is_long_exif_text(chunk: _Chunk) -> bool:
    if chunk.name not in _TEXT_CHUNKS:
        return False
    keyword, _, value = chunk.content.partition(b"\0")
    limit = _EXIF_TEXTS.get(keyword)
    return limit is not None and _text_size(chunk.name, value, limit) > limit


def _text_size(name: bytes, value: bytes, limit: int) -> int:
    """Return the size of a text, unpacked as far as one byte more than the limit."""
    is_packed, text = name == b"zTXt", value
    if name == b"zTXt":
        text = value[1:]  # without the compression method
    elif name == b"iTXt":
        is_packed, text = value[:1] != b"\0", value[2:].split(b"\0", 2)[-1]  # without language and translated keyword
    if not is_packed:
        return len(text)
    try:
        return len(zlib.decompressobj().decompress(text, limit + 1))
    except zlib.error:  # Pillow drops such a text
        return 0
