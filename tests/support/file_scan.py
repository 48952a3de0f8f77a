"""Users with files over fakes, and the scan over them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from chalicelib.core.clock import utc_now
from chalicelib.files.checking import FileChecker
from chalicelib.files.models import File, FileRejection, FileStatus, FileType
from chalicelib.files.repository import FileLimits
from chalicelib.reconciliation.file_comparison import FileComparer
from chalicelib.reconciliation.file_scan import FileProgress, FileScan, FileScanOptions
from tests.support.contracts import build_profile
from tests.support.data import OTHER_SUB, SUB
from tests.support.fakes.files import FakeFileCheckStarter, InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.privacy import InMemoryDeletionRepository
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.reconciliation import InMemoryCheckpoints
from tests.support.fakes.table import InMemoryTable
from tests.support.file_contracts import build_file
from tests.support.sample_files import SAMPLES

PDF: Final = SAMPLES[FileType.PDF]
LIMITS: Final = FileLimits(files=10_000, bytes=10**9, uploads_per_day=10_000)
_MINUTES: Final = 5  # since the last change, unless a test needs more
_OLD_MINUTES: Final = 24 * 60  # older than the last change


class FileScanFixture:
    """Users with files, and the scan over them."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.table = InMemoryTable()
        self.profiles = InMemoryProfileRepository(self.table)
        self.repository = InMemoryFileRepository(self.table)
        self.storage = InMemoryFileStorage()
        self.starter = FakeFileCheckStarter()
        self.checkpoints = InMemoryCheckpoints()
        self.threads = threads

    def add(
        self,
        status: FileStatus = FileStatus.AVAILABLE,
        user_id: str = SUB,
        *,
        minutes_ago: int = _MINUTES,
        has_object: bool = True,
    ) -> File:
        """Store a file of this age with this status, and its content."""
        created_at = utc_now() - timedelta(minutes=minutes_ago)
        self.profiles.create_if_absent(build_profile(user_id))
        stored = build_file(created_at=created_at, content=PDF)
        assert self.repository.create(user_id, stored, LIMITS, created_at)
        if status is FileStatus.REJECTED:
            self.repository.reject(user_id, stored, FileRejection.MALWARE, created_at)
        elif status is not FileStatus.AWAITING_UPLOAD:
            self.repository.set_status(user_id, stored.file.id, status, created_at)
        if has_object:
            self.storage.upload(user_id, stored.file, PDF)
        return stored.file

    def add_checked(self, minutes_ago: int, *, changed_minutes_ago: int) -> None:
        """Store a file, and a check of its user without a difference."""
        self.add(minutes_ago=changed_minutes_ago)
        quota, _ = self.repository.list_all(SUB)
        self.repository.set_checked(SUB, quota, utc_now() - timedelta(minutes=minutes_ago))

    def add_content(self, user_id: str, count: int = 1, *, minutes_ago: int = _OLD_MINUTES) -> list[str]:
        """Store content of this age without records, and return the ids of its files."""
        moment = utc_now() - timedelta(minutes=minutes_ago)
        files = [build_file(created_at=moment, content=PDF).file for _ in range(count)]
        for file in files:
            self.storage.upload(user_id, file, PDF)
        return [file.id for file in files]

    def delete(self, file: File, user_id: str = SUB) -> None:
        """Delete a file. The request is interrupted before it deletes the object."""
        stored = self.repository.get(user_id, file.id)
        assert stored is not None
        assert self.repository.delete(user_id, stored, utc_now())

    def damage(self, file: File, user_id: str = SUB) -> None:
        """Make the record of a file unreadable."""
        self.repository.records.unreadable.add((user_id, file.id))

    def erase(self, user_id: str = OTHER_SUB) -> str:
        """Store a tombstone of the account, and return the user's id."""
        self.table.erase(user_id, utc_now())
        return user_id

    def scan(self, is_over: Callable[[], bool] = lambda: False, **options: bool) -> FileProgress:
        """Run the scan, from its checkpoint."""
        parsed = FileScanOptions(**options)
        comparer = FileComparer(
            self.repository, self.storage, InMemoryDeletionRepository(self.table), dry_run=parsed.dry_run
        )
        scan = FileScan(self.checkpoints, self.repository, self.storage, self.starter, comparer, self.threads, parsed)
        scan.load()
        scan.run(is_over)
        return scan.progress

    def run_checks(self) -> None:
        """Run the checks that the scan has started."""
        checker = FileChecker(self.repository, self.storage, malware_protection=False)
        for request in self.starter.requests:
            checker.check(request)
        self.starter.requests.clear()

    def get_checked_at(self) -> int:
        return self.repository.list_all(SUB)[0].checked_at
