"""The adapter of the function that checks files."""

from chalicelib.aws.async_functions import AsyncFunction
from chalicelib.files.checking import FileCheckRequest


class FileCheckStarter:
    """Starts the function that checks files."""

    def __init__(self, function: AsyncFunction) -> None:
        self._function = function

    def start(self, request: FileCheckRequest) -> None:
        """Start the check of a file. Raises UpstreamError."""
        self._function.start(request.model_dump_json())
