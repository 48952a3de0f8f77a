"""The check of an uploaded file, in a function of its own.

S3 announces an upload, GuardDuty the result of a scan, and reconciliation a file that differs from its record. Each
leads to the same check of the present state, so an event can be lost, repeated or out of order. Only a report of
malware is used without the tag of the object. It is final, because all versions of a file have the same content.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal, Self
from urllib.parse import unquote_plus

from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable, UpstreamError
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.validation import InternalModel
from chalicelib.files.ids import is_file_id
from chalicelib.files.models import File, FileRejection, FileStatus
from chalicelib.files.records import StoredFile
from chalicelib.files.repository import FileChanged, FileRepository
from chalicelib.files.signatures import has_content_of
from chalicelib.files.storage import KEY_PREFIX, FileStorage

READ_SECONDS: Final = 20  # for 50 MiB
_SCAN_OVERDUE_AFTER: Final = timedelta(hours=2)  # since the creation of the file; a scan usually takes seconds
CheckOutcome = Literal["available", "rejected", "scanning", "awaiting-upload", "released", "deleted", "unchanged"]

# The results of GuardDuty, and the rejection of a new file for each. Only the first one allows a file to be read.
_CLEAN: Final = "NO_THREATS_FOUND"
_INFECTED: Final = "THREATS_FOUND"
_REJECTIONS: Final[Mapping[str, FileRejection | None]] = {
    _CLEAN: None,
    _INFECTED: FileRejection.MALWARE,
    "UNSUPPORTED": FileRejection.UNSUPPORTED,
    "ACCESS_DENIED": FileRejection.UNSUPPORTED,
    "FAILED": FileRejection.UNSUPPORTED,
}
_FAILED_SCANS: Final = ("ACCESS_DENIED", "FAILED")
_UNREADABLE: Final = ("UNSUPPORTED", *_FAILED_SCANS)  # of an available file: the bucket denies reads from then on


class FileCheckRequest(InternalModel):
    """The file to check."""

    user_id: str
    file_id: str
    scan_result: str | None = None  # that GuardDuty has reported
    keep_versions: bool = False  # content without a record can be restored for 30 days

    @classmethod
    def from_key(cls, key: str, scan_result: str | None = None) -> Self:
        """Return the request for an object's key."""
        user_id, _, file_id = key.removeprefix(KEY_PREFIX).partition("/")
        return cls(user_id=user_id, file_id=file_id, scan_result=scan_result)

    @property
    def is_valid(self) -> bool:
        """Return False for the key of an object that is not a file, such as a folder that an operator has created."""
        return self.user_id != "" and is_file_id(self.file_id)


class FileCheckResult(InternalModel):
    """The result of a check."""

    outcome: CheckOutcome


def parse_event(event: Mapping[str, Any]) -> Sequence[FileCheckRequest]:
    """Return the files of an event of S3, GuardDuty or reconciliation.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    https://docs.aws.amazon.com/guardduty/latest/ug/monitor-with-eventbridge-s3-malware-protection.html
    """
    if "Records" in event:
        keys = (unquote_plus(record["s3"]["object"]["key"]) for record in event["Records"])
        return [FileCheckRequest.from_key(key) for key in keys]
    if "detail" in event:
        detail = event["detail"]
        result = detail["scanResultDetails"]["scanResultStatus"]
        return [FileCheckRequest.from_key(detail["s3ObjectDetails"]["objectKey"], result)]
    return [FileCheckRequest.model_validate(event)]


class FileChecker:
    """Checks files. With `malware_protection`, a file is available only after GuardDuty has found no threat."""

    def __init__(self, repository: FileRepository, storage: FileStorage, *, malware_protection: bool) -> None:
        self._repository = repository
        self._storage = storage
        self._malware_protection = malware_protection

    def check(self, request: FileCheckRequest) -> FileCheckResult:
        """Bring the item and the object of a file into agreement. Idempotent.

        Raises UpstreamError. Lambda then repeats the check, and reconciliation does so within the hour.
        """
        if not request.is_valid:
            logs.event("object is not a file", logging.WARNING)
            return FileCheckResult(outcome="unchanged")
        stored = self._repository.get(request.user_id, request.file_id)
        if stored is None:
            return self._delete_late_upload(request)
        if stored.file.status is FileStatus.REJECTED:
            return self._delete_content(request)
        versions = self._storage.count_versions(request.user_id, request.file_id)
        if versions == 0:
            return self._release(request, stored)
        if stored.file.status is FileStatus.AVAILABLE:
            return self._check_again(request, stored, versions)
        self._delete_repeated_uploads(request, versions)
        scan_result = self._get_scan_result(request)
        if scan_result is None or scan_result not in _REJECTIONS:
            return self._await_scan(request, stored.file)
        rejection = self._find_rejection(request, stored.file, scan_result)
        return self._reject(request, stored, rejection) if rejection else self._accept(request)

    def _delete_content(self, request: FileCheckRequest) -> FileCheckResult:
        """Delete content permanently."""
        count = self._storage.delete_versions(request.user_id, request.file_id)
        return FileCheckResult(outcome="deleted" if count else "unchanged")

    def _delete_late_upload(self, request: FileCheckRequest) -> FileCheckResult:
        """Delete content without a record. The content of a deleted file can be restored for 30 days.

        The content of an erased user is deleted permanently. An erasure deletes the counters before the content. So if
        they still exist after a deletion that can be restored, the erasure deletes that content too.
        """
        if not self._may_restore(request):
            return self._delete_content(request)
        is_deleted = self._storage.delete_late_upload(request.user_id, request.file_id)
        if not self._may_restore(request):
            return self._delete_content(request)
        return FileCheckResult(outcome="deleted" if is_deleted else "unchanged")

    def _may_restore(self, request: FileCheckRequest) -> bool:
        return request.keep_versions or self._repository.has_quota(request.user_id)

    def _check_again(self, request: FileCheckRequest, stored: StoredFile, versions: int) -> FileCheckResult:
        """Reject an available file if a later scan has found malware, and delete repeated uploads.

        A later scan that fails does not delete an accepted document.
        """
        scan_result = self._get_scan_result(request)
        if scan_result == _INFECTED:
            return self._reject(request, stored, FileRejection.MALWARE)
        is_repeated = self._delete_repeated_uploads(request, versions)
        if scan_result in _UNREADABLE and not is_repeated:  # otherwise the result was that of a repeated upload
            _report_failed_scan(request, scan_result)
        return FileCheckResult(outcome="unchanged")

    def _delete_repeated_uploads(self, request: FileCheckRequest, versions: int) -> bool:
        """Delete all versions but the oldest, because the quota counts one. Return True if a form was sent again.

        Before and after the acceptance, the oldest version remains. So concurrent checks never delete the last one. The
        versions that an interruption leaves are deleted at the next event, or expire in the bucket.
        """
        if versions == 1:
            return False
        count = self._storage.delete_repeated_uploads(request.user_id, request.file_id)
        if count:
            logs.event("repeated uploads deleted", file=request.file_id, count=count)
        return count > 0

    def _get_scan_result(self, request: FileCheckRequest) -> str | None:
        """Return the result of the scan, None before it, or a clean one without malware protection."""
        if not self._malware_protection:
            return _CLEAN
        if request.scan_result == _INFECTED:  # the tag follows the report, and may have the result of an earlier scan
            return _INFECTED
        return self._storage.get_scan_status(request.user_id, request.file_id)

    def _await_scan(self, request: FileCheckRequest, file: File) -> FileCheckResult:
        """Set the status of a file before the end of its scan."""
        if request.scan_result is not None:
            raise ServiceUnavailable  # the tag follows the event; Lambda repeats the check
        if file.created_at <= utc_now() - _SCAN_OVERDUE_AFTER:  # seen by the hourly check of reconciliation
            logs.event("file not scanned in time", logging.ERROR, file=request.file_id)
            add_metric(Metric.FILE_SCAN_OVERDUE)
        if file.status is not FileStatus.SCANNING:  # a repeated check must not change the version
            self._repository.set_status(request.user_id, request.file_id, FileStatus.SCANNING, utc_now())
        return FileCheckResult(outcome="scanning")

    def _find_rejection(self, request: FileCheckRequest, file: File, scan_result: str) -> FileRejection | None:
        """Return why the scan or the content rejects the file, or None. Content that is not clean is not read."""
        if scan_result in _FAILED_SCANS:
            _report_failed_scan(request, scan_result)
        rejection = _REJECTIONS[scan_result]
        if rejection is None and not self._has_announced_content(request, file):
            return FileRejection.CONTENT_MISMATCH
        return rejection

    def _has_announced_content(self, request: FileCheckRequest, file: File) -> bool:
        read = self._storage.read(request.user_id, request.file_id, file.size, READ_SECONDS)
        if read is None:
            raise UpstreamError  # it was deleted concurrently, or the function has no permission to read it
        return (
            len(read.content) == file.size
            and read.content_type == file.content_type
            and hashlib.sha256(read.content).hexdigest() == file.sha256
            and has_content_of(file.content_type, read.content)
        )

    def _accept(self, request: FileCheckRequest) -> FileCheckResult:
        if not self._repository.set_status(request.user_id, request.file_id, FileStatus.AVAILABLE, utc_now()):
            raise ServiceUnavailable  # it was changed concurrently; Lambda repeats the check
        logs.event("file available", file=request.file_id)
        add_metric(Metric.FILE_STORED)
        return FileCheckResult(outcome="available")

    def _reject(self, request: FileCheckRequest, stored: StoredFile, rejection: FileRejection) -> FileCheckResult:
        """Reject a file, and delete its content permanently. An interruption leaves the content to reconciliation."""
        if rejection is FileRejection.MALWARE:  # before the write: a check after an interruption does not count it
            add_metric(Metric.FILE_INFECTED)
        if not self._repository.reject(request.user_id, stored, rejection, utc_now()):
            raise ServiceUnavailable
        logs.event("file rejected", logging.WARNING, file=request.file_id, reason=rejection)
        add_metric(Metric.FILE_REJECTED)
        self._storage.delete_versions(request.user_id, request.file_id)
        return FileCheckResult(outcome="rejected")

    def _release(self, request: FileCheckRequest, stored: StoredFile) -> FileCheckResult:
        """Delete a file that has no content: its upload did not arrive in time, or its content was lost."""
        is_awaited = stored.file.status is FileStatus.AWAITING_UPLOAD
        if is_awaited and not stored.has_expired(utc_now()):
            return FileCheckResult(outcome="awaiting-upload")
        try:
            self._repository.release(request.user_id, stored, utc_now())
        except FileChanged as exc:
            raise ServiceUnavailable from exc
        if not is_awaited:
            logs.event("content of a file is missing", logging.ERROR, file=request.file_id)
            add_metric(Metric.FILE_LOST)
        return FileCheckResult(outcome="released")


def _report_failed_scan(request: FileCheckRequest, scan_result: str) -> None:
    logs.event("file not scanned", logging.ERROR, file=request.file_id, status=scan_result)
    add_metric(Metric.FILE_SCAN_FAILED)
