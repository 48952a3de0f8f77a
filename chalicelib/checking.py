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

# Lambda's own errors that the same call may not meet again: the time is up, S3 was slow.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-retries.html
_PASSING: Final = ("Sandbox.Timedout", "Task timed out")


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
    bucket: PictureBucket, order: Order, clean: Callable[[bytes, str], Cleaned], refusal: type[Exception]
) -> Outcome:
    """Make a clean picture of an upload. `clean` raises `refusal`, whose text is the broken rule."""
    try:
        file = bucket.read(order.upload)
        if file is None:
            return Outcome(verdict="missing")
        made = clean(file.content, file.content_type)
        bucket.write(order.picture, made.content, made.content_type)
    except refusal as exc:
        logs.event("picture refused", logging.WARNING, rule=str(exc))
        return Outcome(verdict="refused", rule=str(exc))
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


class PictureChecker:
    """The function, over a client and its name that are handed in."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    def check(self, order: Order) -> Outcome:
        """Have an upload checked. One call. Raises Unavailable and BackendFailed, and no such Outcome is returned."""
        with translated():
            answer = self._client.invoke(FunctionName=self._function, Payload=order.model_dump_json())
            told: Any = json.load(answer["Payload"])
        if "FunctionError" in answer:
            passing = any(mark in f"{told.get('errorType')} {told.get('errorMessage')}" for mark in _PASSING)
            raise Unavailable if passing else BackendFailed
        outcome = Outcome.model_validate(told)
        if outcome.verdict in ("unavailable", "failed"):
            raise Unavailable if outcome.verdict == "unavailable" else BackendFailed
        return outcome
