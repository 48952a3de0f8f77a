"""What the function that checks pictures may answer, and how the API takes it. AWS's answers, without AWS."""

import io
import json
import time
from typing import Any

import pytest

from chalicelib import checking
from chalicelib.bucket import File, PictureBucket
from chalicelib.checking import CLEAN_SECONDS, WRITE_SECONDS, Order, Outcome, PictureChecker
from chalicelib.errors import ApiError, BackendFailed, Unavailable
from chalicelib.images import CleanPicture, NotAPicture
from chalicelib.values import PictureType

ORDER = Order(upload="uploads/u-1/1", picture="pictures/u-1/1/2")


class Lambda:
    """Answers as Lambda does."""

    def __init__(self, told: Any, error: str | None = None) -> None:
        self._answer = {"Payload": io.BytesIO(json.dumps(told).encode()), **({"FunctionError": error} if error else {})}

    def invoke(self, **_: Any) -> dict[str, Any]:
        return self._answer


def checked(told: Any, error: str | None = None) -> Outcome:
    return PictureChecker(Lambda(told, error), "check_picture").check(ORDER)  # type: ignore[arg-type]


def test_an_order_says_whose_it_is() -> None:
    assert ORDER.sub == "u-1"


@pytest.mark.parametrize("verdict", ["kept", "refused", "missing"])
def test_a_verdict_is_handed_on(verdict: str) -> None:
    assert checked({"verdict": verdict}).verdict == verdict


@pytest.mark.parametrize(
    ("told", "error", "raised"),
    [
        ({"verdict": "unavailable"}, None, Unavailable),
        ({"verdict": "failed"}, None, BackendFailed),
        ({"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"}, "Unhandled", BackendFailed),
        ({"errorType": "ModuleNotFoundError", "errorMessage": "No module named 'PIL'"}, "Unhandled", BackendFailed),
    ],
)
def test_a_check_that_was_not_done_is_no_verdict(told: Any, error: str | None, raised: type[ApiError]) -> None:
    with pytest.raises(ApiError) as caught:
        checked(told, error)
    assert type(caught.value) is raised


# https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
@pytest.mark.parametrize(
    ("told", "rule"),
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
def test_picture_that_stopped_the_function_is_refused(told: Any, rule: str) -> None:
    outcome = checked(told, "Unhandled")
    assert outcome.verdict == "refused"
    assert outcome.rule.startswith("must be an image that can be read")
    assert outcome.rule.endswith(rule)


class Bucket:
    """One upload, and what was written."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def read(self, *_: Any) -> File:
        return File(b"x", "image/png")

    def write(self, key: str, *_: Any) -> None:
        self.written.append(key)


def checked_in(clean_seconds: float, left_after: float) -> tuple[str, str, list[str]]:
    """Check an upload in a function that has these seconds left when the picture is clean."""
    clock = iter([(left_after + clean_seconds) * 1000, left_after * 1000])
    bucket = Bucket()
    outcome = checking.check(
        bucket,  # type: ignore[arg-type]
        ORDER,
        lambda content, content_type: CleanPicture(content, PictureType.PNG, 1, 1),
        NotAPicture,
        lambda: next(clock),
    )
    return outcome.verdict, outcome.rule, bucket.written


def test_picture_is_written_while_there_is_time() -> None:
    assert checked_in(CLEAN_SECONDS + 1, left_after=WRITE_SECONDS + 0.1) == ("kept", "", [ORDER.picture])


def test_picture_that_takes_the_time_is_refused() -> None:
    rule = "must be an image that can be read in less time"
    assert checked_in(CLEAN_SECONDS + 0.1, left_after=WRITE_SECONDS - 0.1) == ("refused", rule, [])


def test_time_that_s3_took_is_not_the_fault_of_the_picture() -> None:
    assert checked_in(CLEAN_SECONDS - 0.1, left_after=WRITE_SECONDS - 0.1) == ("unavailable", "", [])


class SlowS3:
    """Answers with a body that arrives in small parts, each in time and all of them too late."""

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": SlowBody(), "ContentLength": 1_000_000, "ContentType": "image/png"}


class SlowBody:
    def read(self, _: int) -> bytes:
        time.sleep(0.02)
        return bytes(1000)


def test_body_that_arrives_too_slowly_is_not_waited_for() -> None:
    bucket = PictureBucket(SlowS3(), "pictures")  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        bucket.read("uploads/u-1/1", seconds=0.05)
