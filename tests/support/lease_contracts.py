"""Contracts of the leases of pictures, for the adapter and its fake. The suites run as those of contracts.py."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Final

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.core.preconditions import NO_PRECONDITIONS
from chalicelib.pictures.errors import PictureBusy, UploadLimitReached
from chalicelib.pictures.leases import LEASE_SECONDS, PictureLeases
from chalicelib.pictures.repository import PictureRepository, ProfileRecord
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from chalicelib.profiles.repository import ProfileRepository
from tests.support.contracts import NOW, PICTURE, build_profile
from tests.support.file_contracts import build_deletion

DAILY_LIMIT: Final = 3
LATER: Final = NOW + timedelta(seconds=LEASE_SECONDS)


class PictureLeasesFixtures(ABC):
    """The leases under test, with DAILY_LIMIT. `user_id` is a new id in each test."""

    @pytest.fixture
    @abstractmethod
    def leases(self) -> PictureLeases:
        """Return the leases under test."""

    @pytest.fixture
    @abstractmethod
    def pictures(self) -> PictureRepository:
        """Return the repository of pictures over the same table."""

    @pytest.fixture
    @abstractmethod
    def profiles(self) -> ProfileRepository:
        """Return the repository of profiles over the same table."""

    @pytest.fixture
    @abstractmethod
    def deletions(self) -> DeletionRepository:
        """Return the repository of deletions over the same table."""

    @pytest.fixture
    def record(self, pictures: PictureRepository, profiles: ProfileRepository, user_id: str) -> ProfileRecord:
        """Return the record of a profile without uploads."""
        profiles.create_if_absent(build_profile(user_id))
        return self.read(pictures, user_id)

    def read(self, pictures: PictureRepository, user_id: str) -> ProfileRecord:
        record = pictures.get_record(user_id)
        assert record is not None
        return record


class PictureLeasesContract(PictureLeasesFixtures):
    """The contract of PictureLeases for one upload at a time."""

    def test_acquired_lease_is_stored(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        lease = self.read(pictures, user_id).lease
        expires_at = int(NOW.timestamp()) + LEASE_SECONDS
        assert (lease.expires_at, lease.day, lease.uploads) == (expires_at, NOW.date().isoformat(), 1)

    def test_acquired_lease_is_busy_until_it_expires(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        with pytest.raises(PictureBusy) as refusal:
            leases.acquire(self.read(pictures, user_id), "2", NOW + timedelta(seconds=4))
        assert refusal.value.headers["Retry-After"] == str(LEASE_SECONDS - 4)

    def test_expired_lease_is_acquired_by_another_upload(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        leases.acquire(self.read(pictures, user_id), "2", LATER)
        leases.release(user_id, "1", count=False)
        assert self.read(pictures, user_id).lease.uploads == 2

    def test_leases_of_two_users_are_independent(
        self, leases: PictureLeases, pictures: PictureRepository, profiles: ProfileRepository, record: ProfileRecord
    ) -> None:
        other_id = f"{record.profile.id}-other"
        profiles.create_if_absent(build_profile(other_id))
        leases.acquire(record, "1", NOW)
        leases.acquire(self.read(pictures, other_id), "2", NOW)
        assert self.read(pictures, other_id).lease.uploads == 1

    def test_returned_lease_can_be_acquired_immediately(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        leases.release(user_id, "1", count=True)
        leases.acquire(self.read(pictures, user_id), "2", NOW)
        assert self.read(pictures, user_id).lease.uploads == 2

    def test_request_cannot_return_the_lease_of_another(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        leases.release(user_id, "2", count=False)
        assert self.read(pictures, user_id).lease.uploads == 1
        with pytest.raises(PictureBusy):
            leases.acquire(self.read(pictures, user_id), "2", NOW)

    def test_storing_a_picture_returns_the_lease(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        pictures.set_picture(record, PICTURE, "1", NOW, NO_PRECONDITIONS)
        leases.release(user_id, "1", count=False)
        assert self.read(pictures, user_id).lease.uploads == 1, "the lease was returned, and the upload counted"
        leases.acquire(self.read(pictures, user_id), "2", NOW)

    def test_deleting_a_picture_does_not_return_the_lease(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        pictures.set_picture(record, None, None, NOW, NO_PRECONDITIONS)
        with pytest.raises(PictureBusy):
            leases.acquire(self.read(pictures, user_id), "2", NOW)

    def test_user_without_a_profile_cannot_acquire_a_lease(
        self, leases: PictureLeases, pictures: PictureRepository, user_id: str
    ) -> None:
        with pytest.raises(NotFound):
            leases.acquire(ProfileRecord(build_profile(user_id)), "1", NOW)
        leases.release(user_id, "1", count=False)
        assert pictures.get_record(user_id) is None

    def test_account_with_a_deletion_cannot_acquire_a_lease(
        self, leases: PictureLeases, deletions: DeletionRepository, record: ProfileRecord, user_id: str
    ) -> None:
        deletions.schedule(user_id, build_deletion(user_id))
        with pytest.raises(DeletionScheduled):
            leases.acquire(record, "1", NOW)
        deletions.start_erasure(user_id, NOW)
        with pytest.raises(AccountErased):
            leases.acquire(record, "1", NOW)


class UploadLimitContract(PictureLeasesFixtures):
    """The contract of PictureLeases for the limit of uploads per day."""

    def test_upload_that_was_not_processed_is_not_counted(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        leases.acquire(record, "1", NOW)
        leases.release(user_id, "1", count=False)
        assert self.read(pictures, user_id).lease.uploads == 0

    @pytest.mark.usefixtures("record")
    def test_uploads_over_the_limit_are_rejected_until_midnight(
        self, leases: PictureLeases, pictures: PictureRepository, user_id: str
    ) -> None:
        self.count_uploads(leases, pictures, user_id, DAILY_LIMIT)
        with pytest.raises(UploadLimitReached) as refusal:
            leases.acquire(self.read(pictures, user_id), "4", NOW)
        midnight = NOW + timedelta(seconds=int(refusal.value.headers["Retry-After"]))
        assert (midnight.date(), midnight.hour) == (NOW.date() + timedelta(days=1), 0)
        leases.acquire(self.read(pictures, user_id), "4", midnight)
        assert self.read(pictures, user_id).lease.uploads == 1

    @pytest.mark.usefixtures("record")
    def test_stale_record_does_not_exceed_the_limit(
        self, leases: PictureLeases, pictures: PictureRepository, user_id: str
    ) -> None:
        self.count_uploads(leases, pictures, user_id, DAILY_LIMIT - 1)
        stale = self.read(pictures, user_id)
        self.count_uploads(leases, pictures, user_id, 1)
        with pytest.raises(UploadLimitReached):
            leases.acquire(stale, "4", NOW)

    def test_concurrent_first_uploads_of_a_day_count_once(
        self, leases: PictureLeases, pictures: PictureRepository, record: ProfileRecord, user_id: str
    ) -> None:
        self.count_uploads(leases, pictures, user_id, 1)
        with pytest.raises(PictureBusy) as refusal:  # the record has no count for today, but the table has one
            leases.acquire(record, "2", NOW)
        assert refusal.value.headers["Retry-After"] == "1"
        assert self.read(pictures, user_id).lease.uploads == 1

    @pytest.mark.usefixtures("record")
    def test_record_of_an_earlier_day_is_not_a_record_of_today(
        self, leases: PictureLeases, pictures: PictureRepository, user_id: str
    ) -> None:
        self.count_uploads(leases, pictures, user_id, 1)
        today = self.read(pictures, user_id)
        leases.acquire(today, "2", NOW + timedelta(days=1))
        leases.release(user_id, "2", count=True)
        with pytest.raises(PictureBusy):  # a request that began before midnight
            leases.acquire(today, "3", NOW)

    def count_uploads(self, leases: PictureLeases, pictures: PictureRepository, user_id: str, number: int) -> None:
        """Process this number of uploads."""
        for key in map(str, range(number)):
            leases.acquire(self.read(pictures, user_id), key, NOW)
            leases.release(user_id, key, count=True)
