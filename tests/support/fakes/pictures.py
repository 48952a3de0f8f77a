"""Fakes of the adapters of pictures."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from chalicelib.core.clock import format_day, utc_now
from chalicelib.core.errors import NotFound, UpstreamError
from chalicelib.core.preconditions import Preconditions
from chalicelib.pictures.errors import PictureBusy
from chalicelib.pictures.leases import LEASE_SECONDS, PictureLeases
from chalicelib.pictures.models import CreateUploadRequest, PictureLink, PresignedUpload, UploadLimits
from chalicelib.pictures.processing import PictureProcessor, ProcessingRequest, ProcessingResult
from chalicelib.pictures.repository import LeaseState, PictureConditionFailed, PictureRepository, ProfileRecord
from chalicelib.pictures.storage import PRESIGNED_URL_TTL, PictureStorage, UploadedFile, build_upload_key
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.models import Picture, Profile
from tests.support.fakes.table import InMemoryTable, to_stored, write_profile


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
            if is_next and (key is not None or stored.profile.updated_at == to_stored(now)):
                return stored.profile
            raise PictureConditionFailed(stored)
        profile = write_profile(stored.profile, {"picture": picture}, now)
        lease = replace(stored.lease, expires_at=0) if key is not None else stored.lease
        self.table.records[profile.id] = ProfileRecord(profile, key, stored.picture_revision + 1, lease)
        if key is not None:
            self.table.lease_holders.pop(profile.id, None)
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
        today = format_day(now)
        if (record.lease.day == today) != (stored.lease.day == today):
            raise PictureBusy
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


class InMemoryPictureStorage(PictureStorage):
    """Objects in a dictionary, by their key."""

    def __init__(self) -> None:
        self.objects: dict[str, UploadedFile] = {}
        self.fail_with: UpstreamError | None = None

    def upload(self, user_id: str, upload_id: str, content: bytes = b"content") -> str:
        """Store an upload as a client does with a presigned form. Return its key."""
        key = build_upload_key(user_id, upload_id)
        self.objects[key] = UploadedFile(content, PictureType.PNG.value)
        return key

    def create_presigned_upload(self, user_id: str, request: CreateUploadRequest) -> PresignedUpload:
        upload_id = f"00000000-0000-4000-8000-{len(self.objects):012x}"
        return PresignedUpload(
            upload_id=upload_id,
            url="https://bucket.example.com/",
            fields={"key": build_upload_key(user_id, upload_id), "Content-Type": request.content_type.value},
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
