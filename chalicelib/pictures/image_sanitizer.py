"""The conversion of untrusted files into sanitized pictures. The only module that imports Pillow.

Only the function that processes pictures has Pillow, in a layer. A picture is encoded again from its pixels. Nothing
else of the file remains: no location, no thumbnail and no second file behind the first one.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import ExifTags, Image, ImageCms, ImageOps

from chalicelib.pictures.image_limits import find_violated_limit
from chalicelib.pictures.models import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS, MAX_PICTURE_SIDE, TOO_MANY_BYTES_MESSAGE
from chalicelib.profiles.fields import PictureType

_SIGNATURES: Final = {  # the first bytes, and those from the ninth on
    PictureType.JPEG: (b"\xff\xd8\xff", b""),
    PictureType.PNG: (b"\x89PNG\r\n\x1a\n", b""),
    PictureType.WEBP: (b"RIFF", b"WEBP"),  # the length of the file is between the two
}
_PILLOW_FORMATS: Final = {PictureType.JPEG: "JPEG", PictureType.PNG: "PNG", PictureType.WEBP: "WEBP"}
_SAVE_OPTIONS: Final[dict[PictureType, dict[str, int | bool]]] = {
    PictureType.JPEG: {"quality": 88, "progressive": True},
    PictureType.PNG: {},
    PictureType.WEBP: {"quality": 88},
}
# Exceptions of Pillow for a broken or malicious file.
_DECODING_ERRORS: Final = (
    AssertionError,  # a palette image without its palette
    Image.DecompressionBombError,
    EOFError,
    ImageCms.PyCMSError,
    IndexError,
    OSError,
    OverflowError,
    SyntaxError,
    TypeError,  # a text where Pillow expects bytes
    ValueError,
    struct.error,
    zlib.error,
)


class InvalidImage(Exception):
    """The file cannot become a picture. The text is the rule that it violates."""


@dataclass(frozen=True, slots=True)
class SanitizedImage:
    """A picture that was encoded again from its pixels."""

    content: bytes
    content_type: PictureType
    width: int
    height: int


def sanitize(content: bytes, content_type: str) -> SanitizedImage:
    """Return the picture in a file: upright, in sRGB, with at most MAX_PICTURE_SIDE pixels per side.

    The picture of an animation is its first frame. Raises InvalidImage.
    """
    picture_type = _validate_type(content, content_type)
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # about oddities in a readable file
            Image.open(io.BytesIO(content), formats=[_PILLOW_FORMATS[picture_type]]) as image,
        ):
            if image.width * image.height > MAX_PICTURE_PIXELS:
                raise InvalidImage(f"must have at most {MAX_PICTURE_PIXELS} pixels")
            return _encode_within_limit(_redraw(image, picture_type), picture_type)
    except MemoryError as exc:
        raise InvalidImage("must be an image that can be read with less memory") from exc
    except _DECODING_ERRORS as exc:
        raise InvalidImage(f"must be a whole {_PILLOW_FORMATS[picture_type]} image") from exc


def _validate_type(content: bytes, content_type: str) -> PictureType:
    if len(content) > MAX_PICTURE_BYTES:
        raise InvalidImage(TOO_MANY_BYTES_MESSAGE)
    picture_type = PictureType(content_type) if content_type in list(PictureType) else None
    if picture_type is None:
        raise InvalidImage("must be one of " + ", ".join(PictureType))
    prefix, riff_type = _SIGNATURES[picture_type]
    if not (content.startswith(prefix) and content[8:].startswith(riff_type)):
        raise InvalidImage(f"must be a {_PILLOW_FORMATS[picture_type]} image, to match the content_type of the upload")
    if rule := find_violated_limit(content, picture_type):
        raise InvalidImage(rule)
    return picture_type


def _redraw(image: Image.Image, picture_type: PictureType) -> Image.Image:
    """Return a new, upright image with the pixels alone."""
    has_alpha = image.has_transparency_data and picture_type is not PictureType.JPEG
    # A large JPEG is decoded at a half or a quarter of its size, where that is enough.
    image.draft(None, (MAX_PICTURE_SIDE, MAX_PICTURE_SIDE))
    image.load()
    redrawn = _to_srgb_thumbnail(image, has_alpha)
    if has_alpha:
        redrawn = redrawn.convert("RGBa").convert("RGBA")  # zero the color of fully transparent pixels
    orientation = Image.Exif()
    orientation[ExifTags.Base.Orientation] = _get_orientation(image)
    redrawn.info = {"exif": orientation.tobytes()}
    upright = ImageOps.exif_transpose(redrawn)
    upright.info = {}  # Pillow would save some of it
    return upright


def _get_orientation(image: Image.Image) -> int:
    """Return the orientation in the EXIF data: 1 to 8. 1 is upright."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except _DECODING_ERRORS:  # the EXIF data is discarded anyway
        return 1
    return orientation if isinstance(orientation, int) and orientation in range(1, 9) else 1


def _to_srgb_thumbnail(image: Image.Image, has_alpha: bool) -> Image.Image:
    """Shrink the image and convert it to sRGB, which readers assume without a color profile."""
    if image.mode.startswith("I"):  # 16 bits of gray
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    mode = "RGBA" if has_alpha else "L" if image.mode in ("1", "L") else "RGB"
    if image.mode not in ("L", "RGB", "RGBA", "CMYK"):  # palette modes cannot be resampled, convert first
        image = image.convert(mode)
    profile = image.info.get("icc_profile")
    image.thumbnail((MAX_PICTURE_SIDE, MAX_PICTURE_SIDE), reducing_gap=3.0)
    if isinstance(profile, bytes) and profile:
        image = _apply_color_profile(image, profile)
    return image.convert(mode)


def _apply_color_profile(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except _DECODING_ERRORS:  # a broken profile is ignored
        return image
    assert converted is not None  # profileToProfile returns None only for a conversion in place
    return converted


def _encode_within_limit(image: Image.Image, picture_type: PictureType) -> SanitizedImage:
    """Encode the image. Halve its sides while the result exceeds the limit, as noise does in a PNG of full color."""
    while True:
        stream = io.BytesIO()
        image.save(stream, _PILLOW_FORMATS[picture_type], **_SAVE_OPTIONS[picture_type])
        if len(stream.getvalue()) <= MAX_PICTURE_BYTES:
            return SanitizedImage(stream.getvalue(), picture_type, image.width, image.height)
        image.thumbnail((image.width // 2, image.height // 2))
