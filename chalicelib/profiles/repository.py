"""The profiles in the DynamoDB table, and the conditions of their changes.

The table's partition key is `user_id` (S). A user has one item. Its attributes are those of the profile (items.py), of
a deletion (deletion.py) and of the picture (chalicelib/pictures/repository.py and leases.py), `contact_synced_at` (S)
and `orphaned_since` (S). Items whose key starts with `#` are internal. No Cognito sub does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.aws.errors import CONDITION_FAILED, ClientError, DynamoItem, get_item_of_error, translate_errors
from chalicelib.core.clock import format_timestamp
from chalicelib.core.errors import ServiceUnavailable
from chalicelib.core.preconditions import NO_PRECONDITIONS, Preconditions
from chalicelib.profiles import deletion
from chalicelib.profiles.items import ENUM_FIELDS, PARTITION_KEY, parse_item, to_attribute_name, to_item, to_profile
from chalicelib.profiles.models import Profile

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# When the user pool had the stored contact data. Absent if it is that of the sign-up.
CONTACT_SYNCED_AT: Final = "contact_synced_at"
# When reconciliation has first missed the user in the user pool. Absent if the user exists.
ORPHANED_SINCE: Final = "orphaned_since"
_INTERNAL_KEY_PREFIX: Final = "#"
_SCANNED_ATTRIBUTES: Final = (PARTITION_KEY, ORPHANED_SINCE, deletion.STATUS, deletion.ERASE_AFTER)
_SCAN_PAGE_SIZE: Final = 100  # profiles
_BATCH_ATTEMPTS: Final = 2


class ProfileConditionFailed(Exception):
    """The stored profile does not satisfy the conditions of a write. `stored` is None if there is no profile."""

    def __init__(self, stored: Profile | None) -> None:
        super().__init__("the condition of a write failed")
        self.stored = stored


@dataclass(frozen=True, slots=True)
class ScannedAccount:
    """The attributes of an account that a scan returns."""

    user_id: str
    orphaned_since: datetime | None = None
    deletion_status: deletion.DeletionStatus | None = None
    erase_after: datetime | None = None


class ProfileRepository:
    """The profiles in one table. Reads are strongly consistent. Each method sends one request, or states more."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def get_profile(self, user_id: str) -> Profile | None:
        """Return the profile, or None. Raises AccountErased or UnreadableItem."""
        item = self._get_item(user_id)
        return to_profile(item) if item else None

    def require_not_erased(self, user_id: str) -> None:
        """Raise AccountErased if the account is being erased, or was erased. A missing profile is not an error."""
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name,
                Key={PARTITION_KEY: {"S": user_id}},
                ProjectionExpression="#status",
                ExpressionAttributeNames={"#status": deletion.STATUS},
                ConsistentRead=True,
            )
        deletion.require_not_erased(response.get("Item", {}))

    def create_if_absent(self, profile: Profile) -> tuple[Profile, bool]:
        """Create the profile if the user has none. Return the stored profile and whether it was created.

        Raises AccountErased: the tombstone of an erased account has the key of its profile.
        """
        try:
            with translate_errors(CONDITION_FAILED):
                self._client.put_item(
                    TableName=self._table_name,
                    Item=to_item(profile),
                    **UpdateBuilder().require_absent(PARTITION_KEY).build_condition(),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            return to_profile(get_item_of_error(exc)), False
        return profile, True

    def get_contact_synced_at(self, user_id: str) -> datetime | None:
        """Return when the user pool had the stored contact data. None if it is that of the sign-up."""
        item = self._get_item(user_id) or {}
        return datetime.fromisoformat(str(item[CONTACT_SYNCED_AT]["S"])) if CONTACT_SYNCED_AT in item else None

    def update_contact_if_newer(
        self, user_id: str, contact: Mapping[str, FieldValue], as_of: datetime, now: datetime
    ) -> Profile | None:
        """Update contact fields unless newer ones (by `as_of`) are stored. Return the profile if written, else None.

        The contact data of an account that is being deleted is not updated.
        """
        update = UpdateBuilder().require_exists(PARTITION_KEY).require_absent(deletion.STATUS)
        update.require_at_most_or_absent(CONTACT_SYNCED_AT, as_of)
        for name, value in {**contact, CONTACT_SYNCED_AT: as_of, "updated_at": now}.items():
            update.set(name, value)
        update.increment("version")
        try:
            with translate_errors(CONDITION_FAILED):
                response = self._client.update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: {"S": user_id}},
                    **update.build(),
                    ReturnValues="ALL_NEW",
                )
        except ClientError:
            return None
        return to_profile(response["Attributes"])

    def update_fields(
        self,
        user_id: str,
        changes: Mapping[str, FieldValue],
        expected: Mapping[str, FieldValue],
        now: datetime,
        preconditions: Preconditions = NO_PRECONDITIONS,
    ) -> Profile:
        """Update `changes` if each field in `expected` has the expected value (None means absent).

        Return the stored profile. None in `changes` erases a field. Idempotent: nothing is written if all values are
        stored already, so a repeated request does not increment the version. A stored value that this release cannot
        parse is not erased, because the client has seen null. Then a second request is sent. Raises
        ProfileConditionFailed with the stored profile, DeletionScheduled or AccountErased.
        """
        if not changes:
            return self._require_expected(user_id, expected, preconditions)
        try:
            with translate_errors(CONDITION_FAILED):
                response = self._client.update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: {"S": user_id}},
                    **_build_profile_update(changes, expected, now, preconditions),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            item = get_item_of_error(exc)
            if not item:
                raise ProfileConditionFailed(None) from exc
            deletion.require_no_deletion(item)
            stored, unreadable = parse_item(item)
            if _is_already_applied(stored, changes, expected, now, preconditions):
                return stored
            if not unreadable or not _satisfies(stored, expected, preconditions):
                raise ProfileConditionFailed(stored) from exc
        else:
            return to_profile(response["Attributes"])
        # Only the condition on an unparsable value has failed. The second request replaces it by one on the version.
        expected = {name: value for name, value in expected.items() if name not in unreadable}
        changes = {name: value for name, value in changes.items() if value is not None or name not in unreadable}
        return self.update_fields(user_id, changes, {**expected, "version": stored.version}, now, preconditions)

    def find_existing_ids(self, user_ids: Sequence[str]) -> set[str]:
        """Return which of these users, at most 100, have a profile.

        The read is eventually consistent, at half the price: a profile stored within the last second may be missing.
        One request, and one more for UnprocessedKeys. Raises ServiceUnavailable if keys remain unprocessed.
        """
        existing: set[str] = set()
        pending = {self._table_name: _batch_get_keys(user_ids)} if user_ids else {}
        for _ in range(_BATCH_ATTEMPTS):
            if not pending:
                return existing
            with translate_errors():
                response = self._client.batch_get_item(RequestItems=pending)  # type: ignore[arg-type]
            existing |= {item[PARTITION_KEY]["S"] for item in response["Responses"].get(self._table_name, [])}
            pending = response.get("UnprocessedKeys", {})  # type: ignore[assignment]
        if pending:
            raise ServiceUnavailable
        return existing

    def scan_accounts(self, cursor: str | None) -> tuple[list[ScannedAccount], str | None]:
        """Return a page of accounts without the erased ones, and the cursor of the next page or None after the last."""
        start = {"ExclusiveStartKey": {PARTITION_KEY: {"S": cursor}}} if cursor else {}
        with translate_errors():
            response = self._client.scan(
                TableName=self._table_name,
                Limit=_SCAN_PAGE_SIZE,
                ProjectionExpression=", ".join(f"#{name}" for name in _SCANNED_ATTRIBUTES),
                ExpressionAttributeNames={f"#{name}": name for name in _SCANNED_ATTRIBUTES},
                **start,  # type: ignore[arg-type]
            )
        accounts = [_to_scanned_account(item) for item in response["Items"] if _is_account(item)]
        next_cursor = response.get("LastEvaluatedKey", {}).get(PARTITION_KEY, {}).get("S")
        return accounts, next_cursor

    def set_orphaned_since(self, user_id: str, orphaned_since: datetime | None) -> None:
        """Set or clear when reconciliation has first missed the user in the user pool.

        An account that is being deleted, or that no longer exists, remains unchanged.
        """
        update = UpdateBuilder().require_exists(PARTITION_KEY).require_absent(deletion.STATUS)
        try:
            with translate_errors(CONDITION_FAILED):
                self._client.update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: {"S": user_id}},
                    **update.set(ORPHANED_SINCE, orphaned_since).build(),
                )
        except ClientError:
            return

    def _require_expected(
        self, user_id: str, expected: Mapping[str, FieldValue], preconditions: Preconditions
    ) -> Profile:
        """Return the profile if it satisfies the conditions of an update without changes."""
        item = self._get_item(user_id)
        if not item:
            raise ProfileConditionFailed(None)
        deletion.require_no_deletion(item)
        stored = to_profile(item)
        if not _satisfies(stored, expected, preconditions):
            raise ProfileConditionFailed(stored)
        return stored

    def _get_item(self, user_id: str) -> "DynamoItem | None":
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name, Key={PARTITION_KEY: {"S": user_id}}, ConsistentRead=True
            )
        return response.get("Item")


def was_written_by_this_request(stored: Profile, now: datetime) -> bool:
    """Return True if a write at this time has produced the stored profile.

    A request uses one time for all of its attempts. If the response to the first attempt was lost, the second one finds
    its own time in the profile. Functions that use it compare the written values too, because another request may have
    written within the same millisecond.
    """
    return format_timestamp(stored.updated_at) == format_timestamp(now)


def _is_account(item: DynamoItem) -> bool:
    is_internal = item[PARTITION_KEY]["S"].startswith(_INTERNAL_KEY_PREFIX)
    return not is_internal and deletion.get_status(item) is not deletion.DeletionStatus.ERASED


def _to_scanned_account(item: DynamoItem) -> ScannedAccount:
    orphaned_since, erase_after = (
        datetime.fromisoformat(item[name]["S"]) if name in item else None
        for name in (ORPHANED_SINCE, deletion.ERASE_AFTER)
    )
    return ScannedAccount(item[PARTITION_KEY]["S"], orphaned_since, deletion.get_status(item), erase_after)


def _batch_get_keys(user_ids: Sequence[str]) -> dict[str, Any]:
    return {
        "Keys": [{PARTITION_KEY: {"S": user_id}} for user_id in user_ids],
        "ProjectionExpression": "#key",
        "ExpressionAttributeNames": {"#key": PARTITION_KEY},
    }


def _build_profile_update(
    changes: Mapping[str, FieldValue],
    expected: Mapping[str, FieldValue],
    now: datetime,
    preconditions: Preconditions,
) -> dict[str, Any]:
    update = UpdateBuilder().require_exists(PARTITION_KEY).require_absent(deletion.STATUS)
    for name, value in expected.items():
        update.require_equal(to_attribute_name(name), value)
    for name, value in changes.items():
        update.set(name, value)
        if value is None and name in ENUM_FIELDS:  # erase only a value that this release can parse
            update.require_one_of_or_absent(name, ENUM_FIELDS[name])
    update.require_any_change(changes).require_version(preconditions)
    return update.set("updated_at", now).increment("version").build()


def _satisfies(stored: Profile, expected: Mapping[str, FieldValue], preconditions: Preconditions) -> bool:
    is_as_expected = all(getattr(stored, name) == value for name, value in expected.items())
    return is_as_expected and preconditions.permits_write(stored.version)


def _is_already_applied(
    stored: Profile,
    changes: Mapping[str, FieldValue],
    expected: Mapping[str, FieldValue],
    now: datetime,
    preconditions: Preconditions,
) -> bool:
    """Return True if the requested values are stored already, before this request or by an earlier attempt of it."""
    if any(getattr(stored, name) != value for name, value in changes.items()):
        return False
    return _satisfies(stored, expected, preconditions) or was_written_by_this_request(stored, now)
