"""A checker of files over fakes, and a file that a user has announced."""

from datetime import timedelta
from typing import Any, Final

from chalicelib.core.clock import utc_now
from chalicelib.files.checking import FileChecker, FileCheckRequest
from chalicelib.files.models import File, FileType
from chalicelib.files.records import StoredFile
from chalicelib.files.repository import FileLimits
from tests.support.contracts import build_profile
from tests.support.data import SUB
from tests.support.fakes.files import InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.file_contracts import build_file
from tests.support.sample_files import SAMPLES

CLEAN: Final = "NO_THREATS_FOUND"
PDF: Final = SAMPLES[FileType.PDF]
LIMITS: Final = FileLimits(files=10, bytes=10**9, uploads_per_day=10)


class FileCheckFixture:
    """A checker over fakes, and a file that a user has announced."""

    def __init__(self, *, malware_protection: bool = False) -> None:
        table = InMemoryTable()
        InMemoryProfileRepository(table).create_if_absent(build_profile(SUB))
        self.repository = InMemoryFileRepository(table)
        self.storage = InMemoryFileStorage()
        self.checker = FileChecker(self.repository, self.storage, malware_protection=malware_protection)

    def announce(self, content: bytes = PDF, *, minutes_ago: int = 1, **changes: Any) -> File:
        """Announce a file with this content. `changes` are those of its fields."""
        created_at = utc_now() - timedelta(minutes=minutes_ago)
        stored = build_file(created_at=created_at, content=content)
        file = stored.file.model_copy(update=changes)
        assert self.repository.create(SUB, StoredFile(file, stored.expires_at), LIMITS, created_at)
        return file

    def upload(self, file: File, content: bytes = PDF, scan_status: str | None = None) -> File:
        self.storage.upload(SUB, file, content)
        if scan_status is not None:
            self.storage.set_scan_status(SUB, file.id, scan_status)
        return file

    def check(self, file: File, scan_result: str | None = None) -> str:
        """Check a file. `scan_result` is that of an event of GuardDuty."""
        request = FileCheckRequest(user_id=SUB, file_id=file.id, scan_result=scan_result)
        return self.checker.check(request).outcome

    def get(self, file: File) -> File:
        stored = self.repository.get(SUB, file.id)
        assert stored is not None
        return stored.file

    def count_quota(self) -> tuple[int, int]:
        quota, _ = self.repository.list_all(SUB)
        return quota.files, quota.bytes
