"""The scan over the files of users.

Records are scanned first: the files of each user that have changed since the last complete comparison are compared.
Then the bucket is scanned for objects of users without records, which a late upload can leave after an erasure.

Each file that differs is passed to the function check_file, which looks at it again and repairs it. A file without
content loses its record, and content without a record is deleted. Both can be restored for 30 days. Only the content of
an erased user is deleted permanently.

A wrong bucket has no content of any file, and a wrong or outdated table no records of it. So the scan stops removing
files if

- too many files have no content;
- content has no record, and nothing explains that (file_comparison.py): its user was not erased and has no records at
  all, the counters count more files than there are records, or the content is newer than the last change of the
  counters. One such user stops the scan, because no interruption causes it;
- too much content has no record, although interrupted deletions explain it. An outage of S3 leaves one object for each
  deletion of a file. The limit is so high that an outage does not reach it: where users delete more than 1,000 files in
  an hour, the weekly comparison of all users finds more than ten times as many objects in the same hour.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Final, Literal, NamedTuple

from chalicelib.core import logs
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.files.checking import FileCheckRequest
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.file_check_starter import FileCheckStarter
from chalicelib.reconciliation.file_comparison import FileComparer, FileComparison, needs_comparison
from chalicelib.reconciliation.scan import IsOver, Scan, ScanProgress, deletion_limit, map_until

_MIN_LIMIT_WITHOUT_RECORD: Final = 1_000  # objects
_MAX_SHARE_WITHOUT_RECORD: Final = 0.1  # of the compared objects


class FileScanOptions(NamedTuple):
    """The options of the scan."""

    dry_run: bool = False  # the scan only reports
    remove_all_differing: bool = False  # the scan removes differing files without a limit


class FileProgress(ScanProgress):
    """The progress of the scan over the files."""

    phase: Literal["records", "objects", "finished"] = "records"
    users: int = 0  # users whose files were compared
    files: int = 0  # records that were compared
    objects: int = 0  # objects that were compared
    checks: int = 0  # checks that were started
    repaired: int = 0  # users whose counters were wrong
    without_object: int = 0  # files whose object is missing
    without_record: int = 0  # objects whose record is missing
    of_erased_users: int = 0  # objects without a record whose user was erased
    unexplained: int = 0  # users with objects whose missing records nothing explains
    unreadable: int = 0  # users with a record or counters that cannot be read
    stopped: bool = False  # too many files differ, so the scan removes no more of them

    @property
    def is_finished(self) -> bool:
        """Return True after the last phase."""
        return self.phase == "finished"


class FileScan(Scan[FileProgress]):
    """The scan over the files. Users are compared in several threads."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: FileRepository,
        storage: FileStorage,
        starter: FileCheckStarter,
        comparer: FileComparer,
        threads: Executor,
        options: FileScanOptions,
    ) -> None:
        super().__init__(checkpoints, "files", FileProgress())
        self._repository = repository
        self._storage = storage
        self._starter = starter
        self._comparer = comparer
        self._threads = threads
        self._options = options

    def process_page(self, progress: FileProgress, is_over: IsOver) -> FileProgress:
        """Process a page. An unfinished page is processed again."""
        compare_page = self._compare_records if progress.phase == "records" else self._compare_objects
        comparisons, cursor = compare_page(progress.cursor, is_over)
        if comparisons is None:
            return progress
        counted = self._apply_limits(progress, _count(progress, comparisons))
        requests = [request for comparison in comparisons for request in _list_checks(comparison, counted.stopped)]
        if not self._start_checks(requests, is_over):
            return progress
        phase = progress.phase if cursor else _next_phase(progress)
        return counted.model_copy(update={"phase": phase, "cursor": cursor, "checks": progress.checks + len(requests)})

    def _compare_records(
        self, cursor: str | None, is_over: IsOver
    ) -> tuple[Sequence[FileComparison] | None, str | None]:
        """Compare the users of a page of records. Returns None instead of comparisons if the time was over."""
        quotas, next_cursor = self._repository.scan_quotas(cursor)
        user_ids = [user_id for user_id, quota in quotas if quota is None or needs_comparison(quota)]
        results = map_until(self._threads, is_over, self._comparer.compare, user_ids)
        return _require_all(results), next_cursor

    def _compare_objects(
        self, cursor: str | None, is_over: IsOver
    ) -> tuple[Sequence[FileComparison] | None, str | None]:
        """Find users of a page of objects who have no records. Returns None as _compare_records()."""
        listed, next_cursor = self._storage.list_user_ids(cursor)
        owners = self._repository.find_owners(listed)
        user_ids = [user_id for user_id in listed if user_id not in owners]
        results = map_until(self._threads, is_over, self._comparer.compare_without_records, user_ids)
        return _require_all(results), next_cursor

    def _apply_limits(self, before: FileProgress, counted: FileProgress) -> FileProgress:
        """Stop removing files if the numbers suggest that this is the wrong bucket or the wrong table."""
        if before.stopped or self._options.remove_all_differing or not _exceeds_limit(counted):
            return counted
        numbers = {"files", "objects", "without_object", "without_record", "unexplained"}
        logs.event("too many files differ", logging.ERROR, **counted.model_dump(include=numbers))
        add_metric(Metric.RECONCILIATION_STOPPED)
        return counted.model_copy(update={"stopped": True})

    def _start_checks(self, requests: Sequence[FileCheckRequest], is_over: IsOver) -> bool:
        """Start the checks of files. Return False if the time was over before the last one."""
        if self._options.dry_run:
            return True
        for request in requests:
            if is_over():
                return False
            self._starter.start(request)
        return True


def _require_all(results: Sequence[FileComparison | None]) -> Sequence[FileComparison] | None:
    comparisons = [comparison for comparison in results if comparison is not None]
    return comparisons if len(comparisons) == len(results) else None


def _count(progress: FileProgress, comparisons: Sequence[FileComparison]) -> FileProgress:
    """Return the progress with the numbers of a page added."""
    numbers = {
        "users": sum(comparison.records > 0 for comparison in comparisons),
        "files": sum(comparison.records for comparison in comparisons),
        "objects": sum(comparison.objects for comparison in comparisons),
        "repaired": sum(comparison.is_repaired for comparison in comparisons),
        "without_object": sum(len(comparison.without_object) for comparison in comparisons),
        "without_record": sum(len(comparison.without_record) for comparison in comparisons if not comparison.is_erased),
        "of_erased_users": sum(len(comparison.without_record) for comparison in comparisons if comparison.is_erased),
        "unexplained": sum(comparison.is_unexplained for comparison in comparisons),
        "unreadable": sum(comparison.is_unreadable for comparison in comparisons),
    }
    return progress.model_copy(update={name: getattr(progress, name) + number for name, number in numbers.items()})


def _exceeds_limit(progress: FileProgress) -> bool:
    """Return True if an interruption or an isolated loss cannot explain the differences."""
    lost = progress.without_object
    is_wrong_bucket = lost > 0 and (lost > deletion_limit(progress.files) or lost >= progress.files / 2)
    max_without_record = max(_MIN_LIMIT_WITHOUT_RECORD, progress.objects * _MAX_SHARE_WITHOUT_RECORD)
    is_wrong_table = progress.unexplained > 0 or progress.without_record > max_without_record
    return is_wrong_bucket or is_wrong_table


def _list_checks(comparison: FileComparison, is_stopped: bool) -> Sequence[FileCheckRequest]:
    """Return the checks to start. A stopped scan removes only the content of erased users."""
    is_removal_allowed = comparison.is_erased or not is_stopped
    differing = [*comparison.without_object, *comparison.without_record] if is_removal_allowed else []
    return [
        FileCheckRequest(user_id=comparison.user_id, file_id=file_id, keep_versions=not comparison.is_erased)
        for file_id in (*comparison.unfinished, *differing)
    ]


def _next_phase(progress: FileProgress) -> Literal["objects", "finished"]:
    return "objects" if progress.phase == "records" else "finished"
