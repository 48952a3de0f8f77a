"""Limits on a file that are checked before the image library opens it. No test here depends on that library."""

import json
import subprocess
import sys
import tracemalloc
import zlib

import pytest

from chalicelib.pictures.image_limits import MAX_CHUNKS, MAX_EXIF_BYTES, MAX_EXIF_CHARACTERS, find_violated_limit
from chalicelib.profiles.fields import PictureType
from local.config import ROOT
from tests.support.data import MEBIBYTE
from tests.support.hostile_images import EXIF_MARKER, HOSTILE_IMAGES, MAX_UPLOAD_BYTES, chunk, jpeg, png, segment, webp

TOO_MANY = "must have at most 2 blocks of EXIF data"
TOO_LONG = "must have at most 65,542 bytes of EXIF data"
TOO_MANY_CHUNKS = "must have at most 4,000 chunks"
TOO_LONG_TEXT = "must have at most 140,000 characters of EXIF data as text"
# Opens the file with this index in HOSTILE_IMAGES, in a process of its own.
# Prints the outcome and the growth of the peak memory in bytes.
PROGRAM = """
import json, resource, sys
from chalicelib.pictures import image_sanitizer
from tests.support.hostile_images import HOSTILE_IMAGES

content_type, content = list(HOSTILE_IMAGES.values())[int(sys.argv[1])]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    outcome = image_sanitizer.sanitize(content, content_type).content_type
except image_sanitizer.InvalidImage as exc:
    outcome = str(exc)
print(json.dumps([outcome, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024]))
"""


def png_with_text(keyword: bytes, size: int, kind: bytes = b"tEXt") -> bytes:
    """Return a PNG file with a text of this size, compressed or not."""
    text = b"0" * size
    if kind == b"zTXt":
        value = b"\0" + zlib.compress(text)
    elif kind == b"iTXt":
        value = b"\x01\0en\0title\0" + zlib.compress(text)
    else:
        value = {b"tEXt": b"", b"iTXt, not compressed": b"\0\0\0\0"}[kind] + text
    return png(chunk(kind[:4], keyword + b"\0" + value))


@pytest.mark.parametrize(
    ("name", "rule"), list(zip(HOSTILE_IMAGES, (TOO_MANY, TOO_MANY, TOO_MANY, TOO_LONG_TEXT, TOO_LONG), strict=True))
)
def test_hostile_file_breaks_a_limit(name: str, rule: str) -> None:
    content_type, content = HOSTILE_IMAGES[name]
    assert len(content) <= MAX_UPLOAD_BYTES, "S3 would reject it"
    assert find_violated_limit(content, PictureType(content_type)) == rule


@pytest.mark.long
@pytest.mark.parametrize("index", range(len(HOSTILE_IMAGES)))
def test_hostile_file_needs_little_memory(index: int) -> None:
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(index)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    outcome, growth_bytes = json.loads(process.stdout)
    assert outcome.startswith("must have at most ")
    assert growth_bytes < 200 * MEBIBYTE


@pytest.mark.parametrize(("chunks", "rule"), [(MAX_CHUNKS, None), (MAX_CHUNKS + 1, TOO_MANY_CHUNKS)])
def test_chunks_of_a_png_have_a_limit(chunks: int, rule: str | None) -> None:
    others = 3  # header, pixels and end
    assert find_violated_limit(png(*[chunk(b"abCd", b"")] * (chunks - others)), PictureType.PNG) == rule


@pytest.mark.parametrize(("markers", "rule"), [(2, None), (3, TOO_MANY)])
def test_exif_markers_are_counted(markers: int, rule: str | None) -> None:
    assert find_violated_limit(jpeg(*[segment(EXIF_MARKER)] * markers), PictureType.JPEG) == rule


@pytest.mark.parametrize(("extra_bytes", "rule"), [(0, None), (1, TOO_LONG)])
def test_exif_blocks_of_a_jpeg_have_a_limit_in_total(extra_bytes: int, rule: str | None) -> None:
    sizes = (65_533, MAX_EXIF_BYTES - 65_533 + extra_bytes)
    segments = [segment(EXIF_MARKER.ljust(size, b"x")) for size in sizes]
    assert find_violated_limit(jpeg(*segments), PictureType.JPEG) == rule


@pytest.mark.parametrize(("extra_bytes", "rule"), [(0, None), (1, TOO_LONG)])
def test_exif_chunk_of_a_png_has_a_limit(extra_bytes: int, rule: str | None) -> None:
    assert find_violated_limit(png(chunk(b"eXIf", bytes(MAX_EXIF_BYTES + extra_bytes))), PictureType.PNG) == rule


@pytest.mark.parametrize(("extra_bytes", "rule"), [(0, None), (1, TOO_LONG)])
def test_exif_chunk_of_a_webp_has_a_limit(extra_bytes: int, rule: str | None) -> None:
    content = webp((b"XMP ", b"odd"), (b"EXIF", bytes(MAX_EXIF_BYTES + extra_bytes)))
    assert find_violated_limit(content, PictureType.WEBP) == rule


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iTXt, not compressed"])
@pytest.mark.parametrize("keyword", [b"Raw profile type exif", b"Raw profile type APP1"])
@pytest.mark.parametrize(("extra_bytes", "rule"), [(0, None), (1, TOO_LONG_TEXT)])
def test_hexadecimal_profile_has_a_limit(kind: bytes, keyword: bytes, extra_bytes: int, rule: str | None) -> None:
    assert find_violated_limit(png_with_text(keyword, MAX_EXIF_CHARACTERS + extra_bytes, kind), PictureType.PNG) == rule


def test_text_that_pillow_reads_as_exif_has_its_limit() -> None:
    assert find_violated_limit(png_with_text(b"exif", MAX_EXIF_BYTES), PictureType.PNG) is None
    assert find_violated_limit(png_with_text(b"exif", MAX_EXIF_BYTES + 1), PictureType.PNG) == TOO_LONG_TEXT


def test_text_with_another_keyword_has_no_limit() -> None:
    assert find_violated_limit(png_with_text(b"Comment", MAX_UPLOAD_BYTES // 2), PictureType.PNG) is None


@pytest.mark.long
def test_compressed_text_is_decompressed_up_to_its_limit() -> None:
    content = png_with_text(b"Raw profile type exif", 100 * MEBIBYTE, b"zTXt")
    assert len(content) < MEBIBYTE
    tracemalloc.start()
    assert find_violated_limit(content, PictureType.PNG) == TOO_LONG_TEXT
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * MEBIBYTE


def test_invalid_compressed_text_breaks_no_limit() -> None:
    content = png(chunk(b"zTXt", b"Raw profile type exif\0\0no zlib stream"))
    assert find_violated_limit(content, PictureType.PNG) is None


def test_truncated_file_breaks_no_limit() -> None:
    content = png(chunk(b"eXIf", bytes(100)), chunk(b"tEXt", b"Raw profile type exif\0"))
    assert {find_violated_limit(content[:end], PictureType.PNG) for end in range(len(content))} == {None}
