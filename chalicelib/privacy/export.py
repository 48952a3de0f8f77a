"""The export of a person's data: GDPR art. 15 and 20, HIPAA 45 CFR 164.524."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from chalicelib.aws.user_pool import UserPool
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import NotFound, UpstreamError
from chalicelib.core.identity import Caller
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.files.models import FileStatus
from chalicelib.files.records import StoredFile
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.pictures.repository import ProfileRecord, to_record
from chalicelib.pictures.storage import PictureStorage
from chalicelib.privacy.models import (
    Export,
    ExportedAccount,
    ExportedDeletion,
    ExportedFile,
    ExportedPicture,
    Processing,
    Retention,
)
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.privacy.service import BACKUP_DAYS
from chalicelib.profiles.deletion import get_deletion
from chalicelib.profiles.service import ProfileService

EXPORT_INTERVAL_SECONDS: Final = 60
# They do not count towards the quota, and Lambda's response has at most 6 MB. They have no content.
MAX_REJECTED_FILES: Final = 200

# Stored data that an export omits, with the reason. tests/integration/test_export.py compares it with the stored data.
OMITTED: Final[Mapping[str, str]] = {
    "password": "Cognito stores a verifier only and does not return it.",
    "TOTP secret": "Cognito does not return it.",
    "contact_synced_at": "A date of the synchronization with the user pool. The contact data itself is exported.",
    "picture_key": "The storage location. The picture itself is exported.",
    "picture_revision": "A counter of changes.",
    "picture_lease": "The picture in progress, for seconds.",
    "picture_lease_until": "The picture in progress, for seconds.",
    "picture_uploads_on": "The counter of the daily upload limit.",
    "picture_uploads": "The counter of the daily upload limit.",
    "exported_at": "The time of this export.",
    "orphaned_since": "Absent while the account exists.",
    "deletion_status": "The deletion itself is exported.",
    "deletion_requested_by": "Always the user while the account exists.",
    "deletion_username": "The user name is in the account.",
    "file-quota": "The counters of the files. Their sums can be computed from the files.",
    "expires_at": "The end of the reservation of an upload. The form for it is not stored.",
    "ttl": "When the record of a rejected file is deleted.",
    "uploads/": "An upload that is not yet a picture. It is deleted within two days.",
}

_PROCESSING: Final = Processing(
    purposes=["Sign-up and authentication", "The user profile and the files of this service"],
    recipients=["Amazon Web Services, as processor"],
    retention=[
        Retention(what="account, profile, picture and files", period="until the account is deleted"),
        Retention(what="backups", period=f"{BACKUP_DAYS} days"),
    ],
)


class ExportService:
    """Exports the data of a caller."""

    def __init__(
        self,
        repository: DeletionRepository,
        profiles: ProfileService,
        user_pool: UserPool,
        picture_storage: PictureStorage | None,
        files: tuple[FileRepository, FileStorage] | None = None,
    ) -> None:
        self._repository = repository
        self._profiles = profiles
        self._user_pool = user_pool
        self._picture_storage = picture_storage
        self._files = files

    def export(self, caller: Caller) -> Export:
        """Return all data of the caller. A missing profile is provisioned first.

        Raises ExportLimitReached within a minute of the last export, NotFound, and AccountErased.
        """
        now = utc_now()
        item = self._repository.start_export(caller.sub, now, EXPORT_INTERVAL_SECONDS)
        if item is None:
            self._profiles.provision_missing_profile(caller)
            item = self._repository.start_export(caller.sub, now, EXPORT_INTERVAL_SECONDS)
        if item is None:
            raise NotFound("There is no profile for this user.")
        try:
            account, (files, omitted) = self._export_account(caller), self._export_files(caller)
        except UpstreamError:
            self._undo_export(caller, now)
            raise
        record, deletion = to_record(item), get_deletion(item)
        export = Export(
            exported_at=now,
            id=caller.sub,
            account=account,
            profile=record.profile,
            picture=self._export_picture(record),
            files=files,
            omitted_rejected_files=omitted,
            deletion=deletion
            and ExportedDeletion(requested_at=deletion.requested_at, erase_after=deletion.erase_after),
            processing=_PROCESSING,
        )
        logs.event("data exported")
        add_metric(Metric.EXPORT_CREATED)
        return export

    def _export_account(self, caller: Caller) -> ExportedAccount | None:
        user = self._user_pool.get_user(caller.username)
        if user is None or user.sub != caller.sub:
            return None
        return ExportedAccount(
            username=user.username,
            status=user.status,
            created_at=user.created_at,
            attributes=user.attributes,
            mfa=list(user.mfa),
        )

    def _undo_export(self, caller: Caller, now: datetime) -> None:
        """Let the user repeat a failed export. If this fails too, the user can repeat it after a minute."""
        try:
            self._repository.undo_export(caller.sub, now)
        except UpstreamError as exc:
            logs.error("export not undone", exc)

    def _export_picture(self, record: ProfileRecord) -> ExportedPicture | None:
        if self._picture_storage is None or record.picture_key is None or record.profile.picture is None:
            return None
        link = self._picture_storage.create_presigned_link(record.picture_key, record.profile.picture)
        return ExportedPicture.model_validate(dict(link))

    def _export_files(self, caller: Caller) -> tuple[list[ExportedFile], int]:
        """Return the files, newest first, and the number of rejected ones that are omitted."""
        if self._files is None:
            return [], 0
        repository, storage = self._files
        _, files = repository.list_all(caller.sub)
        rejected = [stored for stored in files if stored.file.status is FileStatus.REJECTED]
        omitted = {stored.file.id for stored in rejected[MAX_REJECTED_FILES:]}
        exported = [export_file(storage, caller.sub, stored) for stored in files if stored.file.id not in omitted]
        return exported, len(omitted)


def export_file(storage: FileStorage, user_id: str, stored: StoredFile) -> ExportedFile:
    """Return a file, with a presigned URL if it is available."""
    is_available = stored.file.status is FileStatus.AVAILABLE
    link = storage.create_presigned_link(user_id, stored.file) if is_available else None
    return ExportedFile(**dict(stored.file), url=link and link.url, expires_at=link and link.expires_at)
