"""The contract of the repository of files with requests of users.

The suites run as those of contracts.py.
"""

import hashlib
from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pytest

from chalicelib.files.errors import FileLimitReached, FileQuotaExceeded
from chalicelib.files.ids import create_file_id
from chalicelib.files.models import File, FileCategory, FileStatus, FileType
from chalicelib.files.records import StoredFile, StoredQuota
from chalicelib.files.repository import FileChanged, FileLimits, FileRepository
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.deletion import Deletion, DeletionRequester, DeletionStatus
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from chalicelib.profiles.repository import ProfileRepository
from tests.support.contracts import LATER, NOW, build_profile

LIMITS: Final = FileLimits(files=3, bytes=100, uploads_per_day=5)


def build_file(size: int = 10, created_at: datetime = NOW, content: bytes | None = None) -> StoredFile:
    """Return a new file whose upload is awaited. With `content`, it announces this content."""
    file = File(
        id=create_file_id(created_at),
        name="Blood test.pdf",
        content_type=FileType.PDF,
        size=size if content is None else len(content),
        sha256=hashlib.sha256(content or b"").hexdigest(),
        category=FileCategory.LAB_REPORT,
        status=FileStatus.AWAITING_UPLOAD,
        created_at=created_at,
        updated_at=created_at,
        version=1,
    )
    return StoredFile(file, int((created_at + timedelta(minutes=30)).timestamp()))


def build_deletion(user_id: str) -> Deletion:
    return Deletion(
        DeletionStatus.SCHEDULED,
        requested_at=NOW,
        requested_by=DeletionRequester.USER,
        erase_after=NOW,
        username=user_id,
    )


class FileRepositoryFixtures(ABC):
    """The repository under test. `user_id` is a new id in each test."""

    @pytest.fixture
    @abstractmethod
    def repository(self) -> FileRepository:
        """Return the repository under test."""

    @pytest.fixture
    @abstractmethod
    def profiles(self) -> ProfileRepository:
        """Return the repository of the profiles that the files belong to."""

    @pytest.fixture
    @abstractmethod
    def deletions(self) -> DeletionRepository:
        """Return the repository of deletions over the same table."""

    @pytest.fixture
    def owner(self, profiles: ProfileRepository, user_id: str) -> str:
        profiles.create_if_absent(build_profile(user_id))
        return user_id

    @pytest.fixture
    def stored(self, repository: FileRepository, owner: str) -> StoredFile:
        stored = build_file()
        assert repository.create(owner, stored, LIMITS, NOW)
        return stored

    def count(self, repository: FileRepository, user_id: str) -> tuple[int, int]:
        """Return the counters of files and bytes."""
        quota, _ = repository.list_all(user_id)
        return quota.files, quota.bytes


class FileRepositoryContract(FileRepositoryFixtures):
    """The contract of FileRepository for requests of users."""

    def test_created_file_is_returned(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        assert repository.get(owner, stored.file.id) == stored
        assert repository.list_all(owner)[1] == [stored]

    @pytest.mark.usefixtures("stored")
    def test_created_file_is_counted(self, repository: FileRepository, owner: str) -> None:
        quota, _ = repository.list_all(owner)
        assert (quota.files, quota.bytes, quota.uploads, quota.uploads_on) == (1, 10, 1, "2026-01-01")
        assert (quota.changed_at, quota.checked_at) == (int(NOW.timestamp() * 1000), 0)

    def test_unknown_file_is_none(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        assert repository.get(owner, build_file().file.id) is None
        assert repository.get(f"{owner}-other", stored.file.id) is None

    def test_user_without_a_profile_has_no_files(self, repository: FileRepository, user_id: str) -> None:
        assert repository.create(user_id, build_file(), LIMITS, NOW) is False
        assert repository.list_all(user_id) == (StoredQuota(), [])

    @pytest.mark.parametrize("write", ["create", "update", "delete", "delete unreadable"])
    def test_scheduled_deletion_allows_no_write(
        self, repository: FileRepository, deletions: DeletionRepository, owner: str, stored: StoredFile, write: str
    ) -> None:
        deletions.schedule(owner, build_deletion(owner))
        with pytest.raises(DeletionScheduled):
            self.write(repository, owner, stored, write)
        assert repository.list_all(owner)[1] == [stored]

    @pytest.mark.parametrize("write", ["create", "update", "delete", "delete unreadable"])
    def test_erasure_allows_no_write(
        self, repository: FileRepository, deletions: DeletionRepository, owner: str, stored: StoredFile, write: str
    ) -> None:
        deletions.schedule(owner, build_deletion(owner))
        deletions.start_erasure(owner, NOW)
        with pytest.raises(AccountErased):
            self.write(repository, owner, stored, write)
        assert repository.list_all(owner)[1] == [stored]

    def test_profiles_report_an_erasure(
        self, profiles: ProfileRepository, deletions: DeletionRepository, owner: str
    ) -> None:
        """Each request that reads files requires it."""
        deletion = build_deletion(owner)
        deletions.schedule(owner, deletion)
        profiles.require_not_erased(owner)
        deletions.start_erasure(owner, NOW)
        with pytest.raises(AccountErased):
            profiles.require_not_erased(owner)
        assert deletions.finish_erasure(owner, deletion, 0, NOW)
        with pytest.raises(AccountErased):
            profiles.require_not_erased(owner)

    def test_missing_profile_is_not_erased(self, profiles: ProfileRepository, user_id: str) -> None:
        profiles.require_not_erased(user_id)
        assert profiles.get_profile(user_id) is None

    def write(self, repository: FileRepository, owner: str, stored: StoredFile, write: str) -> bool:
        """Make a write of the user."""
        if write == "create":
            return repository.create(owner, build_file(), LIMITS, LATER)
        if write == "update":
            return repository.update(owner, stored, {"name": "Other.pdf"}, LATER)
        if write == "delete unreadable":
            return repository.delete_unreadable(owner, stored.file.id, LATER)
        return repository.delete(owner, stored, LATER)

    def test_file_that_fills_the_quota_is_created(self, repository: FileRepository, owner: str) -> None:
        for size in (50, 49, 1):
            assert repository.create(owner, build_file(size), LIMITS, NOW)
        assert self.count(repository, owner) == (LIMITS.files, LIMITS.bytes)

    def test_file_above_the_quota_of_files_is_rejected(self, repository: FileRepository, owner: str) -> None:
        for _ in range(LIMITS.files):
            repository.create(owner, build_file(1), LIMITS, NOW)
        with pytest.raises(FileQuotaExceeded):
            repository.create(owner, build_file(1), LIMITS, NOW)
        assert self.count(repository, owner) == (LIMITS.files, 3)

    @pytest.mark.usefixtures("stored")
    @pytest.mark.parametrize("size", [91, 101])
    def test_file_above_the_quota_of_bytes_is_rejected(self, repository: FileRepository, owner: str, size: int) -> None:
        with pytest.raises(FileQuotaExceeded):
            repository.create(owner, build_file(size), LIMITS, NOW)
        assert self.count(repository, owner) == (1, 10)

    def test_first_file_above_the_quota_of_bytes_is_rejected(self, repository: FileRepository, owner: str) -> None:
        with pytest.raises(FileQuotaExceeded):
            repository.create(owner, build_file(101), LIMITS, NOW)
        assert repository.list_all(owner) == (StoredQuota(), [])

    def test_daily_limit_is_not_returned_by_deletion(self, repository: FileRepository, owner: str) -> None:
        for _ in range(LIMITS.uploads_per_day):
            stored = build_file()
            repository.create(owner, stored, LIMITS, NOW)
            repository.delete(owner, stored, NOW)
        with pytest.raises(FileLimitReached) as failure:
            repository.create(owner, build_file(), LIMITS, NOW)
        assert 0 < int(failure.value.headers["Retry-After"]) <= 24 * 3600
        assert self.count(repository, owner) == (0, 0)

    def test_daily_limit_ends_with_the_day(self, repository: FileRepository, owner: str) -> None:
        limits = replace(LIMITS, uploads_per_day=1)
        repository.create(owner, build_file(), limits, NOW)
        tomorrow = NOW + timedelta(days=1)
        assert repository.create(owner, build_file(), limits, tomorrow)
        with pytest.raises(FileLimitReached):
            repository.create(owner, build_file(), limits, tomorrow)
        assert repository.list_all(owner)[0].uploads == 1

    def test_full_quota_on_a_new_day_is_a_quota_error(self, repository: FileRepository, owner: str) -> None:
        for _ in range(LIMITS.files):
            repository.create(owner, build_file(), LIMITS, NOW)
        with pytest.raises(FileQuotaExceeded):
            repository.create(owner, build_file(), LIMITS, NOW + timedelta(days=1))

    def test_pages_are_listed_from_new_to_old(self, repository: FileRepository, owner: str) -> None:
        files = [build_file(1, NOW + timedelta(seconds=number)) for number in range(5)]
        for stored in files:
            repository.create(owner, stored, FileLimits(10, 100, 10), NOW)
        first, next_after, quota = repository.list_page(owner, 2, None)
        assert (first, next_after, quota.files) == (files[:2:-1], files[3].file.id, 5)
        last, next_after, quota = repository.list_page(owner, 3, next_after)
        assert (last, next_after, quota.files) == (files[2::-1], None, 5)

    @pytest.mark.parametrize("limit", [3, 4])
    def test_last_page_has_no_next_page(self, repository: FileRepository, owner: str, limit: int) -> None:
        for _ in range(3):
            repository.create(owner, build_file(1), LIMITS, NOW)
        page, next_after, _ = repository.list_page(owner, limit, None)
        assert (len(page), next_after) == (3, None)

    def test_new_file_does_not_move_further_pages(self, repository: FileRepository, owner: str) -> None:
        files = [build_file(1, NOW + timedelta(seconds=number)) for number in range(3)]
        for stored in files[:2]:
            repository.create(owner, stored, LIMITS, NOW)
        first, _, _ = repository.list_page(owner, 1, None)
        repository.create(owner, files[2], LIMITS, NOW)
        assert repository.list_page(owner, 1, first[0].file.id)[0] == files[:1]

    def test_page_after_a_deleted_file_is_listed(self, repository: FileRepository, owner: str) -> None:
        files = [build_file(1, NOW + timedelta(seconds=number)) for number in range(3)]
        for stored in files:
            repository.create(owner, stored, LIMITS, NOW)
        repository.delete(owner, files[1], NOW)
        assert repository.list_page(owner, 1, files[1].file.id)[0] == files[:1]

    @pytest.mark.usefixtures("stored")
    def test_files_of_another_user_are_not_listed(self, repository: FileRepository, owner: str) -> None:
        assert repository.list_page(f"{owner}-other", 10, None) == ([], None, StoredQuota())

    def test_update_increments_the_version(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        assert repository.update(owner, stored, {"name": "Other.pdf", "category": FileCategory.OTHER}, LATER)
        changes = {"name": "Other.pdf", "category": FileCategory.OTHER, "updated_at": LATER, "version": 2}
        assert repository.get(owner, stored.file.id) == replace(stored, file=stored.file.model_copy(update=changes))

    @pytest.mark.parametrize("write", ["update", "delete"])
    def test_write_of_a_changed_file_fails(
        self, repository: FileRepository, owner: str, stored: StoredFile, write: str
    ) -> None:
        repository.update(owner, stored, {"name": "Other.pdf"}, LATER)
        with pytest.raises(FileChanged):
            self.write(repository, owner, stored, write)

    @pytest.mark.parametrize("write", ["update", "delete"])
    def test_write_of_a_deleted_file_fails(
        self, repository: FileRepository, owner: str, stored: StoredFile, write: str
    ) -> None:
        repository.delete(owner, stored, LATER)
        with pytest.raises(FileChanged):
            self.write(repository, owner, stored, write)
        assert repository.list_all(owner)[1] == []
        assert self.count(repository, owner) == (0, 0)

    def test_deleted_file_without_a_readable_record_is_gone(
        self, repository: FileRepository, owner: str, stored: StoredFile
    ) -> None:
        """The sum of the sizes is repaired by reconciliation."""
        assert repository.delete_unreadable(owner, stored.file.id, LATER)
        quota, files, unreadable = repository.list_records(owner)
        assert (files, unreadable, quota.files, quota.bytes, quota.revision) == ([], [], 0, 10, 2)
        assert quota.changed_at == int(LATER.timestamp() * 1000)
        with pytest.raises(FileChanged):
            repository.delete_unreadable(owner, stored.file.id, LATER)

    @pytest.mark.parametrize("write", ["update", "delete"])
    def test_write_without_a_profile_is_false(self, repository: FileRepository, user_id: str, write: str) -> None:
        assert self.write(repository, user_id, build_file(), write) is False

    def test_deleted_file_is_not_counted(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        assert repository.delete(owner, stored, LATER)
        assert repository.get(owner, stored.file.id) is None
        assert self.count(repository, owner) == (0, 0)
