"""Limits on a file before an image library opens it. No test here depends on what that library would do."""

import json
import subprocess
import sys
import tracemalloc
import zlib

import pytest

from chalicelib.image_limits import MAX_EXIF_BYTES, MAX_EXIF_CHARACTERS, find_broken_limit
from chalicelib.values import PictureType
from local.settings import ROOT
from tests.hostile_images import HOSTILE, MARKER, UPLOAD_BYTES, chunk, jpeg, png, segment, webp

MEBIBYTE = 1024 * 1024
TOO_MANY = "must have at most 2 blocks of EXIF data"
TOO_LONG = "must have at most 65542 bytes of EXIF data"
TOO_LONG_TEXT = "must have at most 140000 characters of EXIF data as text"
# Opens a file by its number in HOSTILE, in a process of its own. Prints the outcome and what the peak memory grew by.
PROBE = """
import json, resource, sys
from chalicelib import images
from tests.hostile_images import HOSTILE

content_type, content = list(HOSTILE.values())[int(sys.argv[1])]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    outcome = images.clean(content, content_type).content_type
except images.NotAPicture as exc:
    outcome = str(exc)
print(json.dumps([outcome, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024]))
"""


def text(keyword: bytes, size: int, kind: bytes = b"tEXt") -> bytes:
    """A PNG text of this size, packed or not."""
    packed = zlib.compress(b"0" * size)
    values = {
        b"tEXt": b"0" * size,
        b"zTXt": b"\0" + packed,
        b"iTXt": b"\x01\0en\0title\0" + packed,
        b"iTXt, not packed": b"\0\0\0\0" + b"0" * size,
    }
    return png(chunk(kind[:4], keyword + b"\0" + values[kind]))


@pytest.mark.parametrize(
    ("name", "rule"), list(zip(HOSTILE, (TOO_MANY, TOO_MANY, TOO_MANY, TOO_LONG_TEXT, TOO_LONG), strict=True))
)
def test_hostile_file_breaks_a_limit(name: str, rule: str) -> None:
    content_type, content = HOSTILE[name]
    assert len(content) <= UPLOAD_BYTES, "S3 would not take it"
    assert find_broken_limit(content, PictureType(content_type)) == rule


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_file_needs_little_memory(number: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(number)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    outcome, grown = json.loads(done.stdout)
    assert outcome.startswith("must have at most ")
    assert grown < 200 * MEBIBYTE


@pytest.mark.parametrize(("markers", "rule"), [(2, None), (3, TOO_MANY)])
def test_exif_markers_are_counted(markers: int, rule: str | None) -> None:
    assert find_broken_limit(jpeg(*[segment(MARKER)] * markers), PictureType.JPEG) == rule


@pytest.mark.parametrize(("more", "rule"), [(0, None), (1, TOO_LONG)])
def test_exif_blocks_of_a_jpeg_are_added_up(more: int, rule: str | None) -> None:
    sizes = (65_533, MAX_EXIF_BYTES - 65_533 + more)
    segments = [segment(MARKER.ljust(size, b"x")) for size in sizes]
    assert find_broken_limit(jpeg(*segments), PictureType.JPEG) == rule


@pytest.mark.parametrize(("more", "rule"), [(0, None), (1, TOO_LONG)])
def test_exif_chunk_of_a_png_has_a_limit(more: int, rule: str | None) -> None:
    assert find_broken_limit(png(chunk(b"eXIf", bytes(MAX_EXIF_BYTES + more))), PictureType.PNG) == rule


@pytest.mark.parametrize(("more", "rule"), [(0, None), (1, TOO_LONG)])
def test_exif_chunk_of_a_webp_has_a_limit(more: int, rule: str | None) -> None:
    content = webp((b"XMP ", b"odd"), (b"EXIF", bytes(MAX_EXIF_BYTES + more)))
    assert find_broken_limit(content, PictureType.WEBP) == rule


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"iTXt, not packed"])
@pytest.mark.parametrize("keyword", [b"Raw profile type exif", b"Raw profile type APP1"])
@pytest.mark.parametrize(("more", "rule"), [(0, None), (1, TOO_LONG_TEXT)])
def test_hexadecimal_profile_has_a_limit(kind: bytes, keyword: bytes, more: int, rule: str | None) -> None:
    assert find_broken_limit(text(keyword, MAX_EXIF_CHARACTERS + more, kind), PictureType.PNG) == rule


def test_text_that_is_read_as_exif_has_the_limit_of_exif() -> None:
    assert find_broken_limit(text(b"exif", MAX_EXIF_BYTES), PictureType.PNG) is None
    assert find_broken_limit(text(b"exif", MAX_EXIF_BYTES + 1), PictureType.PNG) == TOO_LONG_TEXT


def test_text_with_another_keyword_has_no_limit() -> None:
    assert find_broken_limit(text(b"Comment", UPLOAD_BYTES // 2), PictureType.PNG) is None


def test_packed_text_is_unpacked_to_its_limit_only() -> None:
    content = text(b"Raw profile type exif", 100 * MEBIBYTE, b"zTXt")
    assert len(content) < MEBIBYTE
    tracemalloc.start()
    assert find_broken_limit(content, PictureType.PNG) == TOO_LONG_TEXT
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * MEBIBYTE


def test_broken_packed_text_breaks_no_limit() -> None:
    broken = png(chunk(b"zTXt", b"Raw profile type exif\0\0no zlib stream"))
    assert find_broken_limit(broken, PictureType.PNG) is None


def test_file_that_is_cut_off_breaks_no_limit() -> None:
    whole = png(chunk(b"eXIf", bytes(100)), chunk(b"tEXt", b"Raw profile type exif\0"))
    assert {find_broken_limit(whole[:end], PictureType.PNG) for end in range(len(whole))} == {None}
