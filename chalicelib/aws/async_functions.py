"""Lambda functions that are started without waiting for their result."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translate_errors

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class AsyncFunction:
    """A Lambda function that runs asynchronously. The client is created at the first call."""

    def __init__(self, client: "Callable[[], LambdaClient]", name: str) -> None:
        self._client = client
        self._name = name

    def start(self, payload: str | bytes) -> None:
        """Start the function with a JSON payload. Raises UpstreamError if AWS does not accept it."""
        with translate_errors():
            self._client().invoke(FunctionName=self._name, InvocationType="Event", Payload=payload)
