"""The response components of the errors.

An operation has one response per status. The errors of an operation with the same status share a component.
"""

from typing import Any, Final

from chalicelib.core.errors import (
    PROBLEM_JSON,
    ApiError,
    Conflict,
    FieldError,
    NotFound,
    RecentSignInRequired,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
)
from chalicelib.files.errors import FileLimitReached, FileQuotaExceeded, FileRejected, FilesNotEnabled
from chalicelib.pictures.errors import PictureBusy, PicturesNotEnabled, UploadLimitReached
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from tools.openapi.operation_errors import ALL_OPERATION_ERRORS, ErrorClasses
from tools.openapi.references import ref
from tools.openapi.responses import build_response

_REQUEST_ID: Final = "d4743ad6-b53a-4803-b7b8-7dc138182899"
_TYPES_URL: Final = "http://127.0.0.1:8000/problems"
# The names of the components with several errors, and the examples. A component with one error has the error's name.
_SHARED_RESPONSES: Final[dict[str, tuple[ApiError, ...]]] = {
    "SignInRequired": (Unauthorized(), RecentSignInRequired()),
    "WriteConflict": (Conflict(), DeletionScheduled()),
    "PictureNotFound": (PicturesNotEnabled(), NotFound("The profile has no picture.")),
    "PictureConflict": (
        PictureBusy(),
        Conflict("A concurrent request has changed the picture. Read the profile again."),
        DeletionScheduled(),
    ),
    "FileNotFound": (FilesNotEnabled(), NotFound("There is no such file.")),
    "FileCreationConflict": (FileQuotaExceeded(), DeletionScheduled()),
    "FileContentGone": (AccountErased(), FileRejected()),
    "TooManyFiles": (FileLimitReached(), TooManyRequests()),
    "TooManyExports": (ExportLimitReached(), TooManyRequests()),
    "TooManyUploads": (UploadLimitReached(), TooManyRequests()),
}


def build_problem_references(error_classes: ErrorClasses) -> dict[str, Any]:
    """Return references to the responses of these errors, by status. Raises KeyError if a component has no name."""
    return {
        str(status): ref("responses", _name_component(errors))
        for status, errors in _group_by_status(error_classes).items()
    }


def build_problem_responses() -> dict[str, Any]:
    """Return the response components of all errors, ordered by status and name."""
    components = {
        (status, _name_component(errors)): _build_problem_response(errors)
        for error_classes in ALL_OPERATION_ERRORS
        for status, errors in _group_by_status(error_classes).items()
    }
    return {name: components[status, name] for status, name in sorted(components)}


def _group_by_status(error_classes: ErrorClasses) -> dict[int, frozenset[type[ApiError]]]:
    return {
        error.status: frozenset(other for other in error_classes if other.status == error.status)
        for error in error_classes
    }


def _name_component(errors: frozenset[type[ApiError]]) -> str:
    if len(errors) == 1:
        return next(iter(errors)).__name__
    names = {frozenset(map(type, examples)): name for name, examples in _SHARED_RESPONSES.items()}
    return names[errors]


def _build_problem_response(errors: frozenset[type[ApiError]]) -> dict[str, Any]:
    examples = _SHARED_RESPONSES.get(_name_component(errors)) or tuple(map(_build_example, errors))
    description = " ".join(error.detail for error in examples)
    headers = dict.fromkeys(name for error in examples for name in error.headers)
    content = {
        "schema": ref("schemas", "Problem"),
        "examples": {error.slug: {"value": error.to_problem(_REQUEST_ID, _TYPES_URL)} for error in examples},
    }
    return {**build_response(description, *headers), "content": {PROBLEM_JSON: content}}


def _build_example(error_class: type[ApiError]) -> ApiError:
    if error_class is UnprocessableContent:
        return UnprocessableContent(errors=[FieldError("/dob", "must not be in the future")])
    if error_class is UnsupportedMediaType:
        return UnsupportedMediaType("application/json")
    return error_class()
