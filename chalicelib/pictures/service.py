"""Uploading, setting, reading and deleting a profile picture.

The profile item is the single source of truth. A picture changes by one conditional write of the item. Objects are
written to S3 before that write and deleted after it. So an interruption can leave an object without a reference, but
never a reference without its object. A change lists such objects before its write and deletes them after it. They
belong to requests that are finished, or that can no longer succeed: the write has incremented the revision.
"""

from collections.abc import Iterable
from typing import Any

from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import (
    ApiError,
    Conflict,
    FieldError,
    NoResponse,
    NotFound,
    PreconditionFailed,
    UnprocessableContent,
    UpstreamError,
)
from chalicelib.core.identity import Caller
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.preconditions import Preconditions
from chalicelib.core.validation import parse_body
from chalicelib.pictures.leases import PictureLeases
from chalicelib.pictures.models import CreateUploadRequest, PictureLink, PresignedUpload, SetPictureRequest
from chalicelib.pictures.processing import PictureProcessor, ProcessingRequest, ProcessingResult
from chalicelib.pictures.repository import PictureConditionFailed, PictureRepository, ProfileRecord
from chalicelib.pictures.storage import PictureStorage, build_upload_key, create_picture_key, upload_id_from_key
from chalicelib.profiles.errors import DeletionScheduled
from chalicelib.profiles.models import Picture, Profile
from chalicelib.profiles.service import ProfileService


class PictureService:
    """The picture of a caller."""

    def __init__(
        self,
        repository: PictureRepository,
        profiles: ProfileService,
        storage: PictureStorage,
        processor: PictureProcessor,
        leases: PictureLeases,
    ) -> None:
        self._repository = repository
        self._profiles = profiles
        self._storage = storage
        self._processor = processor
        self._leases = leases

    def create_upload(self, caller: Caller, data: Any) -> PresignedUpload:
        """Return a presigned upload for one file.

        Raises UnprocessableContent, or UploadLimitReached, because the upload could not be processed today.
        """
        request = parse_body(CreateUploadRequest, data)
        if record := self._repository.get_record(caller.sub):
            _require_no_deletion(record)
            self._leases.require_upload_allowed(record.lease, utc_now())
        return self._storage.create_presigned_upload(caller.sub, request)

    def get_picture_link(self, caller: Caller) -> PictureLink:
        """Return the picture with a presigned URL. Raises NotFound."""
        record = self._load_record(caller)
        if record.picture_key is None or record.profile.picture is None:
            raise NotFound("The profile has no picture.")
        return self._storage.create_presigned_link(record.picture_key, record.profile.picture)

    def set_picture(self, caller: Caller, data: Any, preconditions: Preconditions) -> Profile:
        """Make an upload the caller's picture. Idempotent.

        Raises UnprocessableContent, also for an invalid file, which is deleted. Raises NotFound for a missing upload.
        Raises Conflict if a concurrent request has changed the picture. Raises PictureBusy while another upload of the
        caller is processed. Raises PreconditionFailed and UploadLimitReached.
        """
        record = self._load_record(caller)
        _require_no_deletion(record)
        _require_preconditions(preconditions, record)
        upload_id = parse_body(SetPictureRequest, data).upload_id
        source = build_upload_key(caller.sub, upload_id)
        if _is_made_from(record, upload_id):
            self._delete_leftovers(record, [source])
            return record.profile
        self._leases.require_available(record.lease, utc_now())
        if not self._storage.exists(source):
            return self._resolve_missing_upload(caller, upload_id)
        leftovers = self._storage.list_picture_keys(caller.sub)
        key = create_picture_key(caller.sub, upload_id)
        picture = self._process_with_lease(record, ProcessingRequest(upload_key=source, picture_key=key))
        if picture is None:
            return self._resolve_missing_upload(caller, upload_id)
        try:
            profile = self._repository.set_picture(record, picture, key, picture.updated_at, preconditions)
        except PictureConditionFailed as exc:
            self._delete_best_effort([key])
            self._release_best_effort(caller.sub, key, count=True)
            return _resolve_conflict(exc, upload_id, preconditions)
        logs.event("picture stored")
        add_metric(Metric.PICTURE_STORED)
        self._delete_best_effort([source, *leftovers, *_source_upload_keys(record)])
        return profile

    def delete_picture(self, caller: Caller, preconditions: Preconditions) -> Profile:
        """Delete the picture, if there is one. Idempotent. Raises PreconditionFailed, NotFound or Conflict."""
        record = self._load_record(caller)
        _require_no_deletion(record)
        _require_preconditions(preconditions, record)
        if record.picture_key is None:
            self._delete_leftovers(record, [])
            return record.profile
        leftovers = self._storage.list_picture_keys(caller.sub)
        try:
            profile = self._repository.set_picture(record, None, None, utc_now(), preconditions)
        except PictureConditionFailed as exc:
            return _resolve_conflict(exc, None, preconditions)
        logs.event("picture deleted")
        self._delete_best_effort([*leftovers, *_source_upload_keys(record)])
        return profile

    def _load_record(self, caller: Caller) -> ProfileRecord:
        """Return the caller's record. Provision a missing profile. Raises NotFound."""
        record = self._repository.get_record(caller.sub)
        if record is None:
            profile = self._profiles.provision_missing_profile(caller)
            # A concurrent request may have created the profile and set a picture already.
            record = self._repository.get_record(caller.sub) if profile.picture else None
            record = record or ProfileRecord(profile)
        return record

    def _resolve_missing_upload(self, caller: Caller, upload_id: str) -> Profile:
        """Return the profile if this upload is its picture already (a repeated request). Raises NotFound otherwise."""
        record = self._repository.get_record(caller.sub)
        if record is None or not _is_made_from(record, upload_id):
            raise NotFound(
                "The upload does not exist or was used already. Request a new one with POST and send the file to it."
            )
        return record.profile

    def _process_with_lease(self, record: ProfileRecord, request: ProcessingRequest) -> Picture | None:
        """Acquire the lease and process the upload. Return the picture, or None for a missing upload.

        The write of the picture returns the lease. Without a picture it is returned here, unless the function has not
        responded and may still be running. Raises the errors of PictureLeases.acquire and _process.
        """
        self._leases.acquire(record, request.picture_key, utc_now())
        try:
            picture = self._process(request)
        except NoResponse:
            raise
        except ApiError as exc:
            is_rejected = isinstance(exc, UnprocessableContent)
            self._release_best_effort(request.sub, request.picture_key, count=is_rejected)
            raise
        if picture is None:
            self._release_best_effort(request.sub, request.picture_key, count=False)
        return picture

    def _process(self, request: ProcessingRequest) -> Picture | None:
        """Return the stored picture, or None for a missing upload. Raises UnprocessableContent and UpstreamError."""
        result = self._processor.process(request)
        if result.status == "missing":
            if self._storage.exists(request.upload_key):
                raise UpstreamError  # the function has no permission to read it
            return None
        if result.status == "rejected":
            self._delete_best_effort([request.upload_key])
            add_metric(Metric.PICTURE_REJECTED)
            detail = "The file was deleted, and the profile was not changed."
            raise UnprocessableContent(detail, errors=[_upload_error(result)])
        properties = result.model_dump(include={"content_type", "size", "width", "height"})
        return Picture(**properties, updated_at=utc_now())

    def _release_best_effort(self, user_id: str, key: str, *, count: bool) -> None:
        try:
            self._leases.release(user_id, key, count=count)
        except UpstreamError as exc:
            logs.error("lease not returned", exc)  # it expires

    def _delete_leftovers(self, record: ProfileRecord, uploads: Iterable[str]) -> None:
        """Delete objects of interrupted requests when the picture itself does not change.

        The revision is incremented first, so that no concurrent request can still set one of them.
        """
        try:
            keys = self._storage.list_picture_keys(record.profile.id)
            leftovers = [key for key in keys if key != record.picture_key]
            if leftovers and not self._repository.invalidate_pending_changes(record):
                return  # a concurrent request has changed the picture and deletes them
            self._storage.delete([*uploads, *leftovers])
        except UpstreamError as exc:
            _record_cleanup_failure(exc)

    def _delete_best_effort(self, keys: Iterable[str]) -> None:
        """Delete objects without a reference. If it fails, the next request of the user deletes them."""
        try:
            self._storage.delete(keys)
        except UpstreamError as exc:
            _record_cleanup_failure(exc)


def _require_no_deletion(record: ProfileRecord) -> None:
    if record.has_deletion:
        raise DeletionScheduled


def _require_preconditions(preconditions: Preconditions, record: ProfileRecord) -> None:
    if not preconditions.permits_write(record.profile.version):
        raise PreconditionFailed


def _is_made_from(record: ProfileRecord, upload_id: str) -> bool:
    return record.picture_key is not None and upload_id_from_key(record.picture_key) == upload_id


def _upload_error(result: ProcessingResult) -> FieldError:
    return FieldError("/upload_id", f"the file {result.reason}")


def _source_upload_keys(record: ProfileRecord) -> list[str]:
    """Return the key of the upload behind the replaced picture.

    Delete it too, or a replayed request could restore the old picture.
    """
    if record.picture_key is None:
        return []
    return [build_upload_key(record.profile.id, upload_id_from_key(record.picture_key))]


def _resolve_conflict(exc: PictureConditionFailed, upload_id: str | None, preconditions: Preconditions) -> Profile:
    """Return the profile if a concurrent request has made the same change.

    Raises NotFound, PreconditionFailed or Conflict otherwise.
    """
    record = exc.record
    if record is None:
        raise NotFound("There is no profile for this user.") from exc
    already_as_requested = record.picture_key is None if upload_id is None else _is_made_from(record, upload_id)
    if already_as_requested:
        return record.profile
    _require_no_deletion(record)
    _require_preconditions(preconditions, record)
    raise Conflict("A concurrent request has changed the picture. Read the profile again.") from exc


def _record_cleanup_failure(exc: UpstreamError) -> None:
    logs.error("picture objects not deleted", exc)
    add_metric(Metric.PICTURE_CLEANUP_FAILED)
