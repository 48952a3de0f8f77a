"""The adapter of the function that erases accounts."""

from chalicelib.aws.async_functions import AsyncFunction
from chalicelib.core import logs
from chalicelib.core.errors import UpstreamError
from chalicelib.privacy.models import ErasureRequest


class ErasureStarter:
    """Starts the function that erases accounts."""

    def __init__(self, function: AsyncFunction) -> None:
        self._function = function

    def start(self, user_id: str) -> bool:
        """Start an erasure. Return False if AWS does not accept it; reconciliation then starts it within the hour."""
        try:
            self._function.start(ErasureRequest(user_id=user_id).model_dump_json())
        except UpstreamError as exc:
            logs.error("erasure not started", exc)
            return False
        return True
