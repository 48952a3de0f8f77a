"""Uploaded bytes -> a clean picture. Pillow, and no I/O: the only room that imports it.

Only the function that checks pictures has Pillow, in a layer of its own. What is kept is drawn anew from the
pixels: nothing of the file survives that is not seen, be it a position, a thumbnail or a second file behind it.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import ExifTags, Image, ImageCms, ImageOps

from chalicelib.image_limits import find_broken_limit
from chalicelib.values import PICTURE_BYTES, PICTURE_PIXELS, PICTURE_SIDE, TOO_MANY_BYTES, PictureType

_BEGINS: Final = {
    PictureType.JPEG: (b"\xff\xd8\xff", b""),
    PictureType.PNG: (b"\x89PNG\r\n\x1a\n", b""),
    PictureType.WEBP: (b"RIFF", b"WEBP"),  # and the length of the file between the two
}
_FORMAT: Final = {PictureType.JPEG: "JPEG", PictureType.PNG: "PNG", PictureType.WEBP: "WEBP"}
_SAVED: Final[dict[PictureType, dict[str, int | bool]]] = {
    PictureType.JPEG: {"quality": 88, "progressive": True},
    PictureType.PNG: {},
    PictureType.WEBP: {"quality": 88},
}
# What Pillow raises for a file that is broken, on purpose or not.
_BROKEN: Final = (
    AssertionError,  # a palette image without its palette
    Image.DecompressionBombError,
    EOFError,
    ImageCms.PyCMSError,
    IndexError,
    OSError,
    OverflowError,
    SyntaxError,
    TypeError,  # a text where Pillow looks for bytes
    ValueError,
    struct.error,
    zlib.error,
)


class NotAPicture(Exception):
    """The bytes are none that may become a picture. Its text is the rule that they break."""


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture that was drawn anew."""

    content: bytes
    content_type: PictureType
    width: int
    height: int


def clean(content: bytes, content_type: str) -> CleanPicture:
    """The picture in these bytes, upright, in sRGB, at most PICTURE_SIDE pixels long. Raises NotAPicture.

    Of an animation it is the first frame.
    """
    kind = _kind(content, content_type)
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # about what is odd in a file and can be read all the same
            Image.open(io.BytesIO(content), formats=[_FORMAT[kind]]) as image,
        ):
            if image.width * image.height > PICTURE_PIXELS:
                raise NotAPicture(f"must have at most {PICTURE_PIXELS} pixels")
            return _saved(_drawn(image, kind), kind)
    except MemoryError as exc:
        raise NotAPicture("must be an image that can be read with less memory") from exc
    except _BROKEN as exc:
        raise NotAPicture(f"must be a whole {_FORMAT[kind]} image") from exc


def _kind(content: bytes, content_type: str) -> PictureType:
    if len(content) > PICTURE_BYTES:
        raise NotAPicture(TOO_MANY_BYTES)
    kind = PictureType(content_type) if content_type in list(PictureType) else None
    if kind is None:
        raise NotAPicture("must be one of " + ", ".join(PictureType))
    first, ninth = _BEGINS[kind]
    if not (content.startswith(first) and content[8:].startswith(ninth)):
        raise NotAPicture(f"must be a {_FORMAT[kind]} image, to match the content_type of the upload")
    if rule := find_broken_limit(content, kind):
        raise NotAPicture(rule)
    return kind


def _drawn(image: Image.Image, kind: PictureType) -> Image.Image:
    seen_through = image.has_transparency_data and kind is not PictureType.JPEG
    image.draft(None, (PICTURE_SIDE, PICTURE_SIDE))  # a JPEG is decoded at a half or a quarter, where that is enough
    image.load()
    drawn = _in_srgb(image, seen_through)
    if seen_through:
        drawn = drawn.convert("RGBa").convert("RGBA")  # what nobody can see has no colour
    orientation = Image.Exif()
    orientation[ExifTags.Base.Orientation] = _orientation(image)
    drawn.info = {"exif": orientation.tobytes()}
    upright = ImageOps.exif_transpose(drawn)
    upright.info = {}  # Pillow saves some of it
    return upright


def _orientation(image: Image.Image) -> int:
    """How the camera was held: 1 to 8, of which 1 is upright."""
    try:
        told = image.getexif().get(ExifTags.Base.Orientation)
    except _BROKEN:  # nothing of it is kept anyway
        return 1
    return told if isinstance(told, int) and told in range(1, 9) else 1


def _in_srgb(image: Image.Image, seen_through: bool) -> Image.Image:
    """Made small, and in the colours that everybody assumes where there is no profile."""
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    wanted = "RGBA" if seen_through else "L" if image.mode in ("1", "L") else "RGB"
    if image.mode not in ("L", "RGB", "RGBA", "CMYK"):  # the others are not mixed, but picked
        image = image.convert(wanted)
    profile = image.info.get("icc_profile")
    image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), reducing_gap=3.0)
    if isinstance(profile, bytes) and profile:
        image = _converted(image, profile)
    return image.convert(wanted)


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    wanted = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=wanted)
    except _BROKEN:  # a broken profile is as good as none
        return image
    assert converted is not None  # it is not done in place
    return converted


def _saved(image: Image.Image, kind: PictureType) -> CleanPicture:
    """Smaller, if it would be longer than what is taken: noise is, as a PNG in full colour."""
    while True:
        stream = io.BytesIO()
        image.save(stream, _FORMAT[kind], **_SAVED[kind])
        if len(stream.getvalue()) <= PICTURE_BYTES:
            return CleanPicture(stream.getvalue(), kind, image.width, image.height)
        image.thumbnail((image.width // 2, image.height // 2))
