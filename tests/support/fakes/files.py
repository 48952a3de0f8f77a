"""Fakes of the adapters of files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.core.clock import utc_now
from chalicelib.core.errors import UnreadableItem, UpstreamError
from chalicelib.files.checking import FileCheckRequest
from chalicelib.files.errors import FileLimitReached, FileQuotaExceeded
from chalicelib.files.models import (
    File,
    FileContent,
    FileRejection,
    FileStatus,
    FileUpload,
    FileUploadLimits,
)
from chalicelib.files.records import StoredFile, StoredQuota, UserFiles
from chalicelib.files.repository import FileChanged, FileLimits, FileRepository
from chalicelib.files.storage import DOWNLOAD_TTL, KEY_PREFIX, UPLOAD_TTL, FileStorage, StoredObject, build_object_key
from chalicelib.reconciliation.file_check_starter import FileCheckStarter
from tests.support.fakes.table import InMemoryTable

SCAN_PAGE_SIZE: Final = 100
_PENDING: Final = (FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING)


@dataclass
class InMemoryRecords:
    """The records of files, by user and id, and the counters by user.

    `unreadable` has the keys of files whose records cannot be read, and `unreadable_quotas` the users whose counters
    cannot be read.
    """

    files: dict[tuple[str, str], StoredFile] = field(default_factory=dict)
    quotas: dict[str, StoredQuota] = field(default_factory=dict)
    unreadable: set[tuple[str, str]] = field(default_factory=set)
    unreadable_quotas: set[str] = field(default_factory=set)


class InMemoryFileRepository(FileRepository):
    """Files in dictionaries."""

    def __init__(self, table: InMemoryTable, records: InMemoryRecords | None = None) -> None:
        self.table = table
        self.records = records or InMemoryRecords()

    def create(self, user_id: str, stored: StoredFile, limits: FileLimits, now: datetime) -> bool:
        self.table.check_fault()
        if stored.file.size > limits.bytes:
            raise FileQuotaExceeded
        if not self._has_profile(user_id):
            return False
        quota, today = self._get_quota(user_id), now.astimezone(UTC).date().isoformat()
        uploads = quota.uploads if quota.uploads_on == today else 0
        if uploads >= limits.uploads_per_day:
            raise FileLimitReached
        if quota.files >= limits.files or quota.bytes + stored.file.size > limits.bytes:
            raise FileQuotaExceeded
        self.records.files[user_id, stored.file.id] = stored
        self.records.quotas[user_id] = replace(quota, uploads_on=today, uploads=uploads + 1)
        self._count(user_id, stored.file.size, 1, now)
        return True

    def get(self, user_id: str, file_id: str) -> StoredFile | None:
        self.table.check_fault()
        if (user_id, file_id) in self.records.unreadable:
            raise UnreadableItem
        return self.records.files.get((user_id, file_id))

    def list_page(
        self, user_id: str, limit: int, after: str | None
    ) -> tuple[list[StoredFile], str | None, StoredQuota]:
        quota, files, unreadable = self.list_records(user_id)
        ids = sorted((*unreadable, *(stored.file.id for stored in files)), reverse=True)
        following = [file_id for file_id in ids if after is None or file_id < after]
        page = [stored for stored in files if stored.file.id in following[:limit]]
        return page, following[limit - 1] if len(following) > limit else None, quota

    def list_records(self, user_id: str) -> UserFiles:
        self.table.check_fault()
        unreadable = sorted((file_id for owner, file_id in self.records.unreadable if owner == user_id), reverse=True)
        files = [
            stored
            for (owner, file_id), stored in self.records.files.items()
            if owner == user_id and file_id not in unreadable
        ]
        files.sort(key=lambda stored: stored.file.id, reverse=True)
        return UserFiles(self._get_quota(user_id), files, unreadable)

    def update(self, user_id: str, stored: StoredFile, changes: dict[str, Any], now: datetime) -> bool:
        self.table.check_fault()
        if not self._has_profile(user_id):
            return False
        self._require_version(user_id, stored)
        self._change(user_id, stored, now, **changes)
        return True

    def delete(self, user_id: str, stored: StoredFile, now: datetime) -> bool:
        self.table.check_fault()
        if not self._has_profile(user_id):
            return False
        self.release(user_id, stored, now)
        return True

    def delete_unreadable(self, user_id: str, file_id: str, now: datetime) -> bool:
        self.table.check_fault()
        if not self._has_profile(user_id):
            return False
        if self.records.files.pop((user_id, file_id), None) is None:
            raise FileChanged
        self.records.unreadable.discard((user_id, file_id))
        self._count(user_id, 0, -1, now)
        return True

    def release(self, user_id: str, stored: StoredFile, now: datetime) -> None:
        self.table.check_fault()
        self._require_version(user_id, stored)
        del self.records.files[user_id, stored.file.id]
        if stored.is_counted:
            self._count(user_id, stored.file.size, -1, now)

    def set_status(self, user_id: str, file_id: str, status: FileStatus, now: datetime) -> bool:
        stored = self.get(user_id, file_id)
        if stored is None or stored.file.status not in _PENDING:
            return stored is not None and stored.file.status is status
        self._change(user_id, replace(stored, expires_at=None), now, status=status)
        return True

    def reject(self, user_id: str, stored: StoredFile, rejection: FileRejection, now: datetime) -> bool:
        current = self.get(user_id, stored.file.id)
        statuses = (*_PENDING, FileStatus.AVAILABLE) if rejection is FileRejection.MALWARE else _PENDING
        if current is None or current.file.status not in statuses:
            return False
        current = replace(current, expires_at=None)
        self._change(user_id, current, now, status=FileStatus.REJECTED, rejection=rejection)
        self._count(user_id, stored.file.size, -1, now)
        return True

    def repair_quota(self, user_id: str, quota: StoredQuota, files: Iterable[StoredFile]) -> bool:
        if not self._has_quota(user_id, quota):
            return False
        counted = [stored.file for stored in files if stored.is_counted]
        size = sum(file.size for file in counted)
        stored_quota = self._get_quota(user_id)
        self.records.quotas[user_id] = replace(
            stored_quota, bytes=size, files=len(counted), revision=stored_quota.revision + 1
        )
        return True

    def set_checked(self, user_id: str, quota: StoredQuota, now: datetime) -> bool:
        if not self._has_quota(user_id, quota):
            return False
        self.records.quotas[user_id] = replace(self._get_quota(user_id), checked_at=_milliseconds(now))
        return True

    def scan_quotas(self, cursor: str | None) -> tuple[list[tuple[str, StoredQuota | None]], str | None]:
        self.table.check_fault()
        after = cursor.partition("/")[0] if cursor else ""
        user_ids = sorted(user_id for user_id in self.records.quotas if user_id > after)
        page = user_ids[:SCAN_PAGE_SIZE]
        last = f"{page[-1]}/file-quota" if len(user_ids) > len(page) else None
        unreadable = self.records.unreadable_quotas
        return [(user_id, None if user_id in unreadable else self._get_quota(user_id)) for user_id in page], last

    def has_quota(self, user_id: str) -> bool:
        self.table.check_fault()
        return user_id in self.records.quotas

    def find_owners(self, user_ids: Sequence[str]) -> set[str]:
        self.table.check_fault()
        return set(user_ids) & set(self.records.quotas)

    def delete_all(self, user_id: str) -> None:
        self.table.check_fault()
        for owner, file_id in list(self.records.files):
            if owner == user_id:
                del self.records.files[owner, file_id]
        self.records.quotas.pop(user_id, None)

    def _has_profile(self, user_id: str) -> bool:
        self.table.require_no_deletion(user_id)
        return user_id in self.table.records

    def _get_quota(self, user_id: str) -> StoredQuota:
        if user_id in self.records.unreadable_quotas:
            raise UnreadableItem
        return self.records.quotas.get(user_id, StoredQuota())

    def _has_quota(self, user_id: str, expected: StoredQuota) -> bool:
        self.table.check_fault()
        return user_id in self.records.quotas and self._get_quota(user_id).revision == expected.revision

    def _require_version(self, user_id: str, stored: StoredFile) -> None:
        current = self.records.files.get((user_id, stored.file.id))
        if current is None or current.file.version != stored.file.version:
            raise FileChanged

    def _change(self, user_id: str, stored: StoredFile, now: datetime, **changes: Any) -> None:
        update = {**changes, "updated_at": now, "version": stored.file.version + 1}
        changed = replace(stored, file=stored.file.model_copy(update=update))
        self.records.files[user_id, stored.file.id] = changed

    def _count(self, user_id: str, size: int, sign: int, now: datetime) -> None:
        quota = self._get_quota(user_id)
        self.records.quotas[user_id] = replace(
            quota,
            bytes=quota.bytes + sign * size,
            files=quota.files + sign,
            changed_at=_milliseconds(now),
            revision=quota.revision + 1,
        )


class InMemoryFileStorage(FileStorage):
    """Objects in a dictionary, by their key.

    `older_versions` has those before the current one, from old to new. `deleted` has the oldest versions of deleted
    objects, which can be restored.
    """

    def __init__(self) -> None:
        self.objects: dict[str, StoredObject] = {}
        self.older_versions: dict[str, list[StoredObject]] = {}
        self.deleted: dict[str, StoredObject] = {}
        self.scan_results: dict[str, str] = {}
        self.fail_with: UpstreamError | None = None  # raised by each call

    def upload(self, user_id: str, file: File, content: bytes) -> None:
        """Store the content of a file as a client does with a presigned form."""
        key = build_object_key(user_id, file.id)
        if key in self.objects:
            self.older_versions.setdefault(key, []).append(self.objects[key])
        self.objects[key] = StoredObject(content, file.content_type.value)

    def set_scan_status(self, user_id: str, file_id: str, status: str) -> None:
        """Set the result of the malware scan."""
        self.scan_results[build_object_key(user_id, file_id)] = status

    def create_presigned_upload(self, user_id: str, file: File) -> FileUpload:
        return FileUpload(
            url="https://bucket.example.com/",
            fields={"key": build_object_key(user_id, file.id), "Content-Type": file.content_type.value},
            expires_at=utc_now() + UPLOAD_TTL,
            limits=FileUploadLimits(content_type=file.content_type, min_bytes=file.size, max_bytes=file.size),
        )

    def create_presigned_link(self, user_id: str, file: File) -> FileContent:
        url = f"https://bucket.example.com/{build_object_key(user_id, file.id)}"
        return FileContent(url=url, expires_at=utc_now() + DOWNLOAD_TTL)

    def count_versions(self, user_id: str, file_id: str) -> int:
        self._check_fault()
        key = build_object_key(user_id, file_id)
        return min(2, 1 + len(self.older_versions.get(key, []))) if key in self.objects else 0

    def read(self, user_id: str, file_id: str, max_bytes: int, seconds: float) -> StoredObject | None:
        self._check_fault()
        assert seconds > 0
        stored = self.objects.get(build_object_key(user_id, file_id))
        return stored and stored._replace(content=stored.content[: max_bytes + 1])

    def get_scan_status(self, user_id: str, file_id: str) -> str | None:
        self._check_fault()
        return self.scan_results.get(build_object_key(user_id, file_id))

    def delete(self, user_id: str, file_id: str) -> None:
        self._check_fault()
        key = build_object_key(user_id, file_id)
        current, older = self.objects.pop(key, None), self.older_versions.pop(key, [])
        for stored in [*older, current][:1]:
            if stored:
                self.deleted.setdefault(key, stored)

    def delete_repeated_uploads(self, user_id: str, file_id: str) -> int:
        self._check_fault()
        key = build_object_key(user_id, file_id)
        older = self.older_versions.pop(key, [])
        if older:
            self.objects[key] = older[0]
        return len(older)

    def delete_late_upload(self, user_id: str, file_id: str) -> bool:
        is_deleted = build_object_key(user_id, file_id) in self.objects
        self.delete(user_id, file_id)
        return is_deleted

    def delete_versions(self, user_id: str, file_id: str) -> int:
        return self._delete_prefix(build_object_key(user_id, file_id))

    def delete_all_versions(self, user_id: str) -> int:
        return self._delete_prefix(f"{KEY_PREFIX}{user_id}/")

    def list_file_ids(self, user_id: str) -> set[str]:
        self._check_fault()
        prefix = f"{KEY_PREFIX}{user_id}/"
        return {key.removeprefix(prefix) for key in self.objects if key.startswith(prefix)}

    def list_user_ids(self, cursor: str | None) -> tuple[list[str], str | None]:
        self._check_fault()
        user_ids = sorted({key.split("/")[1] for key in self.objects})
        following = [user_id for user_id in user_ids if cursor is None or user_id > cursor]
        page = following[:SCAN_PAGE_SIZE]
        return page, page[-1] if len(following) > len(page) else None

    def _delete_prefix(self, prefix: str) -> int:
        self._check_fault()
        keys = [key for key in self.objects if key.startswith(prefix)]
        versions = sum(1 + len(self.older_versions.pop(key, [])) for key in keys)
        for key in keys:
            del self.objects[key]
        deleted = [key for key in self.deleted if key.startswith(prefix)]
        for key in deleted:
            del self.deleted[key]
        return versions + len(deleted)

    def _check_fault(self) -> None:
        if self.fail_with:
            raise self.fail_with


class FakeFileCheckStarter(FileCheckStarter):
    """Records the checks that are started."""

    def __init__(self) -> None:
        self.requests: list[FileCheckRequest] = []
        self.fail_with: UpstreamError | None = None

    @property
    def started(self) -> list[tuple[str, str]]:
        """The users and files of the checks."""
        return [(request.user_id, request.file_id) for request in self.requests]

    def start(self, request: FileCheckRequest) -> None:
        if self.fail_with:
            raise self.fail_with
        self.requests.append(request)


def _milliseconds(value: datetime) -> int:
    return round(value.timestamp() * 1000)
