"""The rules of profile pictures: offer a place to upload to, take what arrived, show it, remove it.

A picture changes in one conditional write of its profile; S3 has no part in it. What is written to S3 before is
nobody's yet, and what is removed after is nobody's any more, so that an interruption leaves a picture and an orphan
at most. A call lists the orphans before a write of its own, and removes them after it: whatever stood there then
was made for a write that has been done, or can't be done now, since the number of the picture's changes has risen.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from chalicelib import logs, profiles
from chalicelib.auth import Caller
from chalicelib.bucket import PictureBucket, picture_key, upload_key, upload_of
from chalicelib.checking import Order, Outcome, PictureChecker
from chalicelib.cognito import UserDirectory
from chalicelib.errors import (
    ApiError,
    BackendFailed,
    Conflict,
    FieldError,
    Invalid,
    NotFound,
    PreconditionFailed,
    Unanswered,
)
from chalicelib.logs import Metric
from chalicelib.models import Picture, PictureChoice, PictureLink, Profile, Upload, UploadRequest, parse
from chalicelib.picture_leases import PictureLeases
from chalicelib.preconditions import Preconditions
from chalicelib.repository import Held, Overtaken, ProfileRepository


def offer(
    repository: ProfileRepository, leases: PictureLeases, bucket: PictureBucket, caller: Caller, data: Any
) -> Upload:
    """A place for one file of the caller's. Raises Invalid, and UploadLimitReached: it could not be used today."""
    wanted = parse(UploadRequest, data)
    if held := repository.held(caller.sub):
        leases.require_upload_left(held.lease, datetime.now(UTC))
    return bucket.presigned_upload(caller.sub, wanted)


def show(repository: ProfileRepository, directory: UserDirectory, bucket: PictureBucket, caller: Caller) -> PictureLink:
    """Where the caller's picture may be loaded from. Raises NotFound."""
    held = _held(repository, directory, caller)
    if held.key is None or held.profile.picture is None:
        raise NotFound("There is no picture.")
    return bucket.link(held.key, held.profile.picture)


def choose(
    repository: ProfileRepository,
    directory: UserDirectory,
    bucket: PictureBucket,
    checker: PictureChecker,
    leases: PictureLeases,
    caller: Caller,
    data: Any,
    preconditions: Preconditions,
) -> Profile:
    """Make the caller's picture of an upload of theirs. To do it again changes nothing.

    Raises PreconditionFailed; Invalid, also for a file that is no good, which is removed then; NotFound for an
    upload that is not there; Conflict where the picture was changed meanwhile; PictureBusy while another upload of the
    caller is processed; UploadLimitReached.
    """
    held = _held(repository, directory, caller)
    _require(preconditions, held)
    upload_id = parse(PictureChoice, data).upload_id
    upload = upload_key(caller.sub, upload_id)
    if _is_of(held, upload_id):
        _sweep(repository, bucket, held, [upload])
        return held.profile
    leases.require_free(held.lease, datetime.now(UTC))
    if not bucket.has(upload):
        return _used(repository, caller, upload_id)
    left_over = bucket.pictures_of(caller.sub)
    key = picture_key(caller.sub, upload_id)
    picture = _processed(bucket, checker, leases, held, Order(upload=upload, picture=key))
    if picture is None:
        return _used(repository, caller, upload_id)
    try:
        profile = repository.set_picture(held, picture, key, picture.updated_at, preconditions)
    except Overtaken as exc:
        _clear_up(bucket, [key])
        _release(leases, caller.sub, key, count=True)
        return _overtaken(exc, upload_id, preconditions)
    logs.event("picture stored")
    logs.count(Metric.PICTURE_STORED)
    _clear_up(bucket, [upload, *left_over, *_upload_behind(caller, held)])
    return profile


def remove(
    repository: ProfileRepository,
    directory: UserDirectory,
    bucket: PictureBucket,
    caller: Caller,
    preconditions: Preconditions,
) -> Profile:
    """Remove the caller's picture, if there is one. Raises PreconditionFailed, NotFound and Conflict."""
    held = _held(repository, directory, caller)
    _require(preconditions, held)
    if held.key is None:
        _sweep(repository, bucket, held, [])
        return held.profile
    left_over = bucket.pictures_of(caller.sub)
    try:
        profile = repository.set_picture(held, None, None, datetime.now(UTC), preconditions)
    except Overtaken as exc:
        return _overtaken(exc, None, preconditions)
    logs.event("picture removed")
    _clear_up(bucket, [*left_over, *_upload_behind(caller, held)])
    return profile


def _held(repository: ProfileRepository, directory: UserDirectory, caller: Caller) -> Held:
    held = repository.held(caller.sub)
    if held is None:
        healed = profiles.heal(repository, directory, caller)
        # Somebody may have been faster, and further.
        held = repository.held(caller.sub) if healed.picture else None
        held = held or Held(healed)
    return held


def _require(preconditions: Preconditions, held: Held) -> None:
    if not preconditions.allow(held.profile.version):
        raise PreconditionFailed


def _is_of(held: Held, upload_id: str) -> bool:
    return held.key is not None and upload_of(held.key) == upload_id


def _used(repository: ProfileRepository, caller: Caller, upload_id: str) -> Profile:
    """An upload that is not there. Raises NotFound, unless the same request has just made it the picture."""
    held = repository.held(caller.sub)
    if held is None or not _is_of(held, upload_id):
        raise NotFound(
            "The upload does not exist or was used already. Request a new one with POST and send the file to it."
        )
    return held.profile


def _processed(
    bucket: PictureBucket, checker: PictureChecker, leases: PictureLeases, held: Held, order: Order
) -> Picture | None:
    """Take the lease and return the picture, or None for an upload that is gone.

    The write of the picture returns the lease. Without a picture it is returned here, unless the function has not
    answered and may still be at work. Raises what _checked and leases.acquire raise.
    """
    leases.acquire(held, order.picture, datetime.now(UTC))
    try:
        picture = _checked(bucket, checker, order)
    except Unanswered:
        raise
    except ApiError as exc:
        _release(leases, order.sub, order.picture, count=isinstance(exc, Invalid))
        raise
    if picture is None:
        _release(leases, order.sub, order.picture, count=False)
    return picture


def _release(leases: PictureLeases, user_id: str, key: str, *, count: bool) -> None:
    try:
        leases.release(user_id, key, count=count)
    except BackendFailed as exc:
        logs.failure("lease not returned", exc)  # it expires


def _checked(bucket: PictureBucket, checker: PictureChecker, order: Order) -> Picture | None:
    """The picture, as it is kept; None for an upload that is gone. Raises Invalid and BackendFailed."""
    outcome = checker.check(order)
    if outcome.verdict == "missing":
        if bucket.has(order.upload):
            raise BackendFailed  # it is there, and may not be read
        return None
    if outcome.verdict == "refused":
        _clear_up(bucket, [order.upload])
        logs.count(Metric.PICTURE_REFUSED)
        raise Invalid("The file was removed, and the profile was not changed.", errors=[_rule(outcome)])
    return Picture(
        **outcome.model_dump(include={"content_type", "size", "width", "height"}), updated_at=datetime.now(UTC)
    )


def _rule(outcome: Outcome) -> FieldError:
    return FieldError("/upload_id", f"the file {outcome.rule}")


def _upload_behind(caller: Caller, held: Held) -> list[str]:
    """The upload that the picture was made of. If an interruption has left it, it could be made a picture again."""
    return [upload_key(caller.sub, upload_of(held.key))] if held.key else []


def _overtaken(exc: Overtaken, upload_id: str | None, preconditions: Preconditions) -> Profile:
    """Somebody was faster. Raises NotFound, PreconditionFailed or Conflict, unless they wanted the same."""
    held = exc.held
    if held is None:
        raise NotFound("There is no profile for this user.") from exc
    as_wanted = held.key is None if upload_id is None else _is_of(held, upload_id)
    if as_wanted:
        return held.profile
    _require(preconditions, held)
    raise Conflict("The picture was changed by another request meanwhile. Read the profile again.") from exc


def _sweep(repository: ProfileRepository, bucket: PictureBucket, held: Held, uploads: Iterable[str]) -> None:
    """Clear up where nothing is to be changed: what an interruption has left must not become the picture then."""
    try:
        left_over = [key for key in bucket.pictures_of(held.profile.id) if key != held.key]
        if left_over and not repository.forestall(held):
            return  # whoever was faster clears up
        bucket.remove([*uploads, *left_over])
    except BackendFailed as exc:
        _could_not(exc)


def _clear_up(bucket: PictureBucket, keys: Iterable[str]) -> None:
    """Remove what nobody refers to. It can wait: the next call removes what a fault has left."""
    try:
        bucket.remove(keys)
    except BackendFailed as exc:
        _could_not(exc)


def _could_not(exc: BackendFailed) -> None:
    logs.failure("left over", exc)
    logs.count(Metric.PICTURE_LEFT_OVER)
