"""Whatever a valid file carries beside its pixels, it becomes a clean picture or is refused for a reason."""

import struct
import zlib

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ImageCms

from chalicelib.images import NotAPicture, clean
from tests.hostile_images import MARKER, chunk, jpeg, png, webp
from tests.images import opened

FUZZ = settings(max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Tags with a meaning to Pillow: sizes, strips, orientation, resolution, sub-directories.
TAGS = [
    256, 257, 258, 259, 262, 270, 273, 274, 282, 283, 296,
    305, 306, 513, 514, 700, 33432, 34665, 34853, 37500, 40965,
]  # fmt: skip
SIZES = st.sampled_from([0, 1, 2, 3, 4, 8, 100, 65_535, 2**31 - 1, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
JUNK = st.binary(max_size=200)


@st.composite
def exif_blocks(draw: st.DrawFn) -> bytes:
    """A TIFF structure whose tags have any type, size and place, in either byte order."""
    order, head = draw(st.sampled_from([("<", b"II*\0"), (">", b"MM\0*"), ("<", b"II+\0"), (">", b"MM*\0")]))
    tags = draw(st.lists(st.tuples(st.sampled_from(TAGS) | st.integers(0, 65_535), st.integers(0, 19), SIZES, SIZES)))
    counted = draw(st.just(len(tags)) | st.integers(0, 65_535))
    entries = b"".join(struct.pack(f"{order}HHII", *tag) for tag in tags)
    first = draw(st.just(8) | SIZES)
    block = head + struct.pack(f"{order}IH", first, counted) + entries + draw(JUNK)
    return draw(st.sampled_from([b"", MARKER, MARKER * 2, b"Exif"])) + block


@st.composite
def profiles(draw: st.DrawFn) -> bytes:
    """A colour profile with some bytes replaced, or cut off."""
    profile = bytearray(SRGB)
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(SRGB) - 1), st.integers(0, 255)), max_size=10)):
        profile[place] = value
    return bytes(profile[: draw(st.just(len(profile)) | st.integers(0, len(profile)))])


XMP = st.sampled_from(["1", "6", "9", "x", ""]).map(lambda it: f'<x:xmpmeta tiff:Orientation="{it}"/>'.encode()) | JUNK
EXIF = exif_blocks() | JUNK
KEYWORDS = st.sampled_from([
    b"exif", b"Raw profile type exif", b"Raw profile type APP1", b"XML:com.adobe.xmp", b"xmp", b"icc_profile",
    b"transparency", b"gamma", b"dpi", b"srgb", b"chromaticity", b"loop", b"duration", b"background", b"interlace",
]) | st.binary(max_size=20)  # fmt: skip
VALUES = EXIF | XMP | EXIF.map(lambda block: b"\nexif\n  10\n" + block.hex().encode())
ANCILLARY = [
    b"bKGD", b"cHRM", b"cICP", b"eXIf", b"gAMA", b"hIST", b"iCCP", b"oFFs", b"pHYs", b"PLTE", b"sBIT", b"sPLT", b"sRGB",
    b"tIME", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IEND", b"IHDR", b"prVt", b"iDOT", b"CgBI", b"vpAg",
]  # fmt: skip


@st.composite
def png_chunks(draw: st.DrawFn) -> bytes:
    """A chunk that belongs into a PNG file, with contents that may not."""
    kind = draw(st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"any"]))
    if kind == b"any":
        return chunk(draw(st.sampled_from(ANCILLARY)), draw(JUNK))
    if kind == b"eXIf":
        return chunk(kind, draw(EXIF))
    if kind == b"iCCP":
        return chunk(kind, b"name\0" + draw(st.binary(max_size=1)) + zlib.compress(draw(profiles())))
    value = draw(VALUES)
    packed = draw(st.sampled_from([value, zlib.compress(value)]))
    middle = {b"tEXt": b"", b"zTXt": b"\0", b"iTXt": draw(st.sampled_from([b"\0\0\0\0", b"\x01\0\0\0", b"\x01"]))}
    return chunk(kind, draw(KEYWORDS) + b"\0" + middle[kind] + packed)


@st.composite
def jpeg_segments(draw: st.DrawFn) -> bytes:
    """A segment that belongs into a JPEG file, with contents that may not."""
    number, content = draw(
        st.tuples(st.just(1), EXIF.map(lambda block: MARKER + block))
        | st.tuples(st.just(1), XMP.map(lambda text: b"http://ns.adobe.com/xap/1.0/\0" + text))
        | st.tuples(st.just(2), profiles().map(lambda it: b"ICC_PROFILE\0\x01\x01" + it))
        | st.tuples(st.just(2), st.binary(max_size=200).map(lambda it: b"ICC_PROFILE\0" + it))
        | st.tuples(st.just(2), exif_blocks().map(lambda block: b"MPF\0" + block))
        | st.tuples(st.just(0), JUNK.map(lambda it: b"JFIF\0" + it))
        | st.tuples(st.just(13), JUNK.map(lambda it: b"Photoshop 3.0\x008BIM" + it))
        | st.tuples(st.just(14), JUNK.map(lambda it: b"Adobe" + it))
        | st.tuples(st.integers(0, 15), JUNK)
    )  # fmt: skip
    return b"\xff" + bytes([0xE0 + number]) + struct.pack(">H", len(content) + 2) + content


WEBP_CHUNKS = (
    st.tuples(st.just(b"EXIF"), EXIF)
    | st.tuples(st.just(b"XMP "), XMP)
    | st.tuples(st.just(b"ICCP"), profiles())
    | st.tuples(st.sampled_from([b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L", b"VP8X", b"abcd"]), JUNK)
)


def assert_clean_or_refused(content: bytes, content_type: str) -> None:
    try:
        made = clean(content, content_type)
    except NotAPicture:
        return
    image = opened(made.content)
    assert image.size == (made.width, made.height)
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"} & set(image.info)


@FUZZ
@given(st.lists(png_chunks(), max_size=4))
def test_png_with_any_chunks_is_clean_or_refused(chunks: list[bytes]) -> None:
    assert_clean_or_refused(png(*chunks), "image/png")


@FUZZ
@given(st.lists(png_chunks(), max_size=4))
def test_png_with_any_late_chunks_is_clean_or_refused(chunks: list[bytes]) -> None:
    whole = png()
    assert_clean_or_refused(whole[:-12] + b"".join(chunks) + whole[-12:], "image/png")


@FUZZ
@given(st.lists(jpeg_segments(), max_size=4))
def test_jpeg_with_any_segments_is_clean_or_refused(segments: list[bytes]) -> None:
    assert_clean_or_refused(jpeg(*segments), "image/jpeg")


@FUZZ
@given(st.lists(WEBP_CHUNKS, max_size=4))
def test_webp_with_any_chunks_is_clean_or_refused(chunks: list[tuple[bytes, bytes]]) -> None:
    assert_clean_or_refused(webp(*chunks), "image/webp")


def test_fuzzed_files_are_pictures_without_their_metadata() -> None:
    for content, content_type in ((png(), "image/png"), (jpeg(), "image/jpeg"), (webp(), "image/webp")):
        assert clean(content, content_type).width > 0
