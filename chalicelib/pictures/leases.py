"""Leases: one upload of a user is processed at a time, and a limited number per day.

A request acquires the lease before it has an upload processed. The lease and the number of uploads are attributes of
the profile's item, so they are deleted with it:

- `picture_lease` (S): the key of the picture in progress
- `picture_lease_until` (N): when the lease expires, in seconds since 1970
- `picture_uploads_on` (S): the day of the count, in UTC
- `picture_uploads` (N): the number of uploads processed on that day

The write that stores the picture returns the lease. After an interruption the lease expires. Each method sends at most
one request with one attempt, because the API's function has no time for a second one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.aws.errors import CONDITION_FAILED, ClientError, get_item_of_error, translate_errors
from chalicelib.core.clock import format_day, seconds_to_midnight
from chalicelib.core.errors import NotFound
from chalicelib.pictures.errors import PictureBusy, UploadLimitReached
from chalicelib.pictures.repository import LEASE_ATTRIBUTES, LeaseState, ProfileRecord, to_lease_state
from chalicelib.profiles import deletion
from chalicelib.profiles.items import PARTITION_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_HOLDER, _EXPIRES_AT = LEASE_ATTRIBUTES
_DAY: Final = "picture_uploads_on"
_UPLOADS: Final = "picture_uploads"
# The timeout of the function that processes pictures, 7 s, its cold start and the transfer of its response.
LEASE_SECONDS: Final = 10


class PictureLeases:
    """The leases in one table. The client is created at the first request, because a GET needs none."""

    def __init__(self, client: "Callable[[], DynamoDBClient]", table_name: str, uploads_per_day: int) -> None:
        self._client = client
        self._table_name = table_name
        self._uploads_per_day = uploads_per_day

    def require_upload_allowed(self, state: LeaseState, now: datetime) -> None:
        """Raise UploadLimitReached if the user has reached the limit of the day. Sends no request."""
        if state.day == format_day(now) and state.uploads >= self._uploads_per_day:
            raise UploadLimitReached(retry_after=seconds_to_midnight(now))

    def require_available(self, state: LeaseState, now: datetime) -> None:
        """Raise PictureBusy while an upload of the user is processed, or UploadLimitReached. Sends no request."""
        if (seconds := state.expires_at - int(now.timestamp())) > 0:
            raise PictureBusy(retry_after=seconds)
        self.require_upload_allowed(state, now)

    def acquire(self, record: ProfileRecord, key: str, now: datetime) -> None:
        """Acquire the lease for the picture with this key, and count the upload.

        Raises PictureBusy, UploadLimitReached, DeletionScheduled, AccountErased, or NotFound if there is no profile.
        """
        try:
            with translate_errors(CONDITION_FAILED):
                self._client().update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: {"S": record.profile.id}},
                    **_build_acquisition(record.lease, key, now, self._uploads_per_day),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            item = get_item_of_error(exc)
            if not item:
                raise NotFound("There is no profile for this user.") from exc
            deletion.require_no_deletion(item)
            self.require_available(to_lease_state(item), now)
            raise PictureBusy from exc  # a concurrent request has acquired and returned the lease

    def release(self, user_id: str, key: str, *, count: bool) -> None:
        """Return the lease if it is still the one for this key. With `count=False` the upload is not counted."""
        update = UpdateBuilder().require_equal(_HOLDER, key)
        for name in LEASE_ATTRIBUTES:
            update.remove(name)
        if not count:
            update.increment(_UPLOADS, -1)
        try:
            with translate_errors(CONDITION_FAILED):
                self._client().update_item(
                    TableName=self._table_name, Key={PARTITION_KEY: {"S": user_id}}, **update.build()
                )
        except ClientError:
            return  # the lease has expired, and another request has acquired it


def _build_acquisition(state: LeaseState, key: str, now: datetime, uploads_per_day: int) -> dict[str, Any]:
    """Return the parameters of an UpdateItem that continues the count of today, or starts a new one."""
    today, seconds = format_day(now), int(now.timestamp())
    update = UpdateBuilder().require_exists(PARTITION_KEY).require_absent(deletion.STATUS)
    update.require_at_most_or_absent(_EXPIRES_AT, seconds)
    update.set(_HOLDER, key).set(_EXPIRES_AT, seconds + LEASE_SECONDS)
    if state.day == today:
        update.require_equal(_DAY, today).require_less(_UPLOADS, uploads_per_day).increment(_UPLOADS)
    else:
        update.require_different_or_absent(_DAY, today).set(_DAY, today).set(_UPLOADS, 1)
    return update.build()
