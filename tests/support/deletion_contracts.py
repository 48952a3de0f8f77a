"""Contracts of the repository of deletions, for the adapter and its fake.

The suites run as those of contracts.py.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from chalicelib.core.preconditions import NO_PRECONDITIONS
from chalicelib.pictures.leases import LEASE_SECONDS, PictureLeases
from chalicelib.pictures.repository import LeaseState, PictureRepository, ProfileRecord, to_record
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.deletion import Deletion, DeletionStatus, get_deletion
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.repository import ProfileRepository
from tests.support.contracts import LATER, NOW, PICTURE, build_profile, scan_all
from tests.support.file_contracts import build_deletion

INTERVAL_SECONDS: Final = 60  # between two exports


class DeletionRepositoryFixtures(ABC):
    """The repository under test, and those of the profile and its picture. `user_id` is a new id in each test."""

    @pytest.fixture
    @abstractmethod
    def repository(self) -> DeletionRepository:
        """Return the repository under test."""

    @pytest.fixture
    @abstractmethod
    def profiles(self) -> ProfileRepository:
        """Return the repository of profiles over the same table."""

    @pytest.fixture
    @abstractmethod
    def pictures(self) -> PictureRepository:
        """Return the repository of pictures over the same table."""

    @pytest.fixture
    @abstractmethod
    def leases(self) -> PictureLeases:
        """Return the leases over the same table."""

    @pytest.fixture
    def owner(self, profiles: ProfileRepository, user_id: str) -> str:
        profiles.create_if_absent(build_profile(user_id))
        return user_id

    @pytest.fixture
    def scheduled(self, repository: DeletionRepository, owner: str) -> Deletion:
        """Schedule a deletion that is due."""
        deletion = build_deletion(owner)
        repository.schedule(owner, deletion)
        return deletion

    @pytest.fixture
    def erasing(self, repository: DeletionRepository, owner: str, scheduled: Deletion) -> Deletion:
        """Start an erasure."""
        repository.start_erasure(owner, NOW)
        return replace(scheduled, status=DeletionStatus.ERASING)

    def get_record(self, pictures: PictureRepository, user_id: str) -> ProfileRecord:
        record = pictures.get_record(user_id)
        assert record is not None
        return record


class DeletionContract(DeletionRepositoryFixtures):
    """The contract of DeletionRepository for a scheduled deletion."""

    def test_user_without_a_profile_has_no_deletion(self, repository: DeletionRepository, user_id: str) -> None:
        assert repository.schedule(user_id, build_deletion(user_id)) is None
        assert repository.get_deletion(user_id) is None
        assert repository.cancel(user_id) is None
        assert repository.start_erasure(user_id, NOW) is None

    def test_scheduled_deletion_is_stored(self, repository: DeletionRepository, owner: str) -> None:
        assert repository.get_deletion(owner) is None
        assert repository.schedule(owner, build_deletion(owner)) == (build_deletion(owner), True)
        assert repository.get_deletion(owner) == build_deletion(owner)

    def test_times_are_stored_in_milliseconds(self, repository: DeletionRepository, owner: str) -> None:
        requested_at, erase_after = NOW.replace(microsecond=1999), LATER.replace(microsecond=2999)
        deletion = replace(build_deletion(owner), requested_at=requested_at, erase_after=erase_after)
        repository.schedule(owner, deletion)
        stored = repository.get_deletion(owner)
        assert stored is not None
        assert (stored.requested_at.microsecond, stored.erase_after.microsecond) == (1000, 2000)

    def test_second_request_returns_the_first_deletion(
        self, repository: DeletionRepository, owner: str, scheduled: Deletion
    ) -> None:
        assert repository.schedule(owner, replace(scheduled, requested_at=LATER)) == (scheduled, False)
        assert repository.get_deletion(owner) == scheduled

    def test_repeated_attempt_counts_as_new(
        self, repository: DeletionRepository, owner: str, scheduled: Deletion
    ) -> None:
        assert repository.schedule(owner, scheduled) == (scheduled, True)

    def test_cancelled_deletion_is_removed(
        self, repository: DeletionRepository, owner: str, scheduled: Deletion
    ) -> None:
        assert repository.cancel(owner) is scheduled.status
        assert repository.get_deletion(owner) is None
        assert repository.cancel(owner) is None
        assert repository.start_erasure(owner, NOW) is None


class ErasureContract(DeletionRepositoryFixtures):
    """The contract of DeletionRepository for an erasure."""

    def test_erasure_starts_when_it_is_due(
        self, repository: DeletionRepository, owner: str, scheduled: Deletion
    ) -> None:
        assert repository.start_erasure(owner, NOW - timedelta(milliseconds=1)) is None
        assert repository.get_deletion(owner) == scheduled
        assert repository.start_erasure(owner, NOW) == (scheduled, LeaseState())

    def test_erasure_returns_the_lease_of_a_picture(
        self, repository: DeletionRepository, pictures: PictureRepository, leases: PictureLeases, owner: str
    ) -> None:
        leases.acquire(self.get_record(pictures, owner), "key", NOW)
        repository.schedule(owner, build_deletion(owner))
        erasure = repository.start_erasure(owner, NOW)
        assert erasure is not None
        assert erasure[1] == LeaseState(int(NOW.timestamp()) + LEASE_SECONDS, NOW.date().isoformat(), 1)

    def test_unfinished_erasure_starts_again(
        self, repository: DeletionRepository, owner: str, erasing: Deletion
    ) -> None:
        assert repository.start_erasure(owner, NOW) == (erasing, LeaseState())

    @pytest.mark.usefixtures("erasing")
    def test_started_erasure_rejects_requests(self, repository: DeletionRepository, owner: str) -> None:
        with pytest.raises(AccountErased):
            repository.get_deletion(owner)
        with pytest.raises(AccountErased):
            repository.schedule(owner, build_deletion(owner))
        with pytest.raises(AccountErased):
            repository.start_export(owner, NOW, INTERVAL_SECONDS)

    @pytest.mark.usefixtures("erasing")
    def test_started_erasure_cannot_be_cancelled(self, repository: DeletionRepository, owner: str) -> None:
        assert repository.cancel(owner) is DeletionStatus.ERASING
        assert repository.start_erasure(owner, NOW) is not None

    def test_erasure_that_has_not_started_is_not_finished(
        self, repository: DeletionRepository, profiles: ProfileRepository, owner: str, scheduled: Deletion
    ) -> None:
        assert repository.finish_erasure(owner, scheduled, 0, LATER) is False
        assert profiles.get_profile(owner) == build_profile(owner)
        assert repository.get_deletion(owner) == scheduled

    def test_user_without_a_deletion_is_not_erased(
        self, repository: DeletionRepository, profiles: ProfileRepository, owner: str
    ) -> None:
        assert repository.finish_erasure(owner, build_deletion(owner), 0, LATER) is False
        assert profiles.get_profile(owner) == build_profile(owner)

    def test_finished_erasure_stores_a_tombstone(
        self, repository: DeletionRepository, profiles: ProfileRepository, owner: str, erasing: Deletion
    ) -> None:
        assert repository.finish_erasure(owner, erasing, 3, LATER)
        assert profiles.find_existing_ids([owner]) == {owner}
        assert owner not in {account.user_id for account in scan_all(profiles)}
        with pytest.raises(AccountErased):
            profiles.create_if_absent(build_profile(owner))

    def test_erased_account_has_no_deletion(
        self, repository: DeletionRepository, owner: str, erasing: Deletion
    ) -> None:
        repository.finish_erasure(owner, erasing, 3, LATER)
        assert repository.cancel(owner) is DeletionStatus.ERASED
        assert repository.start_erasure(owner, LATER) is None
        with pytest.raises(AccountErased):
            repository.get_deletion(owner)
        with pytest.raises(AccountErased):
            repository.schedule(owner, build_deletion(owner))

    def test_tombstone_has_no_data_of_the_profile(
        self,
        repository: DeletionRepository,
        profiles: ProfileRepository,
        pictures: PictureRepository,
        leases: PictureLeases,
        owner: str,
    ) -> None:
        profiles.update_contact_if_newer(owner, {"email": "new@example.com"}, NOW, NOW)
        leases.acquire(self.get_record(pictures, owner), "key", NOW)
        repository.schedule(owner, build_deletion(owner))
        repository.start_erasure(owner, NOW)
        repository.finish_erasure(owner, build_deletion(owner), 0, LATER)
        assert profiles.get_contact_synced_at(owner) is None
        leases.release(owner, "key", count=False)  # the picture was processed during the erasure
        repository.undo_export(owner, NOW)
        assert repository.cancel(owner) is DeletionStatus.ERASED

    def test_erasure_is_finished_once(self, repository: DeletionRepository, owner: str, erasing: Deletion) -> None:
        assert repository.finish_erasure(owner, erasing, 3, LATER)
        assert repository.finish_erasure(owner, erasing, 0, LATER), "another attempt of the same request"
        assert repository.finish_erasure(owner, erasing, 0, LATER + timedelta(seconds=1)) is False


class ExportContract(DeletionRepositoryFixtures):
    """The contract of DeletionRepository for exports."""

    def test_user_without_a_profile_has_no_export(self, repository: DeletionRepository, user_id: str) -> None:
        assert repository.start_export(user_id, NOW, INTERVAL_SECONDS) is None

    def test_exported_item_is_the_stored_one(
        self, repository: DeletionRepository, pictures: PictureRepository, leases: PictureLeases, owner: str
    ) -> None:
        pictures.set_picture(self.get_record(pictures, owner), PICTURE, "key", NOW, NO_PRECONDITIONS)
        leases.acquire(self.get_record(pictures, owner), "other", NOW)
        repository.schedule(owner, build_deletion(owner))
        item = repository.start_export(owner, NOW, INTERVAL_SECONDS)
        assert item is not None
        assert to_record(item) == self.get_record(pictures, owner)
        assert get_deletion(item) == build_deletion(owner)

    @pytest.mark.parametrize(("milliseconds", "retry_after"), [(1, 60), (1000, 59), (1001, 59), (59_999, 1)])
    def test_second_export_waits_for_the_interval(
        self, repository: DeletionRepository, owner: str, milliseconds: int, retry_after: int
    ) -> None:
        repository.start_export(owner, NOW, INTERVAL_SECONDS)
        with pytest.raises(ExportLimitReached) as refusal:
            repository.start_export(owner, NOW + timedelta(milliseconds=milliseconds), INTERVAL_SECONDS)
        assert refusal.value.headers["Retry-After"] == str(retry_after)

    def test_export_after_the_interval_is_allowed(self, repository: DeletionRepository, owner: str) -> None:
        repository.start_export(owner, NOW, INTERVAL_SECONDS)
        assert repository.start_export(owner, NOW + timedelta(seconds=INTERVAL_SECONDS), INTERVAL_SECONDS)

    def test_repeated_attempt_of_an_export_is_allowed(self, repository: DeletionRepository, owner: str) -> None:
        first = repository.start_export(owner, NOW, INTERVAL_SECONDS)
        assert repository.start_export(owner, NOW, INTERVAL_SECONDS) == first

    def test_undone_export_can_be_repeated(self, repository: DeletionRepository, owner: str) -> None:
        repository.start_export(owner, NOW, INTERVAL_SECONDS)
        repository.undo_export(owner, NOW)
        assert repository.start_export(owner, NOW + timedelta(milliseconds=1), INTERVAL_SECONDS)

    def test_later_export_is_not_undone(self, repository: DeletionRepository, owner: str) -> None:
        repository.start_export(owner, NOW, INTERVAL_SECONDS)
        repository.undo_export(owner, NOW - timedelta(milliseconds=1))
        with pytest.raises(ExportLimitReached):
            repository.start_export(owner, NOW + timedelta(milliseconds=1), INTERVAL_SECONDS)
