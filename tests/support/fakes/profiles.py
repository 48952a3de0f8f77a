"""Fakes of the adapters of profiles."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.core.preconditions import NO_PRECONDITIONS, Preconditions
from chalicelib.pictures.repository import ProfileRecord
from chalicelib.profiles.models import Profile
from chalicelib.profiles.repository import ProfileConditionFailed, ProfileRepository, ScannedAccount
from tests.support.fakes.table import InMemoryTable, to_stored, write_profile

SCAN_PAGE_SIZE: Final = 100


class InMemoryProfileRepository(ProfileRepository):
    """Profiles in a dictionary."""

    def __init__(self, table: InMemoryTable | None = None) -> None:
        self.table = table or InMemoryTable()

    def get_profile(self, user_id: str) -> Profile | None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        record = self.table.records.get(user_id)
        return record.profile if record else None

    def require_not_erased(self, user_id: str) -> None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)

    def create_if_absent(self, profile: Profile) -> tuple[Profile, bool]:
        stored = self.get_profile(profile.id)
        if stored is not None:
            return stored, False
        times = {name: to_stored(getattr(profile, name)) for name in ("created_at", "updated_at")}
        self.table.records[profile.id] = ProfileRecord(profile.model_copy(update=times))
        return profile, True

    def get_contact_synced_at(self, user_id: str) -> datetime | None:
        self.table.check_fault()
        return self.table.contact_synced_at.get(user_id)

    def update_contact_if_newer(
        self, user_id: str, contact: Mapping[str, FieldValue], as_of: datetime, now: datetime
    ) -> Profile | None:
        if user_id in self.table.deletions or user_id in self.table.tombstones:
            return None
        stored, synced_at = self.get_profile(user_id), self.get_contact_synced_at(user_id)
        if stored is None or (synced_at and synced_at > to_stored(as_of)):
            return None
        self.table.contact_synced_at[user_id] = to_stored(as_of)
        return self._store(write_profile(stored, contact, now))

    def update_fields(
        self,
        user_id: str,
        changes: Mapping[str, FieldValue],
        expected: Mapping[str, FieldValue],
        now: datetime,
        preconditions: Preconditions = NO_PRECONDITIONS,
    ) -> Profile:
        stored = self.get_profile(user_id)
        if stored is None:
            raise ProfileConditionFailed(None)
        self.table.require_no_deletion(user_id)
        is_written = stored.updated_at == to_stored(now)
        is_as_expected = all(getattr(stored, name) == value for name, value in expected.items())
        is_satisfied = is_as_expected and preconditions.permits_write(stored.version)
        if all(getattr(stored, name) == value for name, value in changes.items()) and (
            is_satisfied or (changes and is_written)
        ):
            return stored
        if not is_satisfied:
            raise ProfileConditionFailed(stored)
        return self._store(write_profile(stored, changes, now))

    def find_existing_ids(self, user_ids: Sequence[str]) -> set[str]:
        self.table.check_fault()
        return set(user_ids) & (set(self.table.records) | set(self.table.tombstones))

    def scan_accounts(self, cursor: str | None) -> tuple[list[ScannedAccount], str | None]:
        self.table.check_fault()
        user_ids = sorted(user_id for user_id in self.table.records if cursor is None or user_id > cursor)
        page = user_ids[:SCAN_PAGE_SIZE]
        accounts = [self._to_scanned_account(user_id) for user_id in page]
        return accounts, page[-1] if len(user_ids) > len(page) else None

    def set_orphaned_since(self, user_id: str, orphaned_since: datetime | None) -> None:
        self.table.check_fault()
        if user_id not in self.table.records or user_id in self.table.deletions:
            return
        self.table.orphaned_since.pop(user_id, None)
        if orphaned_since is not None:
            self.table.orphaned_since[user_id] = to_stored(orphaned_since)

    def _to_scanned_account(self, user_id: str) -> ScannedAccount:
        deletion = self.table.deletions.get(user_id)
        return ScannedAccount(
            user_id,
            self.table.orphaned_since.get(user_id),
            deletion.status if deletion else None,
            deletion.erase_after if deletion else None,
        )

    def _store(self, profile: Profile) -> Profile:
        self.table.records[profile.id] = replace(self.table.records[profile.id], profile=profile)
        return profile
