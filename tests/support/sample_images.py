"""Images as cameras and browsers make them."""

import io
from typing import Any, Final

from PIL import ExifTags, Image, ImageCms

FORMATS: Final = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
GPS_TEXT: Final = "23.8103 N 90.4125 E"


def encode(image: Image.Image, content_type: str = "image/jpeg", **options: Any) -> bytes:
    """Return the image as a file of this type. `options` are those of Pillow's `save`."""
    stream = io.BytesIO()
    image.save(stream, FORMATS[content_type], **options)
    return stream.getvalue()


def make_image(content_type: str = "image/jpeg", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    """Return a file with an image whose left half is red and whose right half is blue."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    return encode(image, content_type, **options)


def camera_metadata(orientation: int = 1) -> dict[str, Any]:
    """Return options for `encode` that add a camera's metadata: position, owner, orientation and color profile."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Artist] = "Jane Roe"
    exif[ExifTags.Base.ImageDescription] = GPS_TEXT
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (23.0, 48.0, 37.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {"exif": exif, "icc_profile": profile, "xmp": f"<x:xmpmeta>{GPS_TEXT}</x:xmpmeta>".encode()}


def open_image(content: bytes) -> Image.Image:
    """Decode a file, and return its image."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
