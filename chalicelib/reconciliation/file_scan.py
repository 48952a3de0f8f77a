"""The scan over the files of users: records, objects in S3 and counters agree.

Records are scanned first. Of each user whose files have changed since the last complete check, the records are compared
with the objects, and the counters with the records. Then the bucket is scanned for objects of users without records,
which a late upload can leave after an erasure.

Each file that differs is passed to the function check_file, which looks at it again and repairs it. A file whose
content is missing loses its record. A limit protects against a wrong bucket, in which every content is missing.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from chalicelib.aws.errors import translate_errors
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
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
    stopped: bool = False  # there were more files without content than a scan repairs

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
        progress = self._repair(progress, differences)
        if len(differences) < len(results):
            return progress
        if cursor is None:
            return progress.model_copy(update={"phase": _next_phase(progress), "cursor": None})
        return progress.model_copy(update={"cursor": cursor})

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
        is_settled = quota.changed_at <= _milliseconds(now - SETTLED_AFTER)
        is_pending = any(stored.file.status in _PENDING for stored in files)
        if is_settled and not (is_pending or is_wrong or suspects or lost or self._dry_run):
            self._repository.set_checked(user_id, quota, now)
        return _Difference(user_id, len(files), suspects, lost, is_repaired)

    def _is_suspect(self, stored: StoredFile, has_object: bool) -> bool:
        """Return True if an interruption may have left this file."""
        if stored.file.status is FileStatus.AWAITING_UPLOAD:
            return has_object or stored.has_expired(utc_now())
        return has_object and stored.file.status in (FileStatus.SCANNING, FileStatus.REJECTED)

    def _find_objects(self, user_id: str) -> _Difference:
        """Return the objects of a user without records."""
        return _Difference(user_id, suspects=sorted(self._storage.list_file_ids(user_id)))

    def _repair(self, progress: FileProgress, differences: Sequence[_Difference]) -> FileProgress:
        files = progress.files + sum(difference.files for difference in differences)
        lost = progress.lost + sum(len(difference.lost) for difference in differences)
        stopped = lost > deletion_limit(files)
        if stopped and not progress.stopped:
            logs.event("too many files without content", logging.ERROR, files=files, lost=lost)
            add_metric(Metric.RECONCILIATION_STOPPED)
        checks = [
            (difference.user_id, file_id)
            for difference in differences
            for file_id in (*difference.suspects, *(() if stopped else difference.lost))
        ]
        if not self._dry_run:
            for user_id, file_id in checks:
                self._starter.start(user_id, file_id)
        return progress.model_copy(
            update={
                "users": progress.users + sum(difference.files > 0 for difference in differences),
                "files": files,
                "checks": progress.checks + len(checks),
                "repaired": progress.repaired + sum(difference.is_repaired for difference in differences),
                "lost": lost,
                "stopped": stopped,
            }
        )


def _needs_check(quota: StoredQuota) -> bool:
    """Return True unless the files were checked recently, and long enough after their last change."""
    now = utc_now()
    is_settled = quota.checked_at >= quota.changed_at + _milliseconds_of(SETTLED_AFTER)
    return not is_settled or quota.checked_at <= _milliseconds(now - _CHECK_INTERVAL)


def _is_lost(stored: StoredFile, has_object: bool) -> bool:
    return not has_object and stored.file.status in (FileStatus.SCANNING, FileStatus.AVAILABLE)


def _counters_agree(quota: StoredQuota, files: Sequence[StoredFile]) -> bool:
    counted = [stored.file for stored in files if stored.counts]
    return (quota.files, quota.bytes) == (len(counted), sum(file.size for file in counted))


def _next_phase(progress: FileProgress) -> Literal["objects", "finished"]:
    return "objects" if progress.phase == "records" else "finished"


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _milliseconds_of(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
