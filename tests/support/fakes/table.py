"""The items of the users table in memory, which the fakes of several domains share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.core.errors import UpstreamError
from chalicelib.pictures.repository import ProfileRecord
from chalicelib.profiles.deletion import Deletion, DeletionStatus
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from chalicelib.profiles.models import Profile


@dataclass
class InMemoryTable:
    """The items that the repositories and the leases share."""

    records: dict[str, ProfileRecord] = field(default_factory=dict)
    contact_synced_at: dict[str, datetime] = field(default_factory=dict)
    lease_holders: dict[str, str] = field(default_factory=dict)
    deletions: dict[str, Deletion] = field(default_factory=dict)
    tombstones: dict[str, datetime] = field(default_factory=dict)  # the times of the erasures
    orphaned_since: dict[str, datetime] = field(default_factory=dict)
    exported_at: dict[str, int] = field(default_factory=dict)  # milliseconds since 1970
    fail_with: UpstreamError | None = None  # raised by each call

    def check_fault(self) -> None:
        if self.fail_with:
            raise self.fail_with

    def require_not_erased(self, user_id: str) -> None:
        deletion = self.deletions.get(user_id)
        if user_id in self.tombstones or (deletion and deletion.status is DeletionStatus.ERASING):
            raise AccountErased

    def require_no_deletion(self, user_id: str) -> None:
        self.require_not_erased(user_id)
        if user_id in self.deletions:
            raise DeletionScheduled

    def erase(self, user_id: str, now: datetime) -> None:
        """Replace all attributes of a user by a tombstone."""
        attributes: tuple[dict[str, Any], ...] = (
            self.records,
            self.contact_synced_at,
            self.lease_holders,
            self.deletions,
            self.orphaned_since,
            self.exported_at,
        )
        for values in attributes:
            values.pop(user_id, None)
        self.tombstones[user_id] = to_stored(now)


def to_stored(value: datetime) -> datetime:
    """Return a time in the precision of the table, milliseconds."""
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def write_profile(profile: Profile, changes: Mapping[str, FieldValue], now: datetime) -> Profile:
    updates = {**changes, "updated_at": to_stored(now), "version": profile.version + 1}
    return Profile.model_validate({**dict(profile), **updates})
