"""What the adapters of files must do, be they the real ones or their fakes. The suites run as those of contracts.py."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import pytest

from chalicelib.files.errors import FileLimitReached, FileQuotaExceeded
from chalicelib.files.ids import create_file_id
from chalicelib.files.models import File, FileCategory, FileRejection, FileStatus, FileType
from chalicelib.files.records import StoredFile, StoredQuota
from chalicelib.files.repository import FileChanged, FileLimits, FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.deletion import Deletion, DeletionRequester, DeletionStatus
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from chalicelib.profiles.repository import ProfileRepository
from tests.support.contracts import LATER, NOW, build_profile

LIMITS: Final = FileLimits(files=3, bytes=100, uploads_per_day=5)
CONTENT: Final = b"%PDF-1.7 content"
Upload: TypeAlias = Callable[[str, File], None]


def build_file(size: int = 10, moment: datetime = NOW, content: bytes | None = None) -> StoredFile:
    """Return a new file whose upload is awaited. With `content`, it announces this content."""
    file = File(
        id=create_file_id(moment),
        name="Blood test.pdf",
        content_type=FileType.PDF,
        size=size if content is None else len(content),
        sha256=hashlib.sha256(content or b"").hexdigest(),
        category=FileCategory.LAB_REPORT,
        status=FileStatus.AWAITING_UPLOAD,
        created_at=moment,
        updated_at=moment,
        version=1,
    )
    return StoredFile(file, int((moment + timedelta(minutes=30)).timestamp()))


def build_deletion(user_id: str) -> Deletion:
    return Deletion(
        DeletionStatus.SCHEDULED,
        requested_at=NOW,
        requested_by=DeletionRequester.USER,
        erase_after=NOW,
        username=user_id,
    )


def scan_all(repository: FileRepository) -> dict[str, StoredQuota]:
    found, cursor = repository.scan_quotas(None)
    while cursor:
        page, cursor = repository.scan_quotas(cursor)
        found += page
    assert len(found) == len(dict(found)), "each user once"
    return dict(found)


def require_stored(repository: FileRepository, user_id: str, stored: StoredFile) -> StoredFile:
    found = repository.get(user_id, stored.file.id)
    assert found is not None
    return found


class FileRepositoryContract(ABC):
    """The contract of FileRepository. `user_id` is a new id in each test."""

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

    @pytest.mark.parametrize("write", ["create", "update", "delete"])
    def test_scheduled_deletion_allows_no_write(
        self, repository: FileRepository, deletions: DeletionRepository, owner: str, stored: StoredFile, write: str
    ) -> None:
        deletions.schedule(owner, build_deletion(owner))
        with pytest.raises(DeletionScheduled):
            self.write(repository, owner, stored, write)
        assert repository.list_all(owner)[1] == [stored]

    @pytest.mark.parametrize("write", ["create", "update", "delete"])
    def test_erasure_allows_no_write(
        self, repository: FileRepository, deletions: DeletionRepository, owner: str, stored: StoredFile, write: str
    ) -> None:
        deletions.schedule(owner, build_deletion(owner))
        deletions.start_erasure(owner, NOW)
        with pytest.raises(AccountErased):
            self.write(repository, owner, stored, write)
        assert repository.list_all(owner)[1] == [stored]

    def write(self, repository: FileRepository, owner: str, stored: StoredFile, write: str) -> bool:
        """Make a write of the user."""
        if write == "create":
            return repository.create(owner, build_file(), LIMITS, LATER)
        if write == "update":
            return repository.update(owner, stored, {"name": "Other.pdf"}, LATER)
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
        first, has_more, quota = repository.list_page(owner, 2, None)
        assert (first, has_more, quota.files) == (files[:2:-1], True, 5)
        last, has_more, quota = repository.list_page(owner, 3, first[-1].file.id)
        assert (last, has_more, quota.files) == (files[2::-1], False, 5)

    @pytest.mark.parametrize("limit", [3, 4])
    def test_last_page_has_no_next_page(self, repository: FileRepository, owner: str, limit: int) -> None:
        for _ in range(3):
            repository.create(owner, build_file(1), LIMITS, NOW)
        page, has_more, _ = repository.list_page(owner, limit, None)
        assert (len(page), has_more) == (3, False)

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
        assert repository.list_page(f"{owner}-other", 10, None) == ([], False, StoredQuota())

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

    @pytest.mark.parametrize("write", ["update", "delete"])
    def test_write_without_a_profile_is_false(self, repository: FileRepository, user_id: str, write: str) -> None:
        assert self.write(repository, user_id, build_file(), write) is False

    def test_deleted_file_is_not_counted(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        assert repository.delete(owner, stored, LATER)
        assert repository.get(owner, stored.file.id) is None
        assert self.count(repository, owner) == (0, 0)

    def test_released_file_is_not_counted(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        repository.release(owner, stored, LATER)
        assert repository.get(owner, stored.file.id) is None
        assert self.count(repository, owner) == (0, 0)

    def test_release_of_a_changed_file_fails(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        repository.set_status(owner, stored.file.id, FileStatus.SCANNING, LATER)
        with pytest.raises(FileChanged):
            repository.release(owner, stored, LATER)
        assert self.count(repository, owner) == (1, 10)

    def test_status_ends_the_reservation(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        assert repository.set_status(owner, stored.file.id, FileStatus.SCANNING, LATER)
        changes = {"status": FileStatus.SCANNING, "updated_at": LATER, "version": 2}
        found = require_stored(repository, owner, stored)
        assert found == StoredFile(stored.file.model_copy(update=changes), expires_at=None)

    def test_available_file_remains_available(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        repository.set_status(owner, stored.file.id, FileStatus.AVAILABLE, LATER)
        assert repository.set_status(owner, stored.file.id, FileStatus.SCANNING, LATER) is False
        assert repository.reject(owner, stored, FileRejection.MALWARE, LATER) is False
        assert require_stored(repository, owner, stored).file.status is FileStatus.AVAILABLE
        assert self.count(repository, owner) == (1, 10)

    def test_repeated_status_is_not_written(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        repository.set_status(owner, stored.file.id, FileStatus.AVAILABLE, LATER)
        assert repository.set_status(owner, stored.file.id, FileStatus.AVAILABLE, LATER)
        assert require_stored(repository, owner, stored).file.version == 2

    @pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.AVAILABLE])
    def test_status_of_a_missing_file_is_not_stored(
        self, repository: FileRepository, owner: str, status: FileStatus
    ) -> None:
        file_id = build_file().file.id
        assert repository.set_status(owner, file_id, status, LATER) is False
        assert repository.get(owner, file_id) is None

    def test_rejected_file_is_not_counted(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        assert repository.reject(owner, stored, FileRejection.MALWARE, LATER)
        found = require_stored(repository, owner, stored)
        assert (found.file.status, found.file.rejection) == (FileStatus.REJECTED, FileRejection.MALWARE)
        assert (found.expires_at, found.file.version) == (None, 2)
        assert self.count(repository, owner) == (0, 0)

    def test_file_is_rejected_once(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        repository.reject(owner, stored, FileRejection.MALWARE, LATER)
        assert repository.reject(owner, stored, FileRejection.UNSUPPORTED, LATER) is False
        assert require_stored(repository, owner, stored).file.rejection is FileRejection.MALWARE
        assert self.count(repository, owner) == (0, 0)

    def test_missing_file_is_not_rejected(self, repository: FileRepository, owner: str) -> None:
        assert repository.reject(owner, build_file(), FileRejection.MALWARE, LATER) is False
        assert repository.list_all(owner) == (StoredQuota(), [])

    def test_file_that_was_renamed_is_rejected(
        self, repository: FileRepository, owner: str, stored: StoredFile
    ) -> None:
        repository.update(owner, stored, {"name": "Other.pdf"}, LATER)
        assert repository.reject(owner, stored, FileRejection.MALWARE, LATER)

    def test_deleted_rejected_file_is_not_subtracted_again(
        self, repository: FileRepository, owner: str, stored: StoredFile
    ) -> None:
        repository.reject(owner, stored, FileRejection.MALWARE, LATER)
        assert repository.delete(owner, require_stored(repository, owner, stored), LATER)
        assert self.count(repository, owner) == (0, 0)

    @pytest.mark.usefixtures("stored")
    def test_counters_are_set_to_the_sum_of_the_files(self, repository: FileRepository, owner: str) -> None:
        rejected = build_file()
        repository.create(owner, rejected, LIMITS, NOW)
        repository.reject(owner, rejected, FileRejection.UNSUPPORTED, NOW)
        quota, files = repository.list_all(owner)
        assert repository.repair_quota(owner, quota, [*files, build_file(5)])
        assert self.count(repository, owner) == (2, 15)

    @pytest.mark.usefixtures("stored")
    @pytest.mark.parametrize("write", ["repair", "check"])
    def test_changed_counters_are_not_overwritten(self, repository: FileRepository, owner: str, write: str) -> None:
        quota, files = repository.list_all(owner)
        repository.create(owner, build_file(5), LIMITS, LATER)
        assert self.write_quota(repository, owner, quota, files, write) is False
        assert self.count(repository, owner) == (2, 15)
        assert repository.list_all(owner)[0].checked_at == 0

    @pytest.mark.parametrize("write", ["repair", "check"])
    def test_counters_of_an_erased_user_are_not_created(
        self, repository: FileRepository, user_id: str, write: str
    ) -> None:
        """Reconciliation reads no counters after the erasure of a user that it has listed before."""
        quota, files = repository.list_all(user_id)
        assert self.write_quota(repository, user_id, quota, files, write) is False
        assert repository.find_owners([user_id]) == set()

    def write_quota(
        self, repository: FileRepository, user_id: str, quota: StoredQuota, files: list[StoredFile], write: str
    ) -> bool:
        """Make a write of reconciliation."""
        if write == "repair":
            return repository.repair_quota(user_id, quota, files)
        return repository.set_checked(user_id, quota, LATER)

    @pytest.mark.usefixtures("stored")
    def test_check_is_stored_with_the_counters(self, repository: FileRepository, owner: str) -> None:
        quota, _ = repository.list_all(owner)
        assert repository.set_checked(owner, quota, LATER)
        assert repository.list_all(owner)[0] == replace(quota, checked_at=int(LATER.timestamp() * 1000))

    @pytest.mark.usefixtures("stored")
    def test_scan_returns_each_user_once(
        self, repository: FileRepository, profiles: ProfileRepository, owner: str
    ) -> None:
        user_ids = [owner, *(f"{owner}-{number:03}" for number in range(120))]
        for user_id in user_ids[1:]:
            profiles.create_if_absent(build_profile(user_id))
            repository.create(user_id, build_file(), LIMITS, NOW)
        found = {user_id: quota for user_id, quota in scan_all(repository).items() if user_id.startswith(owner)}
        assert sorted(found) == sorted(user_ids)
        assert found[owner] == repository.list_all(owner)[0]

    @pytest.mark.usefixtures("stored")
    def test_owners_are_found(self, repository: FileRepository, owner: str) -> None:
        others = [f"{owner}-{number:03}" for number in range(150)]
        assert repository.find_owners([*others, owner]) == {owner}
        assert repository.find_owners([]) == set()

    @pytest.mark.usefixtures("stored")
    def test_all_records_of_a_user_are_deleted(
        self, repository: FileRepository, profiles: ProfileRepository, owner: str
    ) -> None:
        other = f"{owner}-other"
        profiles.create_if_absent(build_profile(other))
        repository.create(other, build_file(), LIMITS, NOW)
        for _ in range(30):
            repository.create(owner, build_file(1), FileLimits(100, 100, 100), NOW)
        repository.delete_all(owner)
        assert repository.list_all(owner) == (StoredQuota(), [])
        assert self.count(repository, other) == (1, 10)
        repository.delete_all(owner)  # a repeated erasure


class FileStorageContract(ABC):
    """The contract of FileStorage. `upload` stores CONTENT as a client does."""

    @pytest.fixture
    @abstractmethod
    def storage(self) -> FileStorage:
        """Return the storage under test."""

    @pytest.fixture
    @abstractmethod
    def upload(self, storage: FileStorage) -> Upload:
        """Return a function that uploads CONTENT as a file of a user."""

    @pytest.fixture
    def file(self) -> File:
        return build_file(content=CONTENT).file

    def test_form_has_the_limits_of_the_file(self, storage: FileStorage, user_id: str, file: File) -> None:
        form = storage.create_presigned_upload(user_id, file)
        assert form.fields["key"] == f"files/{user_id}/{file.id}"
        assert (form.limits.min_bytes, form.limits.max_bytes) == (len(CONTENT), len(CONTENT))

    def test_link_has_the_key_of_the_file(self, storage: FileStorage, user_id: str, file: File) -> None:
        assert f"files/{user_id}/{file.id}" in storage.create_presigned_link(user_id, file).url

    def test_uploaded_file_exists(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        assert not storage.exists(user_id, file.id)
        upload(user_id, file)
        assert storage.exists(user_id, file.id)
        assert storage.list_file_ids(user_id) == {file.id}

    def test_uploaded_file_can_be_read(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        assert storage.read(user_id, file.id, len(CONTENT), seconds=5) == (CONTENT, "application/pdf")

    def test_longer_file_is_cut_off(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        read = storage.read(user_id, file.id, 3, seconds=5)
        assert read is not None
        assert read.content == CONTENT[:4]

    def test_missing_file_is_none(self, storage: FileStorage, user_id: str, file: File) -> None:
        assert storage.read(user_id, file.id, 100, seconds=5) is None
        assert storage.list_file_ids(user_id) == set()

    def test_file_without_a_scan_has_no_status(
        self, storage: FileStorage, upload: Upload, user_id: str, file: File
    ) -> None:
        upload(user_id, file)
        assert storage.get_scan_status(user_id, file.id) is None

    def test_deleted_file_is_gone(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        for _ in range(2):
            storage.delete(user_id, file.id)
        assert not storage.exists(user_id, file.id)
        assert storage.list_file_ids(user_id) == set()

    def test_versions_of_one_file_are_deleted(
        self, storage: FileStorage, upload: Upload, user_id: str, file: File
    ) -> None:
        other = build_file(content=CONTENT).file
        for uploaded in (file, file, other):
            upload(user_id, uploaded)
        assert storage.delete_versions(user_id, file.id) >= 1
        assert storage.list_file_ids(user_id) == {other.id}
        assert storage.delete_versions(user_id, file.id) == 0

    def test_versions_of_a_user_are_deleted(
        self, storage: FileStorage, upload: Upload, user_id: str, file: File
    ) -> None:
        for owner in (user_id, f"{user_id}-other"):
            upload(owner, file)
        assert storage.delete_all_versions(user_id) >= 1
        assert storage.delete_all_versions(user_id) == 0
        assert storage.exists(f"{user_id}-other", file.id)

    def test_users_with_files_are_listed(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        upload(user_id, build_file(content=CONTENT).file)
        found, cursor = storage.list_user_ids(None)
        while cursor:
            page, cursor = storage.list_user_ids(cursor)
            found += page
        assert found.count(user_id) == 1
