"""Errors of files."""

from chalicelib.core.errors import ApiError, Conflict, NotFound, TooManyRequests


class FilesNotEnabled(NotFound):
    """The stage has no bucket for files."""

    slug = "files-not-enabled"
    detail = "Files are not enabled in this deployment."


class FileNotReady(Conflict):
    """The file was not uploaded yet, or is still being checked."""

    slug = "file-not-ready"
    detail = "The file has not been uploaded yet, or is being checked."
    retry_after = 2


class FileRejected(ApiError):
    """The file has failed a check and was deleted."""

    slug = "file-rejected"
    status = 410
    title = "Gone"
    detail = "The file was rejected and deleted. Read the file: `rejection` is the reason."


class FileQuotaExceeded(Conflict):
    """The file exceeds the quota of the user. The user can delete other files to free space."""

    slug = "file-quota-exceeded"
    detail = "The file exceeds the quota. Delete other files first."


class FileLimitReached(TooManyRequests):
    """The user has reached the daily limit of uploads. Raised with the time until midnight UTC."""

    slug = "file-limit-reached"
    detail = "The daily limit of file uploads is reached. It is reset at midnight UTC."
    retry_after = 3600
