"""The scan over the files of users: records, objects in S3 and counters agree.

Records are scanned first. Of each user whose files have changed since the last complete check, the records are compared
with the objects, and the counters with the records. Then the bucket is scanned for objects of users without records,
which a late upload can leave after an erasure.

Each file that differs is passed to the function check_file, which looks at it again and repairs it. A file whose
content is missing loses its record, and content without a record is deleted. Limits protect against a wrong bucket, in
which every content is missing, and against a wrong table, in which every record is missing.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from chalicelib.aws.errors import translate_errors
from chalicelib.core import logs
from chalicelib.core.clock import to_milliseconds, utc_now
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.files.checking import FileCheckRequest
from chalicelib.files.models import FileStatus
from chalicelib.files.records import StoredFile, StoredQuota
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.scan import IsOver, Scan, ScanProgress, deletion_limit, map_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_lambda import LambdaClient

# After the last change, a form can still be used for 15 minutes and an upload may take as long. A check after this time
# is complete.
SETTLED_AFTER: Final = timedelta(hours=1)
# Objects can also disappear by a mistake in the bucket, so a user's files are checked again after this time.
_CHECK_INTERVAL: Final = timedelta(days=7)
_PENDING: Final = (FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING)


class FileCheckStarter:
    """The caller of the function that checks files. The client is created at the first call."""

    def __init__(self, client: "Callable[[], LambdaClient]", function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def start(self, user_id: str, file_id: str) -> None:
        """Start the check of a file. Raises UpstreamError."""
        payload = FileCheckRequest(user_id=user_id, file_id=file_id).model_dump_json()
        with translate_errors():
            self._client().invoke(FunctionName=self._function_name, InvocationType="Event", Payload=payload)


class FileProgress(ScanProgress):
    """The progress of the scan over the files."""

    phase: Literal["records", "objects", "finished"] = "records"
    users: int = 0  # whose files were compared
    files: int = 0  # compared
    checks: int = 0  # started
    repaired: int = 0  # users whose counters were wrong
    lost: int = 0  # files without content
    owners: int = 0  # users with content
    strangers: int = 0  # of these, users without records
    stopped: bool = False  # more files without content, or more users without records, than a scan removes

    @property
    def is_finished(self) -> bool:
        """Return True after the last phase."""
        return self.phase == "finished"


class _Difference(NamedTuple):
    """The differences that a comparison of one user has found."""

    user_id: str
    files: int = 0
    suspects: Sequence[str] = ()  # files to check
    lost: Sequence[str] = ()  # files without content
    unknown: Sequence[str] = ()  # files of a user without records
    is_repaired: bool = False


class FileScan(Scan[FileProgress]):
    """The scan over the files. Users are compared in several threads."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: FileRepository,
        storage: FileStorage,
        starter: FileCheckStarter,
        threads: Executor,
        *,
        dry_run: bool = False,
    ) -> None:
        super().__init__(checkpoints, "files", FileProgress())
        self._repository = repository
        self._storage = storage
        self._starter = starter
        self._threads = threads
        self._dry_run = dry_run

    def process_page(self, progress: FileProgress, is_over: IsOver) -> FileProgress:
        """Process a page. An unfinished page is processed again."""
        listed: Sequence[str] = ()
        strangers: Sequence[str] = ()
        if progress.phase == "records":
            quotas, cursor = self._repository.scan_quotas(progress.cursor)
            user_ids = [user_id for user_id, quota in quotas if _needs_check(quota)]
            results = map_until(self._threads, is_over, self._compare, user_ids)
        else:
            listed, cursor = self._storage.list_user_ids(progress.cursor)
            owners = self._repository.find_owners(listed)
            strangers = [user_id for user_id in listed if user_id not in owners]
            results = map_until(self._threads, is_over, self._find_objects, strangers)
        differences = [difference for difference in results if difference is not None]
        counted = _count(progress, differences, owners=len(listed), strangers=len(strangers))
        counted = counted.model_copy(update={"stopped": progress.stopped or _exceeds_limit(counted)})
        if counted.stopped and not progress.stopped:
            numbers = counted.model_dump(include={"files", "lost", "owners", "strangers"})
            logs.event("too many files without content or record", logging.ERROR, **numbers)
            add_metric(Metric.RECONCILIATION_STOPPED)
        checks = self._start_checks(differences, is_stopped=counted.stopped)
        if len(differences) < len(results):
            return progress  # otherwise the next run would count the page twice
        phase = progress.phase if cursor else _next_phase(progress)
        return counted.model_copy(update={"phase": phase, "cursor": cursor, "checks": progress.checks + checks})

    def _compare(self, user_id: str) -> _Difference:
        """Compare the records of a user with the objects, and the counters with the records."""
        quota, files = self._repository.list_all(user_id)
        objects = self._storage.list_file_ids(user_id)
        now = utc_now()
        suspects = [file_id for file_id in objects if file_id not in {stored.file.id for stored in files}]
        suspects += [stored.file.id for stored in files if self._is_suspect(stored, stored.file.id in objects)]
        lost = [stored.file.id for stored in files if _is_lost(stored, stored.file.id in objects)]
        is_wrong = not _counters_agree(quota, files)
        is_repaired = is_wrong and not self._dry_run and self._repository.repair_quota(user_id, quota, files)
        if is_repaired:
            logs.event("counters of files repaired", logging.WARNING, sub=user_id)
        is_settled = quota.changed_at <= to_milliseconds(now - SETTLED_AFTER)
        is_pending = any(stored.file.status in _PENDING for stored in files)
        if is_settled and not (is_pending or is_wrong or suspects or lost or self._dry_run):
            self._repository.set_checked(user_id, quota, now)
        return _Difference(user_id, len(files), suspects, lost, is_repaired=is_repaired)

    def _is_suspect(self, stored: StoredFile, has_object: bool) -> bool:
        """Return True if an interruption may have left this file."""
        if stored.file.status is FileStatus.AWAITING_UPLOAD:
            return has_object or stored.has_expired(utc_now())
        return has_object and stored.file.status in (FileStatus.SCANNING, FileStatus.REJECTED)

    def _find_objects(self, user_id: str) -> _Difference:
        """Return the objects of a user without records."""
        return _Difference(user_id, unknown=sorted(self._storage.list_file_ids(user_id)))

    def _start_checks(self, differences: Sequence[_Difference], *, is_stopped: bool) -> int:
        """Start the checks of files, and return their number. A stopped scan checks no file that it might remove."""
        checks = [
            (difference.user_id, file_id)
            for difference in differences
            for file_id in (*difference.suspects, *(() if is_stopped else (*difference.lost, *difference.unknown)))
        ]
        if not self._dry_run:
            for user_id, file_id in checks:
                self._starter.start(user_id, file_id)
        return len(checks)


def _count(progress: FileProgress, differences: Sequence[_Difference], *, owners: int, strangers: int) -> FileProgress:
    """Return the progress with the numbers of a page added."""
    return progress.model_copy(
        update={
            "users": progress.users + sum(difference.files > 0 for difference in differences),
            "files": progress.files + sum(difference.files for difference in differences),
            "repaired": progress.repaired + sum(difference.is_repaired for difference in differences),
            "lost": progress.lost + sum(len(difference.lost) for difference in differences),
            "owners": progress.owners + owners,
            "strangers": progress.strangers + strangers,
        }
    )


def _exceeds_limit(progress: FileProgress) -> bool:
    """Return True if the numbers suggest that this is the wrong bucket or the wrong table."""
    return progress.lost > deletion_limit(progress.files) or progress.strangers > deletion_limit(progress.owners)


def _needs_check(quota: StoredQuota) -> bool:
    """Return True unless the files were checked recently, and long enough after their last change."""
    now = utc_now()
    is_settled = quota.checked_at >= quota.changed_at + SETTLED_AFTER // timedelta(milliseconds=1)
    return not is_settled or quota.checked_at <= to_milliseconds(now - _CHECK_INTERVAL)


def _is_lost(stored: StoredFile, has_object: bool) -> bool:
    return not has_object and stored.file.status in (FileStatus.SCANNING, FileStatus.AVAILABLE)


def _counters_agree(quota: StoredQuota, files: Sequence[StoredFile]) -> bool:
    counted = [stored.file for stored in files if stored.is_counted]
    return (quota.files, quota.bytes) == (len(counted), sum(file.size for file in counted))


def _next_phase(progress: FileProgress) -> Literal["objects", "finished"]:
    return "objects" if progress.phase == "records" else "finished"
