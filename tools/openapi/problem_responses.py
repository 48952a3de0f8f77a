"""The response components of the errors."""

from typing import Any, Final

from chalicelib.core.errors import (
    PROBLEM_JSON,
    ApiError,
    Conflict,
    FieldError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
)
from chalicelib.pictures.errors import PictureBusy, PicturesNotEnabled, UploadLimitReached
from tools.openapi.operation_errors import READ_ERRORS, SET_PICTURE_ERRORS, WRITE_ERRORS
from tools.openapi.references import ref
from tools.openapi.responses import build_response

_REQUEST_ID: Final = "d4743ad6-b53a-4803-b7b8-7dc138182899"
_TYPES_URL: Final = "http://127.0.0.1:8000/problems"
_ERROR_HEADERS: Final[dict[type[ApiError], tuple[str, ...]]] = {
    Unauthorized: ("WWW-Authenticate",),
    UnsupportedMediaType: ("Accept",),
    TooManyRequests: ("Retry-After",),
    PictureBusy: ("Retry-After",),
    UploadLimitReached: ("Retry-After",),
    ServiceUnavailable: ("Retry-After",),
}
# Another error that the same operations return with the same status.
_OTHER_ERRORS: Final[dict[type[ApiError], ApiError]] = {
    PicturesNotEnabled: NotFound("The profile has no picture."),
    PictureBusy: Conflict("A concurrent request has changed the picture. Read the profile again."),
    UploadLimitReached: TooManyRequests(),
}


def build_problem_responses() -> dict[str, Any]:
    """Return the response components of all errors, ordered by status."""
    error_classes: set[type[ApiError]] = {*READ_ERRORS, *WRITE_ERRORS, *SET_PICTURE_ERRORS}
    ordered = sorted(error_classes, key=lambda error_class: (error_class.status, error_class.slug))
    return {error_class.__name__: _build_problem_response(error_class) for error_class in ordered}


def _build_problem_response(error_class: type[ApiError]) -> dict[str, Any]:
    examples = [_build_example(error_class)]
    if error_class in _OTHER_ERRORS:
        examples.append(_OTHER_ERRORS[error_class])
    description = " ".join(error.detail for error in examples)
    content = {
        "schema": ref("schemas", "Problem"),
        "examples": {error.slug: {"value": error.to_problem(_REQUEST_ID, _TYPES_URL)} for error in examples},
    }
    return {**build_response(description, *_ERROR_HEADERS.get(error_class, ())), "content": {PROBLEM_JSON: content}}


def _build_example(error_class: type[ApiError]) -> ApiError:
    if error_class is UnprocessableContent:
        return UnprocessableContent(errors=[FieldError("/dob", "must not be in the future")])
    return error_class()
