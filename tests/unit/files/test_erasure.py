"""The erasure of the files of a user, over fakes."""

from typing import Final

import pytest

from chalicelib.core.errors import ServiceUnavailable
from chalicelib.files.checking import FileChecker, FileCheckRequest
from chalicelib.files.erasure import FileErasure
from chalicelib.files.models import File, FileType
from chalicelib.files.repository import FileLimits
from tests.support.contracts import NOW, build_profile
from tests.support.data import OTHER_SUB, SUB
from tests.support.fakes.files import InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.file_contracts import build_file
from tests.support.sample_files import SAMPLES

CONTENT: Final = SAMPLES[FileType.PDF]
LIMITS: Final = FileLimits(files=10, bytes=10**6, uploads_per_day=10)


class FileErasureFixture:
    """Two users with two files each. The second file of each awaits its upload."""

    def __init__(self, storage: InMemoryFileStorage) -> None:
        table = InMemoryTable()
        self.repository = InMemoryFileRepository(table)
        self.storage = storage
        self.checker = FileChecker(self.repository, storage, malware_protection=False)
        self.erasure = FileErasure(self.repository, storage)
        self.pending: dict[str, File] = {}
        for user_id in (SUB, OTHER_SUB):
            InMemoryProfileRepository(table).create_if_absent(build_profile(user_id))
            for stored in (build_file(content=CONTENT), build_file(content=CONTENT)):
                self.repository.create(user_id, stored, LIMITS, NOW)
                self.pending[user_id] = stored.file
            storage.upload(user_id, stored.file, CONTENT)

    def upload(self, user_id: str) -> None:
        """Upload the pending file of a user, which starts its check."""
        file = self.pending[user_id]
        self.storage.upload(user_id, file, CONTENT)
        self.checker.check(FileCheckRequest(user_id=user_id, file_id=file.id))


@pytest.fixture
def fixture() -> FileErasureFixture:
    return FileErasureFixture(InMemoryFileStorage())


def test_records_and_content_of_a_user_are_deleted(fixture: FileErasureFixture) -> None:
    assert fixture.erasure.erase(SUB) == 1
    assert fixture.repository.list_all(SUB)[1] == []
    assert fixture.storage.list_file_ids(SUB) == set()
    assert fixture.repository.find_owners([SUB, OTHER_SUB]) == {OTHER_SUB}
    assert len(fixture.storage.list_file_ids(OTHER_SUB)) == 1


def test_repeated_erasure_deletes_nothing(fixture: FileErasureFixture) -> None:
    fixture.erasure.erase(SUB)
    assert fixture.erasure.erase(SUB) == 0


def test_upload_after_the_erasure_is_deleted(fixture: FileErasureFixture) -> None:
    fixture.erasure.erase(SUB)
    fixture.upload(SUB)
    assert fixture.storage.list_file_ids(SUB) == set()


def test_interrupted_erasure_is_completed(fixture: FileErasureFixture) -> None:
    fixture.storage.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        fixture.erasure.erase(SUB)
    fixture.storage.fail_with = None
    assert fixture.erasure.erase(SUB) == 1
    assert fixture.repository.list_all(SUB)[1] == []


class LateUploads(InMemoryFileStorage):
    """A storage to which an upload arrives while the versions are deleted: it was not listed."""

    fixture: FileErasureFixture | None = None

    def delete_all_versions(self, user_id: str) -> int:
        count = super().delete_all_versions(user_id)
        assert self.fixture is not None
        self.fixture.upload(user_id)
        return count


def test_upload_during_the_erasure_is_deleted() -> None:
    storage = LateUploads()
    storage.fixture = fixture = FileErasureFixture(storage)
    fixture.erasure.erase(SUB)
    assert fixture.storage.list_file_ids(SUB) == set()
    assert fixture.repository.list_all(SUB)[1] == []
