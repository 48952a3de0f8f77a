"""The errors of each kind of operation. Each status occurs once: problem_responses adds further errors of a status."""

from typing import Final

from chalicelib.core.errors import (
    ApiError,
    BadRequest,
    Conflict,
    ContentTooLarge,
    Forbidden,
    InternalServerError,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
)
from chalicelib.pictures.errors import PictureBusy, PicturesNotEnabled, UploadLimitReached

ErrorClasses = tuple[type[ApiError], ...]

COMMON_ERRORS: Final[ErrorClasses] = (TooManyRequests, InternalServerError, ServiceUnavailable)
_OWNER_ERRORS: Final[ErrorClasses] = (
    BadRequest,
    Unauthorized,
    Forbidden,
    NotFound,
    PreconditionFailed,
)
_BODY_ERRORS: Final[ErrorClasses] = (ContentTooLarge, UnsupportedMediaType, UnprocessableContent)
# NotFound is omitted, because the last of these errors is a subclass of it.
_PICTURE_ERRORS: Final[ErrorClasses] = (
    Unauthorized,
    Forbidden,
    PicturesNotEnabled,
)
# TooManyRequests is omitted, because the first of these errors is a subclass of it.
_UPLOAD_ERRORS: Final[ErrorClasses] = (UploadLimitReached, InternalServerError, ServiceUnavailable)

READ_ERRORS: Final[ErrorClasses] = (*_OWNER_ERRORS, *COMMON_ERRORS)
WRITE_ERRORS: Final[ErrorClasses] = (*_OWNER_ERRORS, Conflict, *_BODY_ERRORS, *COMMON_ERRORS)
CREATE_UPLOAD_ERRORS: Final[ErrorClasses] = (BadRequest, *_PICTURE_ERRORS, *_BODY_ERRORS, *_UPLOAD_ERRORS)
SET_PICTURE_ERRORS: Final[ErrorClasses] = (
    BadRequest,
    *_PICTURE_ERRORS,
    PictureBusy,
    PreconditionFailed,
    *_BODY_ERRORS,
    *_UPLOAD_ERRORS,
)
GET_PICTURE_ERRORS: Final[ErrorClasses] = (*_PICTURE_ERRORS, *COMMON_ERRORS)
DELETE_PICTURE_ERRORS: Final[ErrorClasses] = (
    BadRequest,
    *_PICTURE_ERRORS,
    Conflict,
    PreconditionFailed,
    *COMMON_ERRORS,
)
