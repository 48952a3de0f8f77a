"""Errors of deletions and exports."""

from chalicelib.core.errors import Conflict, NotFound, TooManyRequests


class NoDeletion(NotFound):
    """No deletion is scheduled for the account."""

    slug = "no-deletion"
    detail = "No deletion is scheduled for this account."


class DeletionInProgress(Conflict):
    """The erasure has started, so the deletion cannot be cancelled."""

    slug = "deletion-in-progress"
    detail = "The account is being erased. The deletion can no longer be cancelled."


class ExportLimitReached(TooManyRequests):
    """The user has exported the data within the last minute. Raised with the time until the next export is allowed."""

    slug = "export-limit-reached"
    detail = "The data was exported less than a minute ago."
    retry_after = 60
