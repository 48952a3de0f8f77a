"""The check of an uploaded file, in a function of its own.

S3 announces an upload, GuardDuty the result of a scan, and reconciliation a file that may have been left behind by an
interruption. Each leads to the same check of the present state, so an event can be lost, repeated or out of order.
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

# The results of GuardDuty. Only the first one allows a file to be read.
_CLEAN: Final = "NO_THREATS_FOUND"
_REJECTIONS: Final[Mapping[str, FileRejection]] = {
    "THREATS_FOUND": FileRejection.MALWARE,
    "UNSUPPORTED": FileRejection.UNSUPPORTED,
    "ACCESS_DENIED": FileRejection.UNSUPPORTED,
    "FAILED": FileRejection.UNSUPPORTED,
}
_FAILED_SCANS: Final = ("ACCESS_DENIED", "FAILED")


class FileCheckRequest(InternalModel):
    """The file to check."""

    user_id: str
    file_id: str
    is_scanned: bool = False  # GuardDuty has announced the result of its scan
    keep_versions: bool = False  # content without a record can be restored for 30 days

    @classmethod
    def from_key(cls, key: str, *, is_scanned: bool = False) -> Self:
        """Return the request for an object's key."""
        user_id, _, file_id = key.removeprefix(KEY_PREFIX).partition("/")
        return cls(user_id=user_id, file_id=file_id, is_scanned=is_scanned)

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
        return [FileCheckRequest.from_key(event["detail"]["s3ObjectDetails"]["objectKey"], is_scanned=True)]
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
        if stored is None and request.keep_versions:
            return self._delete_content(request)
        if stored is None or stored.file.status is FileStatus.REJECTED:
            count = self._storage.delete_versions(request.user_id, request.file_id)
            return FileCheckResult(outcome="deleted" if count else "unchanged")
        if not self._storage.exists(request.user_id, request.file_id):
            return self._release(request, stored)
        if stored.file.status is FileStatus.AVAILABLE:
            return FileCheckResult(outcome="unchanged")
        rejection = self._scan_rejection(request, stored.file) if self._malware_protection else None
        if isinstance(rejection, FileCheckResult):
            return rejection
        if rejection is None and not self._has_announced_content(request, stored.file):
            rejection = FileRejection.CONTENT_MISMATCH
        return self._reject(request, stored, rejection) if rejection else self._accept(request)

    def _scan_rejection(self, request: FileCheckRequest, file: File) -> FileRejection | FileCheckResult | None:
        """Return why the scan rejects the file, None if it is clean, or the result of the check before the scan."""
        status = self._storage.get_scan_status(request.user_id, request.file_id)
        if status == _CLEAN:
            return None
        if status is not None and status in _REJECTIONS:
            if status in _FAILED_SCANS:
                logs.event("file not scanned", logging.ERROR, file=request.file_id, status=status)
                add_metric(Metric.FILE_SCAN_FAILED)
            return _REJECTIONS[status]
        if request.is_scanned:
            raise ServiceUnavailable  # the tag follows the event; Lambda repeats the check
        if file.created_at <= utc_now() - _SCAN_OVERDUE_AFTER:  # seen by the hourly check of reconciliation
            logs.event("file not scanned in time", logging.ERROR, file=request.file_id)
            add_metric(Metric.FILE_SCAN_OVERDUE)
        if file.status is not FileStatus.SCANNING:  # a repeated check must not change the version
            self._repository.set_status(request.user_id, request.file_id, FileStatus.SCANNING, utc_now())
        return FileCheckResult(outcome="scanning")

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
        """Reject a file, and delete its content for good. An interruption leaves the content to reconciliation."""
        if rejection is FileRejection.MALWARE:  # before the write: a check after an interruption does not count it
            add_metric(Metric.FILE_INFECTED)
        if not self._repository.reject(request.user_id, stored, rejection, utc_now()):
            raise ServiceUnavailable
        logs.event("file rejected", logging.WARNING, file=request.file_id, reason=rejection)
        add_metric(Metric.FILE_REJECTED)
        self._storage.delete_versions(request.user_id, request.file_id)
        return FileCheckResult(outcome="rejected")

    def _delete_content(self, request: FileCheckRequest) -> FileCheckResult:
        """Finish the deletion of a file by its user. An erased user's content is deleted with all versions."""
        if not self._storage.exists(request.user_id, request.file_id):
            return FileCheckResult(outcome="unchanged")
        self._storage.delete(request.user_id, request.file_id)
        return FileCheckResult(outcome="deleted")

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
