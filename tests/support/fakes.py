"""In-memory fakes of the adapters, for unit tests of the services.

A fake derives from its adapter, so that mypy compares the signatures. Both pass the same suite of
tests/support/contracts.py. A fake does not reproduce AWS faults. Tests inject them with `fail_with`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.aws.errors import DynamoItem
from chalicelib.aws.user_pool import PoolUser, UserPool
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import NotFound, UpstreamError
from chalicelib.core.preconditions import NO_PRECONDITIONS, Preconditions
from chalicelib.pictures.leases import LEASE_SECONDS, PictureLeases
from chalicelib.pictures.models import CreateUploadRequest, PictureLink, PresignedUpload, UploadLimits
from chalicelib.pictures.processing import PictureProcessor, ProcessingRequest, ProcessingResult
from chalicelib.pictures.repository import LeaseState, PictureConditionFailed, PictureRepository, ProfileRecord
from chalicelib.pictures.storage import PRESIGNED_URL_TTL, PictureStorage, UploadedFile, upload_key
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.privacy.service import ErasureStarter
from chalicelib.profiles.deletion import Deletion, DeletionStatus
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.items import to_item
from chalicelib.profiles.models import Picture, Profile
from chalicelib.profiles.repository import ProfileConditionFailed, ProfileRepository, ScannedAccount
from chalicelib.reconciliation.checkpoints import Checkpoints

SCAN_PAGE_SIZE: Final = 100


@dataclass
class InMemoryTable:
    """The items that the repositories and the leases share."""

    records: dict[str, ProfileRecord] = field(default_factory=dict)
    contact_synced_at: dict[str, datetime] = field(default_factory=dict)
    lease_holders: dict[str, str] = field(default_factory=dict)
    deletions: dict[str, Deletion] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)
    orphaned_since: dict[str, datetime] = field(default_factory=dict)
    exported_at: dict[str, int] = field(default_factory=dict)
    fail_with: UpstreamError | None = None  # raised by each call

    def check_fault(self) -> None:
        if self.fail_with:
            raise self.fail_with

    def require_not_erased(self, user_id: str) -> None:
        deletion = self.deletions.get(user_id)
        if user_id in self.tombstones or (deletion and deletion.status is DeletionStatus.ERASING):
            raise AccountErased

    def require_no_deletion(self, user_id: str) -> None:
        self.require_not_erased(user_id)
        if user_id in self.deletions:
            raise DeletionScheduled


def _to_stored(moment: datetime) -> datetime:
    """Return a time in the precision of the table, milliseconds."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _write(profile: Profile, changes: Mapping[str, FieldValue], now: datetime) -> Profile:
    updates = {**changes, "updated_at": _to_stored(now), "version": profile.version + 1}
    return Profile.model_validate({**dict(profile), **updates})


class InMemoryProfileRepository(ProfileRepository):
    """Profiles in a dictionary."""

    def __init__(self, table: InMemoryTable | None = None) -> None:
        self.table = table or InMemoryTable()

    def get_profile(self, user_id: str) -> Profile | None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        record = self.table.records.get(user_id)
        return record.profile if record else None

    def create_if_absent(self, profile: Profile) -> tuple[Profile, bool]:
        stored = self.get_profile(profile.id)
        if stored is not None:
            return stored, False
        times = {name: _to_stored(getattr(profile, name)) for name in ("created_at", "updated_at")}
        self.table.records[profile.id] = ProfileRecord(profile.model_copy(update=times))
        return profile, True

    def get_contact_synced_at(self, user_id: str) -> datetime | None:
        self.table.check_fault()
        return self.table.contact_synced_at.get(user_id)

    def update_contact_if_newer(
        self, user_id: str, contact: Mapping[str, FieldValue], as_of: datetime, now: datetime
    ) -> Profile | None:
        if user_id in self.table.deletions or user_id in self.table.tombstones:
            return None
        stored, synced_at = self.get_profile(user_id), self.get_contact_synced_at(user_id)
        if stored is None or (synced_at and synced_at > _to_stored(as_of)):
            return None
        self.table.contact_synced_at[user_id] = _to_stored(as_of)
        return self._store(_write(stored, contact, now))

    def update_fields(
        self,
        user_id: str,
        changes: Mapping[str, FieldValue],
        expected: Mapping[str, FieldValue],
        now: datetime,
        preconditions: Preconditions = NO_PRECONDITIONS,
    ) -> Profile:
        stored = self.get_profile(user_id)
        if stored is None:
            raise ProfileConditionFailed(None)
        self.table.require_no_deletion(user_id)
        is_written = stored.updated_at == _to_stored(now)
        is_as_expected = all(getattr(stored, name) == value for name, value in expected.items())
        is_satisfied = is_as_expected and preconditions.permits_write(stored.version)
        if all(getattr(stored, name) == value for name, value in changes.items()) and (
            is_satisfied or (changes and is_written)
        ):
            return stored
        if not is_satisfied:
            raise ProfileConditionFailed(stored)
        return self._store(_write(stored, changes, now))

    def find_existing_ids(self, user_ids: Sequence[str]) -> set[str]:
        self.table.check_fault()
        return set(user_ids) & (set(self.table.records) | self.table.tombstones)

    def scan_accounts(self, cursor: str | None) -> tuple[list[ScannedAccount], str | None]:
        self.table.check_fault()
        user_ids = sorted(user_id for user_id in self.table.records if cursor is None or user_id > cursor)
        page = user_ids[:SCAN_PAGE_SIZE]
        accounts = [self._to_scanned_account(user_id) for user_id in page]
        return accounts, page[-1] if len(user_ids) > len(page) else None

    def set_orphaned_since(self, user_id: str, orphaned_since: datetime | None) -> None:
        self.table.check_fault()
        if user_id not in self.table.records or user_id in self.table.deletions:
            return
        self.table.orphaned_since.pop(user_id, None)
        if orphaned_since is not None:
            self.table.orphaned_since[user_id] = _to_stored(orphaned_since)

    def _to_scanned_account(self, user_id: str) -> ScannedAccount:
        deletion = self.table.deletions.get(user_id)
        return ScannedAccount(
            user_id,
            self.table.orphaned_since.get(user_id),
            deletion.status if deletion else None,
            deletion.erase_after if deletion else None,
        )

    def _store(self, profile: Profile) -> Profile:
        self.table.records[profile.id] = replace(self.table.records[profile.id], profile=profile)
        return profile


class InMemoryPictureRepository(PictureRepository):
    """Pictures of the profiles in the same dictionary."""

    def __init__(self, table: InMemoryTable) -> None:
        self.table = table

    def get_record(self, user_id: str) -> ProfileRecord | None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        record = self.table.records.get(user_id)
        return record and replace(record, has_deletion=user_id in self.table.deletions)

    def set_picture(
        self,
        record: ProfileRecord,
        picture: Picture | None,
        key: str | None,
        now: datetime,
        preconditions: Preconditions,
    ) -> Profile:
        stored = self.get_record(record.profile.id)
        if stored is None:
            raise PictureConditionFailed(None)
        is_same_revision = stored.picture_revision == record.picture_revision
        if stored.has_deletion or not is_same_revision or not preconditions.permits_write(stored.profile.version):
            is_next = (stored.picture_key, stored.picture_revision) == (key, record.picture_revision + 1)
            if is_next and (key is not None or stored.profile.updated_at == _to_stored(now)):
                return stored.profile
            raise PictureConditionFailed(stored)
        profile = _write(stored.profile, {"picture": picture}, now)
        lease = replace(stored.lease, expires_at=0) if key is not None else stored.lease
        self.table.records[profile.id] = ProfileRecord(profile, key, stored.picture_revision + 1, lease)
        return profile

    def invalidate_pending_changes(self, record: ProfileRecord) -> bool:
        stored = self.get_record(record.profile.id)
        if stored is None or stored.has_deletion or stored.picture_revision != record.picture_revision:
            return False
        changed = replace(stored, picture_revision=stored.picture_revision + 1)
        self.table.records[record.profile.id] = changed
        return True


class InMemoryPictureLeases(PictureLeases):
    """Leases on the records in the same dictionary."""

    def __init__(self, table: InMemoryTable, uploads_per_day: int = 50) -> None:
        self.table = table
        self._uploads_per_day = uploads_per_day

    def acquire(self, record: ProfileRecord, key: str, now: datetime) -> None:
        self.table.check_fault()
        stored = self.table.records.get(record.profile.id)
        if stored is None:
            raise NotFound("There is no profile for this user.")
        self.table.require_no_deletion(record.profile.id)
        self.require_available(stored.lease, now)
        today = now.astimezone(UTC).date().isoformat()
        uploads = stored.lease.uploads if stored.lease.day == today else 0
        lease = LeaseState(int(now.timestamp()) + LEASE_SECONDS, today, uploads + 1)
        self.table.records[record.profile.id] = replace(stored, lease=lease)
        self.table.lease_holders[record.profile.id] = key

    def release(self, user_id: str, key: str, *, count: bool) -> None:
        self.table.check_fault()
        if self.table.lease_holders.get(user_id) != key:
            return
        del self.table.lease_holders[user_id]
        record = self.table.records[user_id]
        uploads = record.lease.uploads - (0 if count else 1)
        self.table.records[user_id] = replace(record, lease=replace(record.lease, expires_at=0, uploads=uploads))


class FakeUserPool(UserPool):
    """Users in a dictionary, by their username."""

    def __init__(self, *users: PoolUser) -> None:
        self.users = {user.username: user for user in users}
        self.signed_out: list[str] = []
        self.lookups = 0
        self.fail_with: UpstreamError | None = None

    def get_user(self, username: str) -> PoolUser | None:
        if self.fail_with:
            raise self.fail_with
        self.lookups += 1
        return self.users.get(username)

    def sign_out(self, username: str) -> None:
        if self.fail_with:
            raise self.fail_with
        if username in self.users:
            self.signed_out.append(username)

    def disable(self, username: str) -> None:
        if self.fail_with:
            raise self.fail_with
        if username in self.users:
            self.users[username] = self.users[username].model_copy(update={"enabled": False})

    def delete(self, username: str) -> None:
        if self.fail_with:
            raise self.fail_with
        self.users.pop(username, None)


class InMemoryPictureStorage(PictureStorage):
    """Objects in a dictionary, by their key."""

    def __init__(self) -> None:
        self.objects: dict[str, UploadedFile] = {}
        self.fail_with: UpstreamError | None = None

    def upload(self, user_id: str, upload_id: str, content: bytes = b"content") -> str:
        """Store an upload as a client does with a presigned form. Return its key."""
        key = upload_key(user_id, upload_id)
        self.objects[key] = UploadedFile(content, PictureType.PNG.value)
        return key

    def create_presigned_upload(self, user_id: str, request: CreateUploadRequest) -> PresignedUpload:
        upload_id = f"00000000-0000-4000-8000-{len(self.objects):012x}"
        return PresignedUpload(
            upload_id=upload_id,
            url="https://bucket.example.com/",
            fields={"key": upload_key(user_id, upload_id), "Content-Type": request.content_type.value},
            expires_at=utc_now() + PRESIGNED_URL_TTL,
            limits=UploadLimits(content_type=request.content_type),
        )

    def create_presigned_link(self, key: str, picture: Picture) -> PictureLink:
        url = f"https://bucket.example.com/{key}"
        return PictureLink(**dict(picture), url=url, expires_at=utc_now() + PRESIGNED_URL_TTL)

    def exists(self, key: str) -> bool:
        self._check_fault()
        return key in self.objects

    def list_picture_keys(self, user_id: str) -> list[str]:
        self._check_fault()
        return sorted(key for key in self.objects if key.startswith(f"pictures/{user_id}/"))

    def read_upload(self, key: str, seconds: float) -> UploadedFile | None:
        assert seconds > 0
        self._check_fault()
        return self.objects.get(key)

    def put_picture(self, key: str, content: bytes, content_type: PictureType) -> None:
        self._check_fault()
        self.objects[key] = UploadedFile(content, content_type.value)

    def delete(self, keys: Iterable[str]) -> None:
        self._check_fault()
        for key in list(keys):
            self.objects.pop(key, None)

    def delete_all_versions(self, user_id: str) -> int:
        self._check_fault()
        keys = [key for key in self.objects if key.split("/")[1] == user_id]
        for key in keys:
            del self.objects[key]
        return len(keys)

    def _check_fault(self) -> None:
        if self.fail_with:
            raise self.fail_with


class FakePictureProcessor(PictureProcessor):
    """Accepts each upload and stores it as a picture, unless `result` is set."""

    def __init__(self, storage: InMemoryPictureStorage) -> None:
        self._storage = storage
        self.result: ProcessingResult | None = None
        self.fail_with: UpstreamError | None = None
        self.requests: list[ProcessingRequest] = []

    def process(self, request: ProcessingRequest) -> ProcessingResult:
        self.requests.append(request)
        if self.fail_with:
            raise self.fail_with
        if self.result:
            return self.result
        content = self._storage.objects[request.upload_key].content
        self._storage.put_picture(request.picture_key, content, PictureType.PNG)
        size = len(content)
        return ProcessingResult(status="accepted", content_type=PictureType.PNG, size=size, width=1, height=1)


class InMemoryDeletionRepository(DeletionRepository):
    """Deletions of the profiles in the same dictionary."""

    def __init__(self, table: InMemoryTable) -> None:
        self.table = table

    def get_deletion(self, user_id: str) -> Deletion | None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        return self.table.deletions.get(user_id)

    def schedule(self, user_id: str, requested: Deletion) -> tuple[Deletion, bool] | None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        if user_id not in self.table.records:
            return None
        stored = self.table.deletions.setdefault(user_id, requested)
        return stored, stored.requested_at == requested.requested_at

    def cancel(self, user_id: str) -> DeletionStatus | None:
        self.table.check_fault()
        if user_id in self.table.tombstones:
            return DeletionStatus.ERASED
        deletion = self.table.deletions.get(user_id)
        if deletion and deletion.status is DeletionStatus.SCHEDULED:
            del self.table.deletions[user_id]
        return deletion.status if deletion else None

    def start_erasure(self, user_id: str, now: datetime) -> tuple[Deletion, LeaseState] | None:
        self.table.check_fault()
        deletion = self.table.deletions.get(user_id)
        if deletion is None or not deletion.is_due(now):
            return None
        self.table.deletions[user_id] = replace(deletion, status=DeletionStatus.ERASING)
        return deletion, self.table.records[user_id].lease

    def finish_erasure(self, user_id: str, erased: Deletion, objects: int, now: datetime) -> bool:
        self.table.check_fault()
        assert objects >= 0
        assert now >= erased.requested_at
        if self.table.deletions.pop(user_id, None) is None:
            return False
        del self.table.records[user_id]
        self.table.tombstones.add(user_id)
        return True

    def start_export(self, user_id: str, now: datetime, interval_seconds: int) -> "DynamoItem | None":
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        record, seconds = self.table.records.get(user_id), int(now.timestamp())
        if record is None:
            return None
        remaining = self.table.exported_at.get(user_id, -interval_seconds) + interval_seconds - seconds
        if remaining > 0:
            raise ExportLimitReached(retry_after=remaining)
        self.table.exported_at[user_id] = seconds
        key: dict[str, Any] = {"picture_key": {"S": record.picture_key}} if record.picture_key else {}
        return {**to_item(record.profile), **key}

    def undo_export(self, user_id: str, now: datetime) -> None:
        self.table.check_fault()
        if self.table.exported_at.get(user_id) == int(now.timestamp()):
            del self.table.exported_at[user_id]


class FakeErasureStarter(ErasureStarter):
    """Records the users whose erasure is started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, user_id: str) -> bool:
        self.started.append(user_id)
        return True


class InMemoryCheckpoints(Checkpoints):
    """Checkpoints in a dictionary. Each run gets the lease."""

    def __init__(self) -> None:
        self.saved: dict[str, str] = {}

    def load(self, name: str) -> str | None:
        return self.saved.get(name)

    def save(self, name: str, checkpoint: str) -> None:
        self.saved[name] = checkpoint

    def acquire_lease(self, seconds: float, previous: str | None = None) -> bool:
        return seconds > 0 and previous in (None, "next-1")

    def hand_over_lease(self) -> str:
        return "next-1"

    def release_lease(self) -> None: ...
