"""The state of a deletion, in the item of the profile.

Attributes: `deletion_status` (S), `deletion_requested_at` (S), `deletion_requested_by` (S), `deletion_erase_after` (S)
and `deletion_username` (S), the user name in the user pool. An erased account has a tombstone instead of a profile: an
item with the same key, the status `erased` and no personal data.

Every write of a profile requires that there is no deletion. A read of an account that is being erased raises
AccountErased.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from chalicelib.aws.errors import DynamoItem
from chalicelib.core.errors import UnreadableItem
from chalicelib.profiles.errors import AccountErased, DeletionScheduled

STATUS: Final = "deletion_status"
REQUESTED_AT: Final = "deletion_requested_at"
REQUESTED_BY: Final = "deletion_requested_by"
ERASE_AFTER: Final = "deletion_erase_after"
USERNAME: Final = "deletion_username"


class DeletionStatus(StrEnum):
    """The progress of a deletion."""

    SCHEDULED = "scheduled"
    ERASING = "erasing"
    ERASED = "erased"


class DeletionRequester(StrEnum):
    """The requester: the user, or reconciliation for a user that no longer exists in the user pool."""

    USER = "user"
    RECONCILIATION = "reconciliation"


@dataclass(frozen=True, slots=True)
class Deletion:
    """A requested deletion."""

    status: DeletionStatus
    requested_at: datetime
    requested_by: DeletionRequester
    erase_after: datetime
    username: str

    def is_due(self, now: datetime) -> bool:
        """Return True if the erasure may start or is unfinished."""
        return self.status is DeletionStatus.ERASING or (
            self.status is DeletionStatus.SCHEDULED and self.erase_after <= now
        )


def get_status(item: DynamoItem) -> DeletionStatus | None:
    """Return the status of the deletion in an item, or None. Raises UnreadableItem."""
    if STATUS not in item:
        return None
    try:
        return DeletionStatus(item[STATUS].get("S", ""))
    except ValueError as exc:
        raise UnreadableItem from exc


def get_deletion(item: DynamoItem) -> Deletion | None:
    """Return the deletion in an item. None if there is none, or if the account was erased. Raises UnreadableItem."""
    status = get_status(item)
    if status is None or status is DeletionStatus.ERASED:
        return None
    try:
        return Deletion(
            status,
            datetime.fromisoformat(item[REQUESTED_AT]["S"]),
            DeletionRequester(item[REQUESTED_BY]["S"]),
            datetime.fromisoformat(item[ERASE_AFTER]["S"]),
            item[USERNAME]["S"],
        )
    except (KeyError, ValueError) as exc:
        raise UnreadableItem from exc


def require_not_erased(item: DynamoItem) -> None:
    """Raise AccountErased if the account is being erased, or was erased."""
    if get_status(item) in (DeletionStatus.ERASING, DeletionStatus.ERASED):
        raise AccountErased


def require_no_deletion(item: DynamoItem) -> None:
    """Raise DeletionScheduled or AccountErased if there is a deletion."""
    require_not_erased(item)
    if STATUS in item:
        raise DeletionScheduled
