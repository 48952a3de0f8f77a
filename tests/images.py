"""Pictures as cameras, browsers and enemies make them."""

import io
from typing import Any

from PIL import ExifTags, Image, ImageCms

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
PLACE = "23.8103 N 90.4125 E"


def encoded(image: Image.Image, content_type: str = "image/jpeg", **more: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, FORMATS[content_type], **more)
    return stream.getvalue()


def picture(content_type: str = "image/jpeg", size: tuple[int, int] = (64, 48), **more: Any) -> bytes:
    """Red to the left and blue to the right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    return encoded(image, content_type, **more)


def as_taken(orientation: int = 1) -> dict[str, Any]:
    """What a camera writes into a file: its position, its owner, how it was held, and its colours."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "Jane Roe"
    exif[ExifTags.Base.ImageDescription] = PLACE
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (23.0, 48.0, 37.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {"exif": exif, "icc_profile": profile, "xmp": f"<x:xmpmeta>{PLACE}</x:xmpmeta>".encode()}


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
