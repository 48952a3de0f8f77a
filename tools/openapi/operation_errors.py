"""The errors of each kind of operation. problem_responses.py builds one response for the errors of one status."""

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
_OWNER_ERRORS: Final[ErrorClasses] = (Unauthorized, Forbidden, NotFound)
_PRECONDITION_ERRORS: Final[ErrorClasses] = (BadRequest, PreconditionFailed)
_BODY_ERRORS: Final[ErrorClasses] = (BadRequest, ContentTooLarge, UnsupportedMediaType, UnprocessableContent)
_PICTURE_ERRORS: Final[ErrorClasses] = (*_OWNER_ERRORS, PicturesNotEnabled, *COMMON_ERRORS)

READ_ERRORS: Final[ErrorClasses] = (*_OWNER_ERRORS, *_PRECONDITION_ERRORS, *COMMON_ERRORS)
WRITE_ERRORS: Final[ErrorClasses] = (*READ_ERRORS, Conflict, *_BODY_ERRORS)
CREATE_UPLOAD_ERRORS: Final[ErrorClasses] = (*_PICTURE_ERRORS, *_BODY_ERRORS, UploadLimitReached)
SET_PICTURE_ERRORS: Final[ErrorClasses] = (
    *_PICTURE_ERRORS,
    *_PRECONDITION_ERRORS,
    *_BODY_ERRORS,
    Conflict,
    PictureBusy,
    UploadLimitReached,
)
GET_PICTURE_ERRORS: Final[ErrorClasses] = _PICTURE_ERRORS
DELETE_PICTURE_ERRORS: Final[ErrorClasses] = (*_PICTURE_ERRORS, *_PRECONDITION_ERRORS, Conflict)
ALL_OPERATION_ERRORS: Final[tuple[ErrorClasses, ...]] = (
    COMMON_ERRORS,
    READ_ERRORS,
    WRITE_ERRORS,
    CREATE_UPLOAD_ERRORS,
    SET_PICTURE_ERRORS,
    GET_PICTURE_ERRORS,
    DELETE_PICTURE_ERRORS,
)
