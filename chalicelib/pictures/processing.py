"""The processing of an upload in a function of its own: the protocol, the function's work, and the API's client.

The API invokes the function with a ProcessingRequest and gets a ProcessingResult. Decoding untrusted files runs in a
function whose role can only read uploads and write pictures.
"""

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from chalicelib.aws.errors import translate_errors
from chalicelib.core import logs
from chalicelib.core.errors import ServiceUnavailable, UpstreamError
from chalicelib.core.validation import InternalModel
from chalicelib.pictures.storage import PictureStorage
from chalicelib.profiles.fields import PictureType

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# Time for each step of the function. The sum is its timeout, so that a slow S3 never causes a timeout. A function
# that reaches its timeout was busy with the picture. The sum is checked by tests/unit/aws/test_clients.py.
READ_SECONDS: Final = 1.5  # S3 may pause once more, for its read timeout
SANITIZE_SECONDS: Final = 2.8  # the largest picture needs 2.0
WRITE_SECONDS: Final = 1.7

_TOO_SLOW: Final = "must be an image that can be read in less time"
_TOO_MUCH_MEMORY: Final = "must be an image that can be read with less memory"
_CRASHED: Final = "must be an image that can be read"
# Lambda's error reports for a function that ran out of time or memory, or whose image library crashed. The first match
# applies. An exit status without a signal is a fault of the deployment, such as a missing module.
# https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
_REASONS: Final = {
    "Sandbox.Timedout": _TOO_SLOW,
    "Task timed out": _TOO_SLOW,
    "Runtime.OutOfMemory": _TOO_MUCH_MEMORY,
    "MemoryError": _TOO_MUCH_MEMORY,
    "signal: killed": _TOO_MUCH_MEMORY,
    "signal: ": _CRASHED,
}


class ProcessingRequest(InternalModel):
    """The upload to process, and the key of the picture to write."""

    upload_key: str
    picture_key: str

    @property
    def sub(self) -> str:
        """Return the id of the user."""
        return self.upload_key.split("/")[1]


class ProcessingResult(InternalModel):
    """The result. An accepted picture has its properties, a rejected one the reason."""

    status: Literal["accepted", "rejected", "missing", "unavailable", "failed"]
    reason: str = ""
    content_type: PictureType | None = None
    size: int = 0  # bytes
    width: int = 0  # pixels
    height: int = 0  # pixels


class SanitizedImage(Protocol):
    """A picture made from the pixels of an upload."""

    @property
    def content(self) -> bytes:
        """Return the encoded picture."""

    @property
    def content_type(self) -> PictureType:
        """Return the media type."""

    @property
    def width(self) -> int:
        """Return the width in pixels."""

    @property
    def height(self) -> int:
        """Return the height in pixels."""


def process_upload(
    storage: PictureStorage,
    request: ProcessingRequest,
    sanitize: Callable[[bytes, str], SanitizedImage],
    rejection_error: type[Exception],
    milliseconds_left: Callable[[], float],
) -> ProcessingResult:
    """Make a sanitized picture from an upload.

    A failed call to AWS is a result, not an error. `sanitize` raises `rejection_error`, whose text is the reason.
    `milliseconds_left` returns the time until the function's timeout.
    """
    try:
        file = storage.read_upload(request.upload_key, READ_SECONDS)
        if file is None:
            return ProcessingResult(status="missing")
        before = milliseconds_left()
        image = sanitize(file.content, file.content_type)
        after = milliseconds_left()
        if after < WRITE_SECONDS * 1000:
            if before - after < SANITIZE_SECONDS * 1000:
                raise ServiceUnavailable  # S3 took the time, not the image
            return _reject(_TOO_SLOW)
        storage.put_picture(request.picture_key, image.content, image.content_type)
    except rejection_error as exc:
        return _reject(str(exc))
    except UpstreamError as exc:
        logs.error("picture not processed", exc)
        return ProcessingResult(status="unavailable" if isinstance(exc, ServiceUnavailable) else "failed")
    return ProcessingResult(
        status="accepted",
        content_type=image.content_type,
        size=len(image.content),
        width=image.width,
        height=image.height,
    )


def _reject(reason: str) -> ProcessingResult:
    logs.event("picture rejected", logging.WARNING, reason=reason)
    return ProcessingResult(status="rejected", reason=reason)


class PictureProcessor:
    """Client of the function that processes pictures.

    The client of Lambda is created at the first call, because most requests need none.
    """

    def __init__(self, client: "Callable[[], LambdaClient]", function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def process(self, request: ProcessingRequest) -> ProcessingResult:
        """Process an upload. One call. The result is accepted, rejected or missing.

        A picture for which the function has run out of time or memory is rejected, because it would do so again.
        Raises ServiceUnavailable or UpstreamError.
        """
        with translate_errors():
            response = self._client().invoke(FunctionName=self._function_name, Payload=request.model_dump_json())
            payload: Any = json.load(response["Payload"])
        if "FunctionError" in response:
            return _to_result(f"{payload.get('errorType')} {payload.get('errorMessage')}")
        result = ProcessingResult.model_validate(payload)
        if result.status in ("unavailable", "failed"):
            raise ServiceUnavailable if result.status == "unavailable" else UpstreamError
        return result


def _to_result(error_report: str) -> ProcessingResult:
    """Return the rejection that Lambda's error report implies. Raises UpstreamError if it implies none."""
    reason = next((reason for marker, reason in _REASONS.items() if marker in error_report), None)
    if reason is None:
        raise UpstreamError
    return _reject(reason)
