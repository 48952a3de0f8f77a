"""Pictures are redrawn without metadata, and files that are not pictures are rejected with a reason."""

import re
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from chalicelib.pictures.image_sanitizer import InvalidImage, sanitize
from local.config import ROOT
from tests.support.hostile_images import MAX_UPLOAD_BYTES, chunk, png
from tests.support.sample_images import FORMATS, GPS_TEXT, camera_metadata, encode, make_image, open_image


def sanitize_and_open(content: bytes, content_type: str = "image/jpeg") -> Image.Image:
    sanitized = sanitize(content, content_type)
    image = open_image(sanitized.content)
    assert (image.format, image.size) == (FORMATS[content_type], (sanitized.width, sanitized.height))
    return image


def is_close_color(image: Image.Image, position: tuple[int, int], expected: tuple[int, ...]) -> bool:
    """Return True if each channel of a pixel differs by less than 12 of 255."""
    pixel = image.getpixel(position)
    assert isinstance(pixel, tuple)
    return all(abs(actual - reference) < 12 for actual, reference in zip(pixel, expected, strict=True))


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [(1, (64, 48), (5, 24)), (3, (64, 48), (58, 24)), (6, (48, 64), (24, 5)), (8, (48, 64), (24, 58))],
)
def test_picture_is_upright_and_without_metadata(
    content_type: str, orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    original = make_image(content_type, **camera_metadata(orientation))
    sanitized = sanitize(original, content_type).content
    image = open_image(sanitized)
    assert image.size == size
    assert is_close_color(image, red, (255, 0, 0))
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"} & set(image.info)
    assert GPS_TEXT.encode() in original
    assert GPS_TEXT.encode() not in sanitized


def test_large_picture_is_scaled_down_to_the_longest_side() -> None:
    assert sanitize_and_open(make_image(size=(4096, 1024))).size == (2048, 512)
    assert sanitize_and_open(make_image("image/png", (100, 5000)), "image/png").size == (41, 2048)
    assert sanitize_and_open(make_image(size=(2048, 2048))).size == (2048, 2048)
    assert sanitize_and_open(make_image(size=(1, 1))).size == (1, 1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_every_color_mode_is_accepted(mode: str) -> None:
    gray = Image.new("RGB", (20, 10), (128, 128, 128))
    palette = Image.Palette.ADAPTIVE
    image = Image.new(mode, (20, 10), 128 * 256) if mode == "I;16" else gray.convert(mode, palette=palette)
    sanitized = sanitize_and_open(encode(image, "image/png"), "image/png")
    assert sanitized.mode == {"LA": "RGBA", "RGBA": "RGBA", "P": "RGB", "RGB": "RGB"}.get(mode, "L")
    if mode != "1":
        assert is_close_color(sanitized.convert("RGB"), (5, 5), (128, 128, 128))


@pytest.mark.parametrize("content_type", ["image/png", "image/webp"])
def test_partial_opacity_is_preserved(content_type: str) -> None:
    translucent = Image.new("RGBA", (20, 10), (0, 0, 255, 100))
    sanitized = sanitize_and_open(encode(translucent, content_type), content_type)
    assert is_close_color(sanitized, (5, 5), (0, 0, 255, 100))


@pytest.mark.parametrize("content_type", ["image/png", "image/webp"])
def test_fully_transparent_pixels_have_no_color(content_type: str) -> None:
    """An eraser may remove the opacity only, so that the erased colors are still in the file."""
    secret = Image.effect_noise((64, 64), 90).convert("RGB")
    secret.putalpha(0)
    lossless = {"lossless": True, "exact": True} if content_type == "image/webp" else {}
    sanitized = sanitize_and_open(encode(secret, content_type, **lossless), content_type)
    assert sanitized.getchannel("A").getextrema() == (0, 0)
    assert len(sanitized.convert("RGB").getcolors(100_000) or []) == 1


@pytest.mark.long
def test_sanitized_file_is_within_the_limit_of_an_upload() -> None:
    """Noise with a palette grows when it is redrawn, so it is scaled down further."""
    noise = Image.effect_noise((2048, 2048), 100).convert("P")
    noise.putpalette([value for index in range(256) for value in (index, 255 - index, index // 2)])
    content = encode(noise, "image/png")
    assert len(content) < MAX_UPLOAD_BYTES
    sanitized = sanitize(content, "image/png")
    assert (sanitized.width, sanitized.height) == (1024, 1024)
    assert len(sanitized.content) <= MAX_UPLOAD_BYTES


BERRY = (200, 30, 90)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("profile", [SRGB, b"broken" * 40], ids=["sRGB", "broken"])
def test_colors_with_srgb_or_broken_profile_are_unchanged(profile: bytes) -> None:
    content = encode(Image.new("RGB", (20, 10), BERRY), icc_profile=profile)
    assert is_close_color(sanitize_and_open(content), (5, 5), BERRY)


def test_colors_for_print_are_converted_to_rgb() -> None:
    printed = Image.new("CMYK", (20, 10), (0, 255, 255, 0))
    assert is_close_color(sanitize_and_open(encode(printed)), (5, 5), (255, 0, 0))


def test_colors_with_another_profile_are_converted() -> None:
    """The same values mean other colors with that profile."""
    content = encode(Image.new("RGB", (20, 10), BERRY), icc_profile=profile_with_gamma(1.0))
    assert not is_close_color(sanitize_and_open(content), (5, 5), BERRY)


def profile_with_gamma(gamma: float) -> bytes:
    """Return a profile with the colors of sRGB and this gamma for each: ICC.1 10.6, a curve of one number."""
    profile = bytearray(SRGB)
    for offset in range(132, 132 + 12 * struct.unpack(">I", profile[128:132])[0], 12):
        tag, start, _ = struct.unpack(">4sII", profile[offset : offset + 12])
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            profile[start : start + 14] = b"curv" + bytes(4) + struct.pack(">IH", 1, int(gamma * 256))
    return bytes(profile)


@pytest.mark.parametrize("content_type", ["image/png", "image/webp"])
def test_animation_is_reduced_to_its_first_frame(content_type: str) -> None:
    frames = [Image.new("RGB", (20, 10), color) for color in ("red", "blue")]
    content = encode(frames[0], content_type, save_all=True, append_images=frames[1:])
    sanitized = sanitize_and_open(content, content_type)
    assert getattr(sanitized, "n_frames", 1) == 1
    assert is_close_color(sanitized.convert("RGB"), (5, 5), (255, 0, 0))


SWELLING = zlib.compress(bytes(20_000_000))  # 20 kB that decompress to 20 MB
DECOMPRESSION_BOMBS = {
    "pixels": png(size=(5001, 5000)),
    "many more pixels": png(size=(2**31 - 1, 2**31 - 1)),
    "chunks by the thousand": png(*[chunk(b"abCd", b"")] * 10_000),
    "a text that swells": png(chunk(b"zTXt", b"a\0\0" + SWELLING)),
    "a profile that swells": png(chunk(b"iCCP", b"a\0\0" + SWELLING)),
}


@pytest.mark.parametrize("name", DECOMPRESSION_BOMBS)
def test_decompression_bomb_is_rejected(name: str) -> None:
    with pytest.raises(InvalidImage):
        sanitize(DECOMPRESSION_BOMBS[name], "image/png")


@pytest.mark.parametrize(
    ("segments", "rule"),
    [
        # The decoder visits all pixels for each scan.
        (b"\xff\xda\0\x08\x01\x01\0\x01\x3f\0" * 200, "must have at most 100 scans"),
        # Pillow appends each segment to the previous ones.
        (b"\xff\xe1\0\x08Exif\0\0" * 10_000, "must have at most 4,000 APP and COM segments"),
    ],
)
def test_jpeg_with_too_many_segments_is_rejected(segments: bytes, rule: str) -> None:
    content = make_image(progressive=True)
    with pytest.raises(InvalidImage, match=rule):
        sanitize(content[:2] + segments + content[2:], "image/jpeg")


@pytest.mark.parametrize("keyword", ["icc_profile", "exif", "transparency", "xmp", "gamma", "dpi", "XML:com.adobe.xmp"])
def test_text_where_pillow_expects_bytes_is_harmless(keyword: str) -> None:
    for add in ("add_text", "add_itxt"):
        texts = PngImagePlugin.PngInfo()
        getattr(texts, add)(keyword, GPS_TEXT)
        try:
            sanitized = sanitize(make_image("image/png", pnginfo=texts), "image/png")
        except InvalidImage:
            continue
        assert GPS_TEXT.encode() not in sanitized.content


@pytest.mark.parametrize(
    ("content", "content_type", "rule"),
    [
        (b"\xff\xd8\xff" + bytes(MAX_UPLOAD_BYTES), "image/jpeg", "must be at most 5 MiB (5242880 bytes)"),
        (make_image(), "image/gif", "must be one of image/jpeg, image/png, image/webp"),
        (make_image("image/webp"), "image/png", "must be a PNG image, to match the content_type of the upload"),
        (
            b"RIFF\x10\0\0\0WAVE" + bytes(50),
            "image/webp",
            "must be a WEBP image, to match the content_type of the upload",
        ),
        (make_image()[:200], "image/jpeg", "must be a whole JPEG image"),
        (make_image("image/png")[:-30], "image/png", "must be a whole PNG image"),
        (b"", "image/png", "must be a PNG image, to match the content_type of the upload"),
        (DECOMPRESSION_BOMBS["pixels"], "image/png", "must have at most 25000000 pixels"),
    ],
)
def test_rejection_has_the_broken_rule(content: bytes, content_type: str, rule: str) -> None:
    with pytest.raises(InvalidImage, match=f"^{re.escape(rule)}$"):
        sanitize(content, content_type)


LOW_MEMORY_PROGRAM = """
import resource
from chalicelib.pictures import image_sanitizer
from tests.support.sample_images import make_image

content = make_image("image/png", (4000, 4000))
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 30_000_000,) * 2)
try:
    image_sanitizer.sanitize(content, "image/png")
except image_sanitizer.InvalidImage as exc:
    print(exc)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce a limit on the address space")
def test_picture_that_needs_too_much_memory_is_rejected() -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOW_MEMORY_PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert process.stdout == "must be an image that can be read with less memory\n"
