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
    RecentSignInRequired,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
)
from chalicelib.files.errors import (
    FileLimitReached,
    FileNotReady,
    FileQuotaExceeded,
    FileRejected,
    FilesNotEnabled,
)
from chalicelib.pictures.errors import PictureBusy, PicturesNotEnabled, UploadLimitReached
from chalicelib.privacy.errors import DeletionInProgress, ExportLimitReached, NoDeletion
from chalicelib.profiles.errors import AccountErased, DeletionScheduled

ErrorClasses = tuple[type[ApiError], ...]

COMMON_ERRORS: Final[ErrorClasses] = (TooManyRequests, InternalServerError, ServiceUnavailable)
_OWNER_ERRORS: Final[ErrorClasses] = (Unauthorized, Forbidden, NotFound, AccountErased)
_WRITE_CONFLICTS: Final[ErrorClasses] = (Conflict, DeletionScheduled)
_PRECONDITION_ERRORS: Final[ErrorClasses] = (BadRequest, PreconditionFailed)
_BODY_ERRORS: Final[ErrorClasses] = (BadRequest, ContentTooLarge, UnsupportedMediaType, UnprocessableContent)
_FILE_READ_ERRORS: Final[ErrorClasses] = (Unauthorized, Forbidden, FilesNotEnabled, AccountErased, *COMMON_ERRORS)
_FILE_WRITE_ERRORS: Final[ErrorClasses] = (*_FILE_READ_ERRORS, NotFound, DeletionScheduled)
_PICTURE_ERRORS: Final[ErrorClasses] = (*_OWNER_ERRORS, PicturesNotEnabled, *COMMON_ERRORS)

READ_ERRORS: Final[ErrorClasses] = (*_OWNER_ERRORS, *_PRECONDITION_ERRORS, *COMMON_ERRORS)
WRITE_ERRORS: Final[ErrorClasses] = (*READ_ERRORS, *_WRITE_CONFLICTS, *_BODY_ERRORS)
CREATE_UPLOAD_ERRORS: Final[ErrorClasses] = (
    *_PICTURE_ERRORS,
    *_BODY_ERRORS,
    DeletionScheduled,
    UploadLimitReached,
)
SET_PICTURE_ERRORS: Final[ErrorClasses] = (
    *_PICTURE_ERRORS,
    *_PRECONDITION_ERRORS,
    *_BODY_ERRORS,
    *_WRITE_CONFLICTS,
    PictureBusy,
    UploadLimitReached,
)
GET_PICTURE_ERRORS: Final[ErrorClasses] = _PICTURE_ERRORS
DELETE_PICTURE_ERRORS: Final[ErrorClasses] = (*_PICTURE_ERRORS, *_PRECONDITION_ERRORS, *_WRITE_CONFLICTS)
CREATE_FILE_ERRORS: Final[ErrorClasses] = (
    *_FILE_WRITE_ERRORS,
    *_BODY_ERRORS,
    FileQuotaExceeded,
    FileLimitReached,
)
LIST_FILES_ERRORS: Final[ErrorClasses] = (*_FILE_READ_ERRORS, BadRequest)
GET_FILE_ERRORS: Final[ErrorClasses] = (*_FILE_READ_ERRORS, NotFound, *_PRECONDITION_ERRORS)
GET_FILE_CONTENT_ERRORS: Final[ErrorClasses] = (*_FILE_READ_ERRORS, NotFound, FileNotReady, FileRejected)
DELETE_FILE_ERRORS: Final[ErrorClasses] = (*_FILE_WRITE_ERRORS, *_PRECONDITION_ERRORS, Conflict)
UPDATE_FILE_ERRORS: Final[ErrorClasses] = (*DELETE_FILE_ERRORS, *_BODY_ERRORS)
DELETE_USER_ERRORS: Final[ErrorClasses] = (*_OWNER_ERRORS, RecentSignInRequired, *COMMON_ERRORS)
GET_DELETION_ERRORS: Final[ErrorClasses] = (Unauthorized, Forbidden, NoDeletion, AccountErased, *COMMON_ERRORS)
CANCEL_DELETION_ERRORS: Final[ErrorClasses] = (*GET_DELETION_ERRORS, DeletionInProgress)
EXPORT_ERRORS: Final[ErrorClasses] = (*DELETE_USER_ERRORS, ExportLimitReached)
ALL_OPERATION_ERRORS: Final[tuple[ErrorClasses, ...]] = (
    COMMON_ERRORS,
    READ_ERRORS,
    WRITE_ERRORS,
    CREATE_UPLOAD_ERRORS,
    SET_PICTURE_ERRORS,
    GET_PICTURE_ERRORS,
    DELETE_PICTURE_ERRORS,
    CREATE_FILE_ERRORS,
    LIST_FILES_ERRORS,
    GET_FILE_ERRORS,
    GET_FILE_CONTENT_ERRORS,
    UPDATE_FILE_ERRORS,
    DELETE_FILE_ERRORS,
    DELETE_USER_ERRORS,
    GET_DELETION_ERRORS,
    CANCEL_DELETION_ERRORS,
    EXPORT_ERRORS,
)
