"""Files with any metadata, and damaged files, are sanitized or rejected with a reason."""

import random
import struct
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from chalicelib.pictures.image_sanitizer import InvalidImage, sanitize
from tests.support.hostile_images import EXIF_MARKER, chunk, jpeg, png, webp
from tests.support.sample_images import FORMATS, camera_metadata, encode, open_image

METADATA_FUZZING = settings(
    max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Tags that Pillow interprets: sizes, strips, orientation, resolution, sub-directories.
TAGS = [
    256, 257, 258, 259, 262, 270, 273, 274, 282, 283, 296,
    305, 306, 513, 514, 700, 33432, 34665, 34853, 37500, 40965,
]  # fmt: skip
SIZES = st.sampled_from([0, 1, 2, 3, 4, 8, 100, 65_535, 2**31 - 1, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
RANDOM_BYTES = st.binary(max_size=200)


@st.composite
def exif_blocks(draw: st.DrawFn) -> bytes:
    """Draw a TIFF structure whose tags have any type, size and offset, in either byte order."""
    byte_order, header = draw(st.sampled_from([("<", b"II*\0"), (">", b"MM\0*"), ("<", b"II+\0"), (">", b"MM*\0")]))
    tags = draw(st.lists(st.tuples(st.sampled_from(TAGS) | st.integers(0, 65_535), st.integers(0, 19), SIZES, SIZES)))
    tag_count = draw(st.just(len(tags)) | st.integers(0, 65_535))
    entries = b"".join(struct.pack(f"{byte_order}HHII", *tag) for tag in tags)
    first = draw(st.just(8) | SIZES)
    block = header + struct.pack(f"{byte_order}IH", first, tag_count) + entries + draw(RANDOM_BYTES)
    return draw(st.sampled_from([b"", EXIF_MARKER, EXIF_MARKER * 2, b"Exif"])) + block


@st.composite
def profiles(draw: st.DrawFn) -> bytes:
    """Draw a color profile with some bytes replaced or removed from its end."""
    profile = bytearray(SRGB)
    for offset, value in draw(st.lists(st.tuples(st.integers(0, len(SRGB) - 1), st.integers(0, 255)), max_size=10)):
        profile[offset] = value
    return bytes(profile[: draw(st.just(len(profile)) | st.integers(0, len(profile)))])


XMP = (
    st.sampled_from(["1", "6", "9", "x", ""]).map(
        lambda orientation: f'<x:xmpmeta tiff:Orientation="{orientation}"/>'.encode()
    )
    | RANDOM_BYTES
)
EXIF = exif_blocks() | RANDOM_BYTES
KEYWORDS = st.sampled_from([
    b"exif", b"Raw profile type exif", b"Raw profile type APP1", b"XML:com.adobe.xmp", b"xmp", b"icc_profile",
    b"transparency", b"gamma", b"dpi", b"srgb", b"chromaticity", b"loop", b"duration", b"background", b"interlace",
]) | st.binary(max_size=20)  # fmt: skip
VALUES = EXIF | XMP | EXIF.map(lambda block: b"\nexif\n  10\n" + block.hex().encode())
CHUNK_NAMES = [
    b"bKGD", b"cHRM", b"cICP", b"eXIf", b"gAMA", b"hIST", b"iCCP", b"oFFs", b"pHYs", b"PLTE", b"sBIT", b"sPLT", b"sRGB",
    b"tIME", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IEND", b"IHDR", b"prVt", b"iDOT", b"CgBI", b"vpAg",
]  # fmt: skip


@st.composite
def png_chunks(draw: st.DrawFn) -> bytes:
    """Draw a chunk with a name of a PNG file and content of any format."""
    name = draw(st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"any"]))
    if name == b"any":
        return chunk(draw(st.sampled_from(CHUNK_NAMES)), draw(RANDOM_BYTES))
    if name == b"eXIf":
        return chunk(name, draw(EXIF))
    if name == b"iCCP":
        return chunk(name, b"name\0" + draw(st.binary(max_size=1)) + zlib.compress(draw(profiles())))
    value = draw(VALUES)
    encoded = draw(st.sampled_from([value, zlib.compress(value)]))
    flags = {b"tEXt": b"", b"zTXt": b"\0", b"iTXt": draw(st.sampled_from([b"\0\0\0\0", b"\x01\0\0\0", b"\x01"]))}
    return chunk(name, draw(KEYWORDS) + b"\0" + flags[name] + encoded)


@st.composite
def jpeg_segments(draw: st.DrawFn) -> bytes:
    """Draw a segment with a number of a JPEG file and content of any format."""
    number, content = draw(
        st.tuples(st.just(1), EXIF.map(lambda block: EXIF_MARKER + block))
        | st.tuples(st.just(1), XMP.map(lambda text: b"http://ns.adobe.com/xap/1.0/\0" + text))
        | st.tuples(st.just(2), profiles().map(lambda profile: b"ICC_PROFILE\0\x01\x01" + profile))
        | st.tuples(st.just(2), st.binary(max_size=200).map(lambda data: b"ICC_PROFILE\0" + data))
        | st.tuples(st.just(2), exif_blocks().map(lambda block: b"MPF\0" + block))
        | st.tuples(st.just(0), RANDOM_BYTES.map(lambda data: b"JFIF\0" + data))
        | st.tuples(st.just(13), RANDOM_BYTES.map(lambda data: b"Photoshop 3.0\x008BIM" + data))
        | st.tuples(st.just(14), RANDOM_BYTES.map(lambda data: b"Adobe" + data))
        | st.tuples(st.integers(0, 15), RANDOM_BYTES)
    )  # fmt: skip
    return b"\xff" + bytes([0xE0 + number]) + struct.pack(">H", len(content) + 2) + content


WEBP_CHUNKS = (
    st.tuples(st.just(b"EXIF"), EXIF)
    | st.tuples(st.just(b"XMP "), XMP)
    | st.tuples(st.just(b"ICCP"), profiles())
    | st.tuples(st.sampled_from([b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"VP8X", b"abcd"]), RANDOM_BYTES)
)


def assert_sanitized_or_rejected(content: bytes, content_type: str) -> None:
    try:
        sanitized = sanitize(content, content_type)
    except InvalidImage:
        return
    image = open_image(sanitized.content)
    assert image.size == (sanitized.width, sanitized.height)
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"} & set(image.info)


@pytest.mark.long
@METADATA_FUZZING
@given(st.lists(png_chunks(), max_size=4))
def test_png_with_any_chunks_is_sanitized_or_rejected(chunks: list[bytes]) -> None:
    assert_sanitized_or_rejected(png(*chunks), "image/png")


@pytest.mark.long
@METADATA_FUZZING
@given(st.lists(png_chunks(), max_size=4))
def test_png_with_any_last_chunks_is_sanitized_or_rejected(chunks: list[bytes]) -> None:
    content = png()
    assert_sanitized_or_rejected(content[:-12] + b"".join(chunks) + content[-12:], "image/png")


@pytest.mark.long
@METADATA_FUZZING
@given(st.lists(jpeg_segments(), max_size=4))
def test_jpeg_with_any_segments_is_sanitized_or_rejected(segments: list[bytes]) -> None:
    assert_sanitized_or_rejected(jpeg(*segments), "image/jpeg")


@pytest.mark.long
@METADATA_FUZZING
@given(st.lists(WEBP_CHUNKS, max_size=4))
def test_webp_with_any_chunks_is_sanitized_or_rejected(chunks: list[tuple[bytes, bytes]]) -> None:
    assert_sanitized_or_rejected(webp(*chunks), "image/webp")


@pytest.mark.long
def test_fuzzed_files_without_metadata_are_accepted() -> None:
    for content, content_type in ((png(), "image/png"), (jpeg(), "image/jpeg"), (webp(), "image/webp")):
        assert sanitize(content, content_type).width > 0


def list_valid_files() -> Iterator[tuple[str, bytes]]:
    """Yield files of different color modes and formats, with their content types."""
    noise = Image.effect_noise((40, 30), 60)
    for content_type in FORMATS:
        for options in ({}, camera_metadata(6)):
            yield content_type, encode(noise.convert("RGB"), content_type, **options)
    yield "image/jpeg", encode(noise.convert("CMYK"))
    yield "image/jpeg", encode(noise, progressive=True)
    for mode in ("P", "LA", "1"):
        yield "image/png", encode(noise.convert(mode), "image/png")


VALID_FILES = list(list_valid_files())


def damage(content: bytes, seed: int, changes: int) -> bytes:
    """Return the file with bytes replaced, removed or inserted, mostly near its start."""
    generator, damaged = random.Random(seed), bytearray(content)
    for _ in range(changes):
        offset = generator.randrange(min(len(damaged), generator.choice((60, 300, 100_000))))
        change = generator.choice(("replace", "replace", "remove", "insert", "maximize"))
        if change == "replace":
            damaged[offset] = generator.randrange(256)
        elif change == "remove" and len(damaged) > 100:
            del damaged[offset : offset + generator.randrange(1, 20)]
        elif change == "insert":
            damaged[offset:offset] = generator.randbytes(generator.randrange(1, 9))
        else:
            damaged[offset : offset + 4] = b"\xff\xff\xff\xff"
    return bytes(damaged)


def fix_checksums(content: bytes) -> bytes:
    """Return the PNG file with valid checksums, so that the decoder reads the damaged chunks."""
    fixed, offset = content[:8], 8
    while offset + 12 <= len(content):
        (length,) = struct.unpack(">I", content[offset : offset + 4])
        if offset + 12 + length > len(content):
            break
        fixed += chunk(content[offset + 4 : offset + 8], content[offset + 8 : offset + 8 + length])
        offset += 12 + length
    return fixed + content[offset:]


@pytest.mark.long
@settings(max_examples=1500, deadline=None, database=None)
@given(st.sampled_from(VALID_FILES), st.integers(0, 2**32), st.integers(1, 20))
def test_damaged_file_is_sanitized_or_rejected(file: tuple[str, bytes], seed: int, changes: int) -> None:
    content_type, content = file
    damaged = damage(content, seed, changes)
    if content_type == "image/png":
        damaged = fix_checksums(damaged)
    try:
        sanitized = sanitize(damaged, content_type)
    except InvalidImage:
        return
    assert open_image(sanitized.content).size == (sanitized.width, sanitized.height)
