"""One processing of a picture at a time for each user, and so many a day.

A request takes a lease before it has an upload processed. The lease and the day's count are on the item of the
profile, so that they go with it:

- `picture_lease` (S): the key of the picture that is being made
- `picture_lease_until` (N): when the lease expires, in whole seconds since 1970
- `picture_uploads_on` (S): the day of the count, in UTC
- `picture_uploads` (N): uploads processed on that day

The write that stores the picture returns the lease. A lease that nobody returns, because a request was interrupted,
expires. Each method is at most one request, and each request is tried once: the API's time has no room for a second.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chalicelib.aws import translated
from chalicelib.errors import NotFound, PictureBusy, UploadLimitReached
from chalicelib.repository import KEY, Held, Item, LeaseState, to_lease_state

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CONDITION_FAILED: Final = "ConditionalCheckFailedException"
# The function's timeout of 7 s, and what it may take to start it and to get its answer.
LEASE_SECONDS: Final = 10


class PictureLeases:
    """Leases on the items of profiles, over a client and a table name that are handed in."""

    def __init__(self, client: "DynamoDBClient", table: str, uploads_per_day: int) -> None:
        self._client = client
        self._table = table
        self._uploads_per_day = uploads_per_day

    def require_upload_left(self, state: LeaseState, now: datetime) -> None:
        """Raise UploadLimitReached if the user has used up the uploads of the day. No request."""
        if state.day == _day(now) and state.uploads >= self._uploads_per_day:
            raise UploadLimitReached(_seconds_to_midnight(now))

    def require_free(self, state: LeaseState, now: datetime) -> None:
        """Raise PictureBusy while an upload of the user is being processed, or UploadLimitReached. No request."""
        if (left := state.until - int(now.timestamp())) > 0:
            raise PictureBusy(left)
        self.require_upload_left(state, now)

    def acquire(self, held: Held, key: str, now: datetime) -> None:
        """Take the lease to make the picture with this key, and count the upload.

        Raises PictureBusy, UploadLimitReached, or NotFound if there is no profile.
        """
        try:
            with translated(_CONDITION_FAILED):
                self._client.update_item(
                    TableName=self._table,
                    Key={KEY: {"S": held.profile.id}},
                    **_acquisition(held.lease, key, now, self._uploads_per_day),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            item: Item = exc.response.get("Item", {})  # type: ignore[assignment]  # not in the stubs
            if not item:
                raise NotFound("There is no profile for this user.") from exc
            self.require_free(to_lease_state(item), now)
            raise PictureBusy(1) from exc  # another request has taken and returned the lease in the meantime

    def release(self, user_id: str, key: str, *, count: bool) -> None:
        """Return the lease if it is still the one for this key. Without `count`, the upload does not count."""
        values: dict[str, Any] = {":key": {"S": key}}
        if not count:
            values[":minus_one"] = {"N": "-1"}
        try:
            with translated(_CONDITION_FAILED):
                self._client.update_item(
                    TableName=self._table,
                    Key={KEY: {"S": user_id}},
                    UpdateExpression="REMOVE picture_lease, picture_lease_until"
                    + ("" if count else " ADD picture_uploads :minus_one"),
                    ConditionExpression="picture_lease = :key",
                    ExpressionAttributeValues=values,
                )
        except ClientError:
            return  # it has expired, and another request has it


def _acquisition(state: LeaseState, key: str, now: datetime, limit: int) -> dict[str, Any]:
    """Return UpdateItem's expressions: to count on from today's count, or to begin a new one."""
    today, seconds = _day(now), int(now.timestamp())
    values = {
        ":key": {"S": key},
        ":now": {"N": str(seconds)},
        ":until": {"N": str(seconds + LEASE_SECONDS)},
        ":today": {"S": today},
        ":one": {"N": "1"},
    }
    assignments = "SET picture_lease = :key, picture_lease_until = :until"
    if state.day == today:
        values[":limit"] = {"N": str(limit)}
        count, counted = " ADD picture_uploads :one", "picture_uploads_on = :today AND picture_uploads < :limit"
    else:
        count = ", picture_uploads_on = :today, picture_uploads = :one"
        counted = "(attribute_not_exists(picture_uploads_on) OR picture_uploads_on <> :today)"
    return {
        "UpdateExpression": assignments + count,
        "ConditionExpression": f"attribute_exists({KEY}) AND {counted} AND "
        "(attribute_not_exists(picture_lease_until) OR picture_lease_until <= :now)",
        "ExpressionAttributeValues": values,
    }


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _seconds_to_midnight(now: datetime) -> int:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return int((midnight - now).total_seconds()) + 1
