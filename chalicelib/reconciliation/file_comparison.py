"""The comparison of one user's files: records, objects in S3 and counters agree.

An interrupted deletion leaves content without a record. The transaction that deletes the record also changes the
counters. So the counters count only files with records, and no content is newer than their last change. Content that
they do not explain has lost its record: the table is outdated, or records were deleted by a mistake.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from chalicelib.core import logs
from chalicelib.core.clock import to_milliseconds, utc_now
from chalicelib.core.errors import UnreadableItem
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.files.ids import get_creation_time, is_file_id
from chalicelib.files.models import FileStatus
from chalicelib.files.records import StoredFile, StoredQuota, UserFiles
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.errors import AccountErased

# After the last change, a form can still be used for 15 minutes and an upload may take as long. A check after this time
# is complete.
SETTLED_AFTER: Final = timedelta(hours=1)
# Objects can also disappear by a mistake in the bucket, so a user's files are checked again after this time.
_CHECK_INTERVAL: Final = timedelta(days=7)
_CLOCK_TOLERANCE: Final = timedelta(minutes=1)  # between the functions of the API; far more than their difference
_PENDING: Final = (FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING)


class FileComparison(NamedTuple):
    """The differences between the files of one user. Files are given by their ids."""

    user_id: str
    records: int = 0
    objects: int = 0
    unfinished: Sequence[str] = ()  # an interruption may have left these files
    without_object: Sequence[str] = ()
    without_record: Sequence[str] = ()
    is_erased: bool = False  # the objects arrived after the erasure of the user
    is_unexplained: bool = False  # neither an erasure nor the counters explain objects without a record
    is_unreadable: bool = False  # a record or the counters
    is_repaired: bool = False  # the counters were wrong


class FileComparer:
    """Compares the files of users, and repairs wrong counters."""

    def __init__(
        self, repository: FileRepository, storage: FileStorage, deletions: DeletionRepository, *, dry_run: bool
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._deletions = deletions
        self._dry_run = dry_run

    def compare(self, user_id: str) -> FileComparison:
        """Compare the records of a user with the objects, and the counters with the records."""
        with logs.log_context(sub=user_id):
            try:
                comparison = self._compare(user_id)
                if comparison.is_unexplained:  # a file may have been created or deleted since its counters were read
                    comparison = self._compare(user_id)
            except UnreadableItem as exc:
                logs.error("counters of files cannot be read", exc)
                comparison = FileComparison(user_id, is_unreadable=True)
        if comparison.is_unreadable:
            add_metric(Metric.RECONCILIATION_INTERRUPTED)
        return comparison

    def _compare(self, user_id: str) -> FileComparison:
        """Compare the files, and repair the counters unless a record is lost or cannot be read."""
        user_files = self._repository.list_records(user_id)
        quota, files, unreadable = user_files
        objects = self._list_objects(user_id)
        without_record = sorted(objects - {*unreadable, *(stored.file.id for stored in files)})
        is_unexplained = not _explains(user_files, without_record)
        may_repair = not (is_unexplained or unreadable or _counters_agree(quota, files))
        comparison = FileComparison(
            user_id,
            records=len(files),
            objects=len(objects),
            unfinished=[stored.file.id for stored in files if _is_unfinished(stored, objects)],
            without_object=[stored.file.id for stored in files if _is_lost(stored, objects)],
            without_record=without_record,
            is_unexplained=is_unexplained,
            is_unreadable=bool(unreadable),
            is_repaired=may_repair and self._repair(user_id, quota, files),
        )
        if self._is_complete(comparison, quota, files):
            self._repository.set_checked(user_id, quota, utc_now())
        return comparison

    def compare_without_records(self, user_id: str) -> FileComparison:
        """Return the objects of a user without records. An upload can arrive after the erasure of its user."""
        objects = sorted(self._list_objects(user_id))
        is_erased = bool(objects) and self._is_erased(user_id)
        return FileComparison(
            user_id,
            objects=len(objects),
            without_record=objects if is_erased else (),
            is_erased=is_erased,
            is_unexplained=bool(objects) and not is_erased,
        )

    def _list_objects(self, user_id: str) -> set[str]:
        """Return the ids of files with an object. Other objects, such as an operator's folder, are not files."""
        return set(filter(is_file_id, self._storage.list_file_ids(user_id)))

    def _repair(self, user_id: str, quota: StoredQuota, files: Sequence[StoredFile]) -> bool:
        """Correct the counters. Return False if they have changed in the meantime."""
        if self._dry_run or not self._repository.repair_quota(user_id, quota, files):
            return False
        logs.event("counters of files repaired", logging.WARNING, sub=user_id)
        return True

    def _is_complete(self, comparison: FileComparison, quota: StoredQuota, files: Sequence[StoredFile]) -> bool:
        """Return True if there is no difference, and nothing that is in progress can cause one."""
        if self._dry_run or comparison.is_unreadable or not _counters_agree(quota, files):
            return False
        differences = (*comparison.unfinished, *comparison.without_object, *comparison.without_record)
        is_settled = quota.changed_at <= to_milliseconds(utc_now() - SETTLED_AFTER)
        return is_settled and not differences and all(stored.file.status not in _PENDING for stored in files)

    def _is_erased(self, user_id: str) -> bool:
        try:
            self._deletions.get_deletion(user_id)
        except AccountErased:
            return True
        return False


def needs_comparison(quota: StoredQuota) -> bool:
    """Return True unless the files were compared recently, and long enough after their last change."""
    is_settled = quota.checked_at >= quota.changed_at + SETTLED_AFTER // timedelta(milliseconds=1)
    return not is_settled or quota.checked_at <= to_milliseconds(utc_now() - _CHECK_INTERVAL)


def _explains(user_files: UserFiles, without_record: Sequence[str]) -> bool:
    """Return True if interrupted deletions can have left these objects without a record."""
    if not without_record:
        return True
    counted = sum(stored.is_counted for stored in user_files.files) + len(user_files.unreadable)
    latest = user_files.quota.changed_at + _CLOCK_TOLERANCE // timedelta(milliseconds=1)
    return user_files.quota.files <= counted and all(get_creation_time(file_id) <= latest for file_id in without_record)


def _is_unfinished(stored: StoredFile, objects: Collection[str]) -> bool:
    """Return True if an interruption may have left this file."""
    has_object = stored.file.id in objects
    if stored.file.status is FileStatus.AWAITING_UPLOAD:
        return has_object or stored.has_expired(utc_now())
    return has_object and stored.file.status in (FileStatus.SCANNING, FileStatus.REJECTED)


def _is_lost(stored: StoredFile, objects: Collection[str]) -> bool:
    return stored.file.id not in objects and stored.file.status in (FileStatus.SCANNING, FileStatus.AVAILABLE)


def _counters_agree(quota: StoredQuota, files: Sequence[StoredFile]) -> bool:
    counted = [stored.file for stored in files if stored.is_counted]
    return (quota.files, quota.bytes) == (len(counted), sum(file.size for file in counted))
