"""The deletion of an account, in the item of its profile (chalicelib/profiles/deletion.py), and its tombstone."""

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.aws.dynamodb_values import serialize
from chalicelib.aws.errors import CONDITION_FAILED, ClientError, DynamoItem, get_item_of_error, translate_errors
from chalicelib.core.clock import to_milliseconds
from chalicelib.pictures.repository import LeaseState, to_lease_state
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.profiles import deletion
from chalicelib.profiles.deletion import Deletion, DeletionStatus
from chalicelib.profiles.items import PARTITION_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TOMBSTONE_DAYS: Final = 400
_EXPORTED_AT: Final = "exported_at"  # milliseconds since 1970
_ERASED_AT: Final = "erased_at"
_TTL: Final = "ttl"  # DynamoDB deletes the item after this time, in seconds since 1970


class DeletionRepository:
    """The deletions in one table. Reads are strongly consistent. Each method sends one request."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def get_deletion(self, user_id: str) -> Deletion | None:
        """Return the scheduled deletion, or None. Raises AccountErased from the start of the erasure."""
        item = self._get_item(user_id) or {}
        deletion.require_not_erased(item)
        return deletion.get_deletion(item)

    def schedule(self, user_id: str, requested: Deletion) -> tuple[Deletion, bool] | None:
        """Schedule a deletion unless there is one. Return the stored deletion and whether it is new.

        Return None if there is no profile. Raises AccountErased from the start of the erasure.
        """
        update = UpdateBuilder().require_exists(PARTITION_KEY).require_absent(deletion.STATUS)
        update.set(deletion.STATUS, DeletionStatus.SCHEDULED).set(deletion.REQUESTED_AT, requested.requested_at)
        update.set(deletion.REQUESTED_BY, requested.requested_by).set(deletion.ERASE_AFTER, requested.erase_after)
        update.set(deletion.USERNAME, requested.username)
        try:
            self._update(user_id, update)
        except ClientError as exc:
            item = get_item_of_error(exc)
            if not item:
                return None
            deletion.require_not_erased(item)
            stored = deletion.get_deletion(item)
            assert stored is not None  # the condition has failed, and the account is not erased
            # An equal time means that an earlier attempt was applied and its response was lost.
            return stored, stored.requested_at == requested.requested_at
        return requested, True

    def cancel(self, user_id: str) -> DeletionStatus | None:
        """Cancel a scheduled deletion. Return the status before: SCHEDULED if it is cancelled now, or None."""
        update = UpdateBuilder().require_equal(deletion.STATUS, DeletionStatus.SCHEDULED)
        for name in (
            deletion.STATUS,
            deletion.REQUESTED_AT,
            deletion.REQUESTED_BY,
            deletion.ERASE_AFTER,
            deletion.USERNAME,
        ):
            update.remove(name)
        try:
            self._update(user_id, update)
        except ClientError as exc:
            return deletion.get_status(get_item_of_error(exc))
        return DeletionStatus.SCHEDULED

    def start_erasure(self, user_id: str, now: datetime) -> tuple[Deletion, LeaseState] | None:
        """Set the status of a due deletion to `erasing`. From here on, no request reads or writes the profile.

        Return the deletion and the lease of a picture in progress, or None if no deletion is due. Starting an
        unfinished erasure again is not an error.
        """
        item = self._get_item(user_id) or {}
        current = deletion.get_deletion(item)
        if current is None or not current.is_due(now):
            return None
        if current.status is DeletionStatus.SCHEDULED:
            update = UpdateBuilder().require_equal(deletion.STATUS, DeletionStatus.SCHEDULED)
            update.require_equal(deletion.REQUESTED_AT, current.requested_at)
            try:
                self._update(user_id, update.set(deletion.STATUS, DeletionStatus.ERASING))
            except ClientError as exc:
                if deletion.get_status(get_item_of_error(exc)) is not DeletionStatus.ERASING:
                    return None  # cancelled, or erased by a concurrent run
        return current, to_lease_state(item)

    def finish_erasure(self, user_id: str, erased: Deletion, objects: int, now: datetime) -> bool:
        """Replace the profile by its tombstone. Return False if a concurrent run has done so.

        `objects` is the number of deleted versions of S3 objects.
        """
        tombstone = {
            PARTITION_KEY: serialize(user_id),
            deletion.STATUS: serialize(DeletionStatus.ERASED),
            deletion.REQUESTED_AT: serialize(erased.requested_at),
            deletion.REQUESTED_BY: serialize(erased.requested_by),
            _ERASED_AT: serialize(now),
            "erased_objects": serialize(objects),
            _TTL: serialize(int((now + timedelta(days=TOMBSTONE_DAYS)).timestamp())),
        }
        try:
            with translate_errors(CONDITION_FAILED):
                self._client.put_item(
                    TableName=self._table_name,
                    Item=tombstone,
                    **UpdateBuilder().require_equal(deletion.STATUS, DeletionStatus.ERASING).build_condition(),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            # An equal tombstone means that an earlier attempt was applied and its response was lost.
            return get_item_of_error(exc).get(_ERASED_AT) == tombstone[_ERASED_AT]
        return True

    def start_export(self, user_id: str, now: datetime, interval_seconds: int) -> "DynamoItem | None":
        """Store the time of an export, and return the item of the user. Return None if there is no profile.

        Raises ExportLimitReached if the last export is more recent than the interval, and AccountErased.
        """
        exported_at, interval = to_milliseconds(now), interval_seconds * 1000
        update = UpdateBuilder().require_exists(PARTITION_KEY).set(_EXPORTED_AT, exported_at)
        update.require_at_most_or_absent(_EXPORTED_AT, exported_at - interval)
        update.require_one_of_or_absent(deletion.STATUS, [DeletionStatus.SCHEDULED])
        try:
            with translate_errors(CONDITION_FAILED):
                response = self._client.update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: {"S": user_id}},
                    **update.build(),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            item = get_item_of_error(exc)
            if not item:
                return None
            deletion.require_not_erased(item)
            stored = int(item[_EXPORTED_AT]["N"])
            if stored == exported_at:  # an earlier attempt was applied, and its response was lost
                return item
            seconds = max(1, math.ceil((stored + interval - exported_at) / 1000))
            raise ExportLimitReached(retry_after=seconds) from exc
        return response["Attributes"]

    def undo_export(self, user_id: str, now: datetime) -> None:
        """Discard the time of an export that has failed, so that the user can repeat it."""
        update = UpdateBuilder().require_equal(_EXPORTED_AT, to_milliseconds(now)).remove(_EXPORTED_AT)
        try:
            self._update(user_id, update)
        except ClientError:
            return  # a later export has started

    def _update(self, user_id: str, update: UpdateBuilder) -> None:
        """Send an UpdateItem. A failed condition raises ClientError with the stored item."""
        with translate_errors(CONDITION_FAILED):
            self._client.update_item(
                TableName=self._table_name,
                Key={PARTITION_KEY: {"S": user_id}},
                **update.build(),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )

    def _get_item(self, user_id: str) -> "DynamoItem | None":
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name, Key={PARTITION_KEY: {"S": user_id}}, ConsistentRead=True
            )
        return response.get("Item")
