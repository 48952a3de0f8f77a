"""Errors of files."""

from collections.abc import Mapping

from chalicelib.core.errors import ApiError, Conflict, NotFound, TooManyRequests


class FilesNotEnabled(NotFound):
    """The stage has no bucket for files."""

    slug = "files-not-enabled"
    detail = "Files are not enabled in this deployment."


class FileNotReady(Conflict):
    """The file was not uploaded yet, or is still being checked."""

    slug = "file-not-ready"
    detail = "The file has not been uploaded yet, or is being checked. Try again later."

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the time after which a repeated request can succeed."""
        return {"Retry-After": "2"}  # seconds


class FileRejected(ApiError):
    """The file has failed a check and was deleted."""

    slug = "file-rejected"
    status = 410
    title = "Gone"
    detail = "The file was rejected and deleted. `rejection` of the file has the reason."


class FileQuotaExceeded(Conflict):
    """The file exceeds the quota of the user. Deleting other files makes room for it."""

    slug = "file-quota-exceeded"
    detail = "The file exceeds the quota. Delete other files first."


class FileLimitReached(TooManyRequests):
    """The user has reached the daily limit of uploads."""

    slug = "file-limit-reached"
    detail = "The daily limit of file uploads is reached. It is reset at midnight UTC."

    def __init__(self, seconds: int = 3600) -> None:
        super().__init__()
        self._seconds = seconds

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the time until midnight UTC."""
        return {"Retry-After": str(self._seconds)}  # seconds
