"""Any bytes become a clean picture, or are refused for a reason."""

import random
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from chalicelib.images import NotAPicture, clean
from local.settings import ROOT
from tests.hostile_images import chunk, png
from tests.images import FORMATS, PLACE, as_taken, encoded, opened, picture


def cleaned(content: bytes, content_type: str = "image/jpeg") -> Image.Image:
    made = clean(content, content_type)
    image = opened(made.content)
    assert (image.format, image.size) == (FORMATS[content_type], (made.width, made.height))
    return image


def near(image: Image.Image, place: tuple[int, int], colour: tuple[int, ...]) -> bool:
    found = image.getpixel(place)
    assert isinstance(found, tuple)
    return all(abs(here - there) < 12 for here, there in zip(found, colour, strict=True))


@pytest.mark.parametrize("content_type", FORMATS)
@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [(1, (64, 48), (5, 24)), (3, (64, 48), (58, 24)), (6, (48, 64), (24, 5)), (8, (48, 64), (24, 58))],
)
def test_a_picture_is_upright_and_has_nothing_with_it(
    content_type: str, orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    taken = picture(content_type, **as_taken(orientation))
    made = clean(taken, content_type).content
    image = opened(made)
    assert image.size == size
    assert near(image, red, (255, 0, 0))
    assert not {"exif", "xmp", "icc_profile", "comment", "XML:com.adobe.xmp"} & set(image.info)
    assert PLACE.encode() in taken
    assert PLACE.encode() not in made


def test_a_long_side_is_made_shorter_and_a_short_one_is_left() -> None:
    assert cleaned(picture(size=(4096, 1024))).size == (2048, 512)
    assert cleaned(picture("image/png", (100, 5000)), "image/png").size == (41, 2048)
    assert cleaned(picture(size=(2048, 2048))).size == (2048, 2048)
    assert cleaned(picture(size=(1, 1))).size == (1, 1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_a_picture(mode: str) -> None:
    grey = Image.new("RGB", (20, 10), (128, 128, 128))
    palette = Image.Palette.ADAPTIVE
    image = Image.new(mode, (20, 10), 128 * 256) if mode == "I;16" else grey.convert(mode, palette=palette)
    made = cleaned(encoded(image, "image/png"), "image/png")
    assert made.mode == {"LA": "RGBA", "RGBA": "RGBA", "P": "RGB", "RGB": "RGB"}.get(mode, "L")
    if mode != "1":
        assert near(made.convert("RGB"), (5, 5), (128, 128, 128))


@pytest.mark.parametrize("content_type", ["image/png", "image/webp"])
def test_what_can_be_seen_through_stays_so(content_type: str) -> None:
    made = cleaned(encoded(Image.new("RGBA", (20, 10), (0, 0, 255, 100)), content_type), content_type)
    assert near(made, (5, 5), (0, 0, 255, 100))


@pytest.mark.parametrize("content_type", ["image/png", "image/webp"])
def test_what_was_erased_is_gone(content_type: str) -> None:
    """An eraser may take the opacity alone, and leave the colours behind it."""
    secret = Image.effect_noise((64, 64), 90).convert("RGB")
    secret.putalpha(0)
    lossless = {"lossless": True, "exact": True} if content_type == "image/webp" else {}
    made = cleaned(encoded(secret, content_type, **lossless), content_type)
    assert made.getchannel("A").getextrema() == (0, 0)
    assert len(made.convert("RGB").getcolors(100_000) or []) == 1


def test_what_is_kept_is_no_longer_than_what_is_taken() -> None:
    noise = Image.effect_noise((2048, 2048), 100).convert("P")
    noise.putpalette([value for grey in range(256) for value in (grey, 255 - grey, grey // 2)])
    content = encoded(noise, "image/png")
    assert len(content) < 5 * 1024 * 1024
    made = clean(content, "image/png")
    assert (made.width, made.height) == (1024, 1024)
    assert len(made.content) <= 5 * 1024 * 1024


def test_colours_are_those_that_the_file_meant() -> None:
    berry = (200, 30, 90)
    for profile in (ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"broken" * 40):
        assert near(cleaned(encoded(Image.new("RGB", (20, 10), berry), icc_profile=profile)), (5, 5), berry)
    printed = Image.new("CMYK", (20, 10), (0, 255, 255, 0))
    assert near(cleaned(encoded(printed)), (5, 5), (255, 0, 0))
    wide = encoded(Image.new("RGB", (20, 10), berry), icc_profile=of_gamma(1.0))
    assert not near(cleaned(wide), (5, 5), berry), "the same numbers mean another colour there"


def of_gamma(gamma: float) -> bytes:
    """A profile with sRGB's colours and this gamma in each: ICC.1 10.6, a curve of one number."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for place in range(132, 132 + 12 * struct.unpack(">I", profile[128:132])[0], 12):
        tag, start, _ = struct.unpack(">4sII", profile[place : place + 12])
        if tag in (b"rTRC", b"gTRC", b"bTRC"):
            profile[start : start + 14] = b"curv" + bytes(4) + struct.pack(">IH", 1, int(gamma * 256))
    return bytes(profile)


@pytest.mark.parametrize("content_type", ["image/png", "image/webp"])
def test_of_an_animation_the_first_frame_is_kept(content_type: str) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "blue")]
    made = cleaned(encoded(frames[0], content_type, save_all=True, append_images=frames[1:]), content_type)
    assert getattr(made, "n_frames", 1) == 1
    assert near(made.convert("RGB"), (5, 5), (255, 0, 0))


BOMBS = {
    "pixels": png(size=(5001, 5000)),
    "many more pixels": png(size=(2**31 - 1, 2**31 - 1)),
    "chunks by the thousand": png(*[chunk(b"abCd", b"")] * 10_000),
    "a text that swells": png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000)))),
    "a profile that swells": png(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(200_000_000)))),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(name: str) -> None:
    with pytest.raises(NotAPicture):
        clean(BOMBS[name], "image/png")


@pytest.mark.parametrize(
    "part",
    [
        b"\xff\xda\0\x08\x01\x01\0\x01\x3f\0" * 200,  # scans: each passes over all the pixels
        b"\xff\xe1\0\x08Exif\0\0" * 10_000,  # Pillow joins them, one by one
    ],
)
def test_a_file_of_very_many_parts_is_refused(part: bytes) -> None:
    whole = picture(progressive=True)
    with pytest.raises(NotAPicture, match="must not be cut into so many parts"):
        clean(whole[:2] + part + whole[2:], "image/jpeg")


@pytest.mark.parametrize("keyword", ["icc_profile", "exif", "transparency", "xmp", "gamma", "dpi", "XML:com.adobe.xmp"])
def test_a_text_where_pillow_looks_for_bytes_does_no_harm(keyword: str) -> None:
    for add in ("add_text", "add_itxt"):
        texts = PngImagePlugin.PngInfo()
        getattr(texts, add)(keyword, PLACE)
        try:
            made = clean(picture("image/png", pnginfo=texts), "image/png")
        except NotAPicture:
            continue
        assert PLACE.encode() not in made.content


@pytest.mark.parametrize(
    ("content", "content_type", "rule"),
    [
        (b"\xff\xd8\xff" + bytes(5 * 1024 * 1024), "image/jpeg", "must be at most 5 MiB (5242880 bytes)"),
        (picture(), "image/gif", "must be one of image/jpeg, image/png, image/webp"),
        (picture("image/webp"), "image/png", "must be a PNG image, to match the content_type of the upload"),
        (
            b"RIFF\x10\0\0\0WAVE" + bytes(50),
            "image/webp",
            "must be a WEBP image, to match the content_type of the upload",
        ),
        (picture()[:200], "image/jpeg", "must be a whole JPEG image"),
        (picture("image/png")[:-30], "image/png", "must be a whole PNG image"),
        (b"", "image/png", "must be a PNG image, to match the content_type of the upload"),
        (BOMBS["pixels"], "image/png", "must have at most 25000000 pixels"),
    ],
)
def test_a_refusal_says_the_rule(content: bytes, content_type: str, rule: str) -> None:
    with pytest.raises(NotAPicture, match=f"^{re.escape(rule)}$"):
        clean(content, content_type)


WITHOUT_MEMORY = """
import resource
from chalicelib import images
from tests.images import picture

content = picture("image/png", (4000, 4000))
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 30_000_000,) * 2)
try:
    images.clean(content, "image/png")
except images.NotAPicture as exc:
    print(exc)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not enforce a limit on the address space")
def test_picture_that_needs_too_much_memory_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MEMORY], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "must be an image that can be read with less memory\n"


def seeds() -> Iterator[tuple[str, bytes]]:
    noise = Image.effect_noise((40, 30), 60)
    for content_type in FORMATS:
        for more in ({}, as_taken(6)):
            yield content_type, encoded(noise.convert("RGB"), content_type, **more)
    yield "image/jpeg", encoded(noise.convert("CMYK"))
    yield "image/jpeg", encoded(noise, progressive=True)
    for mode in ("P", "LA", "1"):
        yield "image/png", encoded(noise.convert(mode), "image/png")


SEEDS = list(seeds())


def mended(content: bytes) -> bytes:
    """A PNG's checksums made right again, so that the decoder reads what is wrong."""
    told, place = content[:8], 8
    while place + 12 <= len(content):
        (length,) = struct.unpack(">I", content[place : place + 4])
        if place + 12 + length > len(content):
            break
        told += chunk(content[place + 4 : place + 8], content[place + 8 : place + 8 + length])
        place += 12 + length
    return told + content[place:]


@settings(max_examples=1500, deadline=None, database=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32), st.integers(1, 20))
def test_whatever_is_wrong_with_a_file_it_is_a_picture_or_refused(
    seed: tuple[str, bytes], number: int, changes: int
) -> None:
    content_type, content = seed
    chance, broken = random.Random(number), bytearray(content)
    for _ in range(changes):
        place = chance.randrange(min(len(broken), chance.choice((60, 300, 100_000))))
        what: Any = chance.choice(("set", "set", "cut", "put", "most"))
        if what == "set":
            broken[place] = chance.randrange(256)
        elif what == "cut" and len(broken) > 100:
            del broken[place : place + chance.randrange(1, 20)]
        elif what == "put":
            broken[place:place] = chance.randbytes(chance.randrange(1, 9))
        else:
            broken[place : place + 4] = b"\xff\xff\xff\xff"
    wrong = mended(bytes(broken)) if content_type == "image/png" else bytes(broken)
    try:
        made = clean(wrong, content_type)
    except NotAPicture:
        return
    assert opened(made.content).size == (made.width, made.height)
