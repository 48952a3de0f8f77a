"""Errors of an account that is being deleted."""

from chalicelib.core.errors import ApiError, Conflict


class DeletionScheduled(Conflict):
    """The account is scheduled for deletion, so its profile and picture cannot be changed."""

    slug = "deletion-scheduled"
    detail = "The account is scheduled for deletion and cannot be changed. Cancel the deletion first."


class AccountErased(ApiError):
    """The account is being erased, or was erased."""

    slug = "account-erased"
    status = 410
    title = "Gone"
    detail = "The account was deleted."
