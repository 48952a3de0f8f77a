"""Checking an upload, in a function of its own: what it is asked, what it answers, and what it does.

The API asks by Order and is told an Outcome. The function has the image library, and nothing to fear from a file
made to break into it: its role may read uploads and write pictures, and knows no table, pool or other function.
"""

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from chalicelib import logs
from chalicelib.aws import translated
from chalicelib.bucket import PictureBucket
from chalicelib.errors import BackendFailed, Unavailable
from chalicelib.values import PictureType

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# Seconds that the function has for each of its steps. They add up to its timeout, so that slow S3 never ends in a
# timeout: a function that was stopped was busy with the picture. tests/unit/test_aws.py does the sum.
READ_SECONDS: Final = 1.5  # S3 may pause once more, for its read timeout
CLEAN_SECONDS: Final = 2.8  # for the largest picture it needs 2.0
WRITE_SECONDS: Final = 1.7

_TOO_SLOW: Final = "must be an image that can be read in less time"
_TOO_LARGE: Final = "must be an image that can be read with less memory"
_CRASHED: Final = "must be an image that can be read"
# Lambda's reports of a function that was stopped: for time, for memory, or because the image library crashed. The
# first that fits counts. An exit status without a signal is a fault of the deployment, such as a missing module.
# https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
_STOPPED: Final = {
    "Sandbox.Timedout": _TOO_SLOW,
    "Task timed out": _TOO_SLOW,
    "Runtime.OutOfMemory": _TOO_LARGE,
    "MemoryError": _TOO_LARGE,
    "signal: killed": _TOO_LARGE,
    "signal: ": _CRASHED,
}


class Order(BaseModel):
    """What to check, and where to put what is made of it."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    upload: str  # key
    picture: str  # key

    @property
    def sub(self) -> str:
        """Whose they are."""
        return self.upload.split("/")[1]


class Outcome(BaseModel):
    """How it went. The facts are there for what was `kept`, the broken rule for what was `refused`."""

    model_config = ConfigDict(defer_build=True, frozen=True)

    verdict: Literal["kept", "refused", "missing", "unavailable", "failed"]
    rule: str = ""
    content_type: PictureType | None = None
    size: int = 0  # bytes
    width: int = 0  # pixels
    height: int = 0  # pixels


class Cleaned(Protocol):
    """What the image library makes of a file."""

    @property
    def content(self) -> bytes: ...
    @property
    def content_type(self) -> PictureType: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


def check(
    bucket: PictureBucket,
    order: Order,
    clean: Callable[[bytes, str], Cleaned],
    refusal: type[Exception],
    milliseconds_left: Callable[[], float],
) -> Outcome:
    """Make a clean picture of an upload. `clean` raises `refusal`, whose text is the broken rule."""
    try:
        file = bucket.read(order.upload, READ_SECONDS)
        if file is None:
            return Outcome(verdict="missing")
        before = milliseconds_left()
        made = clean(file.content, file.content_type)
        left = milliseconds_left()
        if left < WRITE_SECONDS * 1000:
            if before - left < CLEAN_SECONDS * 1000:
                raise Unavailable  # it was S3 that took the time
            return _refused(_TOO_SLOW)
        bucket.write(order.picture, made.content, made.content_type)
    except refusal as exc:
        return _refused(str(exc))
    except BackendFailed as exc:
        logs.failure("picture not checked", exc)
        return Outcome(verdict="unavailable" if isinstance(exc, Unavailable) else "failed")
    return Outcome(
        verdict="kept",
        content_type=made.content_type,
        size=len(made.content),
        width=made.width,
        height=made.height,
    )


def _refused(rule: str) -> Outcome:
    logs.event("picture refused", logging.WARNING, rule=rule)
    return Outcome(verdict="refused", rule=rule)


class PictureChecker:
    """The function, over a client and its name that are handed in."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    def check(self, order: Order) -> Outcome:
        """Have an upload checked. One call. Raises Unavailable and BackendFailed, and no such Outcome is returned.

        A picture on which the function has run out of time or memory is refused: it would do so again.
        """
        with translated():
            answer = self._client.invoke(FunctionName=self._function, Payload=order.model_dump_json())
            told: Any = json.load(answer["Payload"])
        if "FunctionError" in answer:
            return _outcome_of(f"{told.get('errorType')} {told.get('errorMessage')}")
        outcome = Outcome.model_validate(told)
        if outcome.verdict in ("unavailable", "failed"):
            raise Unavailable if outcome.verdict == "unavailable" else BackendFailed
        return outcome


def _outcome_of(error: str) -> Outcome:
    """The verdict on the upload that Lambda's report of an error implies. Raises BackendFailed if it implies none."""
    rule = next((rule for mark, rule in _STOPPED.items() if mark in error), None)
    if rule is None:
        raise BackendFailed
    return _refused(rule)
