"""The limits of uploads, and the request bodies and responses of pictures."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from chalicelib.core.validation import StrictModel, require_string, rule_error
from chalicelib.profiles.fields import PictureType, Timestamp, enum_parser
from chalicelib.profiles.models import Picture

MAX_PICTURE_BYTES: Final = 5 * 1024 * 1024  # of an upload
TOO_MANY_BYTES_MESSAGE: Final = f"must be at most {MAX_PICTURE_BYTES // 1024**2} MiB ({MAX_PICTURE_BYTES} bytes)"
MAX_PICTURE_PIXELS: Final = 25_000_000  # of an upload; photos of phones have fewer
MAX_PICTURE_SIDE: Final = 2048  # pixels of the longer side of a stored picture

_UPLOAD_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _parse_size(value: object) -> int:
    # 2048.0 is an integer too: JSON Schema and ECMA-404 have only one type of number.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise rule_error("must be a number of bytes, 1 or more")
    if number > MAX_PICTURE_BYTES:
        raise rule_error(TOO_MANY_BYTES_MESSAGE)
    return number


def _parse_upload_id(value: object) -> str:
    text = require_string(value)
    if not _UPLOAD_ID.fullmatch(text):
        raise rule_error("must be the upload_id of an upload")
    return text


UploadId = Annotated[str, BeforeValidator(_parse_upload_id), WithJsonSchema({"type": "string", "format": "uuid"})]
PictureTypeInput = Annotated[PictureType, BeforeValidator(enum_parser(PictureType))]
PictureSize = Annotated[
    int,
    BeforeValidator(_parse_size),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_PICTURE_BYTES, "description": "Size in bytes."}),
]


class CreateUploadRequest(StrictModel):
    """The body of a POST: media type and size of the file to upload."""

    content_type: PictureTypeInput
    size: PictureSize


class UploadLimits(StrictModel):
    """The limits of an upload."""

    content_type: PictureType
    max_bytes: int = MAX_PICTURE_BYTES
    max_pixels: int = MAX_PICTURE_PIXELS


class PresignedUpload(StrictModel):
    """A presigned POST: send `fields` and then the file as `file` to `url`, as multipart/form-data."""

    upload_id: str
    url: str
    fields: dict[str, str]
    expires_at: Timestamp
    limits: UploadLimits


class SetPictureRequest(StrictModel):
    """The body of a PUT: the upload that becomes the picture."""

    upload_id: UploadId


class PictureLink(Picture):
    """A picture and its presigned URL."""

    url: str
    expires_at: Timestamp
