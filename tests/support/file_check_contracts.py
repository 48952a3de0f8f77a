"""The contract of the repository of files with check_file, reconciliation and erasure.

The suites run as those of contracts.py.
"""

from dataclasses import replace

import pytest

from chalicelib.files.models import FileRejection, FileStatus
from chalicelib.files.records import StoredFile, StoredQuota
from chalicelib.files.repository import FileChanged, FileLimits, FileRepository
from chalicelib.profiles.repository import ProfileRepository
from tests.support.contracts import LATER, NOW, build_profile
from tests.support.file_contracts import LIMITS, FileRepositoryFixtures, build_file


def scan_all(repository: FileRepository) -> dict[str, StoredQuota]:
    quotas, cursor = repository.scan_quotas(None)
    while cursor:
        page, cursor = repository.scan_quotas(cursor)
        quotas += page
    assert len(quotas) == len(dict(quotas)), "each user once"
    return {user_id: quota for user_id, quota in quotas if quota is not None}


def require_stored(repository: FileRepository, user_id: str, stored: StoredFile) -> StoredFile:
    current = repository.get(user_id, stored.file.id)
    assert current is not None
    return current


class FileCheckContract(FileRepositoryFixtures):
    """The contract of FileRepository for check_file."""

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
        current = require_stored(repository, owner, stored)
        assert current == StoredFile(stored.file.model_copy(update=changes), expires_at=None)

    def test_available_file_remains_available(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        repository.set_status(owner, stored.file.id, FileStatus.AVAILABLE, LATER)
        assert repository.set_status(owner, stored.file.id, FileStatus.SCANNING, LATER) is False
        for rejection in (FileRejection.UNSUPPORTED, FileRejection.CONTENT_MISMATCH):
            assert repository.reject(owner, stored, rejection, LATER) is False
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
        current = require_stored(repository, owner, stored)
        assert (current.file.status, current.file.rejection) == (FileStatus.REJECTED, FileRejection.MALWARE)
        assert (current.expires_at, current.file.version) == (None, 2)
        assert self.count(repository, owner) == (0, 0)

    def test_file_is_rejected_once(self, repository: FileRepository, owner: str, stored: StoredFile) -> None:
        repository.reject(owner, stored, FileRejection.MALWARE, LATER)
        assert repository.reject(owner, stored, FileRejection.UNSUPPORTED, LATER) is False
        assert require_stored(repository, owner, stored).file.rejection is FileRejection.MALWARE
        assert self.count(repository, owner) == (0, 0)

    def test_available_file_with_malware_is_rejected(
        self, repository: FileRepository, owner: str, stored: StoredFile
    ) -> None:
        repository.set_status(owner, stored.file.id, FileStatus.AVAILABLE, LATER)
        assert repository.reject(owner, require_stored(repository, owner, stored), FileRejection.MALWARE, LATER)
        current = require_stored(repository, owner, stored)
        assert (current.file.status, current.file.rejection) == (FileStatus.REJECTED, FileRejection.MALWARE)
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


class FileReconciliationContract(FileRepositoryFixtures):
    """The contract of FileRepository for reconciliation and erasure."""

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
        assert not repository.has_quota(user_id)

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
        quotas = {user_id: quota for user_id, quota in scan_all(repository).items() if user_id.startswith(owner)}
        assert sorted(quotas) == sorted(user_ids)
        assert quotas[owner] == repository.list_all(owner)[0]

    @pytest.mark.usefixtures("stored")
    def test_owners_are_found(self, repository: FileRepository, owner: str) -> None:
        others = [f"{owner}-{number:03}" for number in range(150)]
        assert repository.find_owners([*others, owner]) == {owner}
        assert repository.find_owners([]) == set()
        assert repository.has_quota(owner)

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
