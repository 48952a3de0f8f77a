"""Responses of the function that checks pictures, and its time limits. Lambda and S3 are fakes here."""

import io
import json
from typing import Any

import pytest

from chalicelib.core.errors import ApiError, ServiceUnavailable, UpstreamError
from chalicelib.pictures import processing
from chalicelib.pictures.image_sanitizer import InvalidImage, SanitizedImage
from chalicelib.pictures.processing import (
    SANITIZE_SECONDS,
    WRITE_SECONDS,
    PictureProcessor,
    ProcessingRequest,
    ProcessingResult,
)
from chalicelib.pictures.storage import UploadedFile
from chalicelib.profiles.fields import PictureType

REQUEST = ProcessingRequest(upload_key="uploads/u-1/1", picture_key="pictures/u-1/1/2")


class FakeLambda:
    """A client factory and client of Lambda whose function returns this payload."""

    def __init__(self, payload: Any, function_error: str | None = None) -> None:
        self._response = {
            "Payload": io.BytesIO(json.dumps(payload).encode()),
            **({"FunctionError": function_error} if function_error else {}),
        }

    def __call__(self) -> "FakeLambda":
        return self

    def invoke(self, **_: Any) -> dict[str, Any]:
        return self._response


def check(payload: Any, function_error: str | None = None) -> ProcessingResult:
    client: Any = FakeLambda(payload, function_error)
    return PictureProcessor(client, "check_picture").process(REQUEST)


def test_request_has_the_user_of_its_upload() -> None:
    assert REQUEST.sub == "u-1"


@pytest.mark.parametrize("status", ["accepted", "rejected", "missing"])
def test_status_of_the_function_is_returned(status: str) -> None:
    assert check({"status": status}).status == status


@pytest.mark.parametrize(
    ("payload", "function_error", "expected"),
    [
        ({"status": "unavailable"}, None, ServiceUnavailable),
        ({"status": "failed"}, None, UpstreamError),
        ({"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"}, "Unhandled", UpstreamError),
        ({"errorType": "ModuleNotFoundError", "errorMessage": "No module named 'PIL'"}, "Unhandled", UpstreamError),
    ],
)
def test_failed_check_is_not_a_rejection(payload: Any, function_error: str | None, expected: type[ApiError]) -> None:
    with pytest.raises(ApiError) as caught:
        check(payload, function_error)
    assert type(caught.value) is expected


# https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        ({"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out"}, "less time"),
        ({"errorMessage": "2026-11-23T10:00:00Z 1 Task timed out after 7.00 seconds"}, "less time"),
        (
            {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with error: signal: killed"},
            "less memory",
        ),
        (
            {"errorType": "Runtime.OutOfMemory", "errorMessage": "Runtime exited without providing a reason"},
            "less memory",
        ),
        ({"errorType": "MemoryError", "errorMessage": ""}, "less memory"),
        ({"errorType": "Runtime.ExitError", "errorMessage": "signal: segmentation fault"}, "can be read"),
    ],
)
def test_picture_that_stopped_the_function_is_rejected(payload: Any, rule: str) -> None:
    result = check(payload, "Unhandled")
    assert result.status == "rejected"
    assert result.reason.startswith("must be an image that can be read")
    assert result.reason.endswith(rule)


class FakeStorage:
    """A storage with one upload, which records the keys of written pictures."""

    def __init__(self) -> None:
        self.written_keys: list[str] = []

    def read_upload(self, *_: Any) -> UploadedFile:
        return UploadedFile(b"x", "image/png")

    def put_picture(self, key: str, *_: Any) -> None:
        self.written_keys.append(key)


def check_in_function(sanitize_seconds: float, seconds_left: float) -> tuple[str, str, list[str]]:
    """Run the check in a function that takes and leaves this time; return status, reason and written keys."""
    remaining_ms = iter([(seconds_left + sanitize_seconds) * 1000, seconds_left * 1000])
    storage = FakeStorage()
    result = processing.process_upload(
        storage,  # type: ignore[arg-type]
        REQUEST,
        lambda content, content_type: SanitizedImage(content, PictureType.PNG, 1, 1),
        InvalidImage,
        lambda: next(remaining_ms),
    )
    return result.status, result.reason, storage.written_keys


def test_picture_is_written_if_enough_time_is_left() -> None:
    result = check_in_function(SANITIZE_SECONDS + 1, seconds_left=WRITE_SECONDS + 0.1)
    assert result == ("accepted", "", [REQUEST.picture_key])


def test_picture_that_takes_too_long_is_rejected() -> None:
    result = check_in_function(SANITIZE_SECONDS + 0.1, seconds_left=WRITE_SECONDS - 0.1)
    assert result == ("rejected", "must be an image that can be read in less time", [])


def test_picture_is_not_rejected_for_the_time_of_s3() -> None:
    result = check_in_function(SANITIZE_SECONDS - 0.1, seconds_left=WRITE_SECONDS - 0.1)
    assert result == ("unavailable", "", [])
