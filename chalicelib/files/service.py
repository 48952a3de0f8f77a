"""Announcing, listing, reading, renaming and deleting the files of a user.

A file is announced before its upload, so that its size is reserved in the quota. S3 announces the upload to the
function check_file (checking.py). The record of a file is stored before its object and deleted before it. So an
interruption can leave an object without a record, which reconciliation deletes.

From the start of an erasure, each request raises AccountErased. The transaction that creates a file requires that no
deletion is stored. All other requests read the state of the deletion before the files.
"""

from datetime import timedelta
from typing import Any, Final

from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.cursors import decode_cursor, encode_cursor
from chalicelib.core.errors import (
    BadRequest,
    Conflict,
    FieldError,
    NotFound,
    PreconditionFailed,
    UnprocessableContent,
    UnreadableItem,
    UpstreamError,
)
from chalicelib.core.identity import Caller
from chalicelib.core.preconditions import Preconditions
from chalicelib.core.validation import parse_body
from chalicelib.files.errors import FileNotReady, FileRejected
from chalicelib.files.ids import create_file_id, is_file_id
from chalicelib.files.models import (
    CreatedFile,
    CreateFileRequest,
    File,
    FileContent,
    FilePage,
    FilePatch,
    FileQuota,
    FileStatus,
    FileType,
)
from chalicelib.files.records import StoredFile
from chalicelib.files.repository import FileChanged, FileLimits, FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.profiles.service import ProfileService

RESERVATION_TTL: Final = timedelta(minutes=30)  # that of the form, and as long for an upload in progress
_NO_VERSION: Final = 0  # of a record that cannot be read; no entity tag names it
_ATTEMPTS: Final = 3  # of a change without If-Match, if the file changes concurrently


class FileService:
    """The files of a caller. `types` are the accepted media types."""

    def __init__(
        self,
        repository: FileRepository,
        storage: FileStorage,
        profiles: ProfileService,
        limits: FileLimits,
        types: frozenset[FileType],
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._profiles = profiles
        self._limits = limits
        self._types = types

    def create_file(self, caller: Caller, data: Any) -> CreatedFile:
        """Announce a file. Return it with the form that uploads its content.

        Raises UnprocessableContent, FileQuotaExceeded, FileLimitReached, NotFound, DeletionScheduled or AccountErased.
        """
        request = parse_body(CreateFileRequest, data)
        self._require_accepted(request.content_type)
        now = utc_now()
        file = File(
            id=create_file_id(now),
            **dict(request),
            status=FileStatus.AWAITING_UPLOAD,
            created_at=now,
            updated_at=now,
            version=1,
        )
        stored = StoredFile(file, int((now + RESERVATION_TTL).timestamp()))
        if not self._repository.create(caller.sub, stored, self._limits, now):
            self._profiles.provision_missing_profile(caller)
            if not self._repository.create(caller.sub, stored, self._limits, now):
                raise NotFound("There is no profile for this user.")
        logs.event("file announced", file=file.id, size=file.size)
        return CreatedFile(**dict(file), upload=self._storage.create_presigned_upload(caller.sub, file))

    def list_files(self, caller: Caller, limit: int, cursor: str | None) -> FilePage:
        """Return a page of files, newest first. Raises BadRequest for an unknown cursor, or AccountErased."""
        after = decode_cursor(cursor) if cursor else None
        if after is not None and not is_file_id(after):
            raise BadRequest("cursor must be the next_cursor of a page of this list.")
        self._profiles.require_not_erased(caller)
        page, next_after, quota = self._repository.list_page(caller.sub, limit, after)
        return FilePage(
            items=[stored.file for stored in page],
            next_cursor=encode_cursor(next_after) if next_after else None,
            quota=FileQuota(
                bytes=quota.bytes, bytes_max=self._limits.bytes, files=quota.files, files_max=self._limits.files
            ),
        )

    def get_file(self, caller: Caller, file_id: str) -> File:
        """Return a file. Raises NotFound or AccountErased."""
        return self._load(caller, file_id).file

    def get_content(self, caller: Caller, file_id: str) -> FileContent:
        """Return a presigned URL of the content. Raises NotFound, FileNotReady, FileRejected or AccountErased."""
        file = self._load(caller, file_id).file
        if file.status is FileStatus.REJECTED:
            raise FileRejected
        if file.status is not FileStatus.AVAILABLE:
            raise FileNotReady
        logs.event("file content requested", file=file.id)
        return self._storage.create_presigned_link(caller.sub, file)

    def update_file(self, caller: Caller, file_id: str, data: Any, preconditions: Preconditions) -> File:
        """Change name or category. A change to the present values is not stored.

        Raises UnprocessableContent, NotFound, PreconditionFailed, Conflict, DeletionScheduled or AccountErased.
        """
        changes = parse_body(FilePatch, data).changes()
        for _ in range(_ATTEMPTS):
            stored = self._load_for_write(caller, file_id, preconditions)
            if all(getattr(stored.file, name) == value for name, value in changes.items()):
                return stored.file
            now = utc_now()
            try:
                self._require_profile(self._repository.update(caller.sub, stored, changes, now))
            except FileChanged:
                continue
            update = {**changes, "updated_at": now, "version": stored.file.version + 1}
            return stored.file.model_copy(update=update)
        raise _file_conflict()

    def delete_file(self, caller: Caller, file_id: str, preconditions: Preconditions) -> None:
        """Delete a file, also one whose record cannot be read.

        Raises NotFound, PreconditionFailed, Conflict, DeletionScheduled or AccountErased.
        """
        for _ in range(_ATTEMPTS):
            try:
                self._require_profile(self._delete_record(caller, file_id, preconditions))
            except FileChanged:
                continue
            logs.event("file deleted", file=file_id)
            self._delete_object(caller.sub, file_id)
            return
        raise _file_conflict()

    def _require_accepted(self, file_type: FileType) -> None:
        if file_type not in self._types:
            rule = "must be one of " + ", ".join(sorted(self._types))
            raise UnprocessableContent(errors=[FieldError("/content_type", rule)])

    def _load(self, caller: Caller, file_id: str) -> StoredFile:
        """Return a file. Raises NotFound or AccountErased."""
        self._profiles.require_not_erased(caller)
        stored = self._repository.get(caller.sub, file_id) if is_file_id(file_id) else None
        if stored is None:
            raise NotFound("There is no such file.")
        return stored

    def _load_for_write(self, caller: Caller, file_id: str, preconditions: Preconditions) -> StoredFile:
        stored = self._load(caller, file_id)
        _require_version(stored.file.version, preconditions)
        return stored

    def _delete_record(self, caller: Caller, file_id: str, preconditions: Preconditions) -> bool:
        try:
            stored = self._load_for_write(caller, file_id, preconditions)
        except UnreadableItem:
            _require_version(_NO_VERSION, preconditions)
            return self._repository.delete_unreadable(caller.sub, file_id, utc_now())
        return self._repository.delete(caller.sub, stored, utc_now())

    def _require_profile(self, has_profile: bool) -> None:
        if not has_profile:
            raise NotFound("There is no profile for this user.")

    def _delete_object(self, user_id: str, file_id: str) -> None:
        """Delete the object of a deleted file. If it fails, reconciliation deletes it."""
        try:
            self._storage.delete(user_id, file_id)
        except UpstreamError as exc:
            logs.error("object of a deleted file not deleted", exc)


def _require_version(version: int, preconditions: Preconditions) -> None:
    if not preconditions.permits_write(version):
        raise PreconditionFailed("The current version of the file does not satisfy If-Match or If-None-Match.")


def _file_conflict() -> Conflict:
    return Conflict("The file is being changed by another request. Try again.")
