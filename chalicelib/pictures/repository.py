"""The picture of a profile, in the profile's DynamoDB item. Only this module writes it.

Attributes, in addition to those of the lease (leases.py):

- `picture` (M), the metadata in the profile
- `picture_key` (S), the key of its object in S3
- `picture_revision` (N), incremented with each change of the picture
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.aws.dynamodb_values import deserialize
from chalicelib.aws.errors import CONDITION_FAILED, ClientError, DynamoItem, get_item_of_error, translate_errors
from chalicelib.core.preconditions import Preconditions
from chalicelib.profiles import deletion
from chalicelib.profiles.items import PARTITION_KEY, to_profile
from chalicelib.profiles.models import Picture, Profile
from chalicelib.profiles.repository import was_written_by_this_request

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY: Final = "picture_key"
_REVISION: Final = "picture_revision"
LEASE_ATTRIBUTES: Final = ("picture_lease", "picture_lease_until")


@dataclass(frozen=True, slots=True)
class LeaseState:
    """The lease of a user, and the number of uploads processed on one day (leases.py)."""

    expires_at: int = 0  # seconds since 1970
    day: str = ""  # YYYY-MM-DD in UTC
    uploads: int = 0


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """A profile with the stored state of its picture."""

    profile: Profile
    picture_key: str | None = None
    picture_revision: int = 0
    lease: LeaseState = LeaseState()
    has_deletion: bool = False


class PictureConditionFailed(Exception):
    """The stored picture does not satisfy the conditions of a write. `record` is None if there is no profile."""

    def __init__(self, record: ProfileRecord | None) -> None:
        super().__init__("the condition of a write failed")
        self.record = record


class PictureRepository:
    """The pictures of profiles in one table. Reads are strongly consistent. Each method sends one request."""

    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def get_record(self, user_id: str) -> ProfileRecord | None:
        """Return the profile with the state of its picture, or None. Raises AccountErased."""
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name, Key={PARTITION_KEY: {"S": user_id}}, ConsistentRead=True
            )
        item = response.get("Item")
        return to_record(item) if item else None

    def set_picture(
        self,
        record: ProfileRecord,
        picture: Picture | None,
        key: str | None,
        now: datetime,
        preconditions: Preconditions,
    ) -> Profile:
        """Set or clear the picture if its revision is still the one in `record`. Return the profile.

        The condition uses the revision, not the key. After a deletion and another upload the key can be absent twice
        (ABA problem), but a counter never repeats. A new picture returns its lease. Raises PictureConditionFailed with
        the stored record.
        """
        update = _change_picture(record).require_version(preconditions)
        update.set("picture", picture).set(_KEY, key).set("updated_at", now).increment("version")
        if key is not None:
            for name in LEASE_ATTRIBUTES:
                update.remove(name)
        try:
            with translate_errors(CONDITION_FAILED):
                response = self._client.update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: {"S": record.profile.id}},
                    **update.build(),
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            item = get_item_of_error(exc)
            stored = to_record(item) if item else None
            if stored and _is_already_applied(stored, record, key, now):
                return stored.profile
            raise PictureConditionFailed(stored) from exc
        return to_profile(response["Attributes"])

    def invalidate_pending_changes(self, record: ProfileRecord) -> bool:
        """Increment the revision so that concurrent changes based on `record` fail.

        Return False if the revision has changed already.
        """
        try:
            with translate_errors(CONDITION_FAILED):
                self._client.update_item(
                    TableName=self._table_name,
                    Key={PARTITION_KEY: {"S": record.profile.id}},
                    **_change_picture(record).build(),
                )
        except ClientError:
            return False
        return True


def _change_picture(record: ProfileRecord) -> UpdateBuilder:
    """Return an update of the picture that requires the revision of `record`."""
    update = UpdateBuilder().require_exists(PARTITION_KEY).require_absent(deletion.STATUS)
    return update.require_equal(_REVISION, record.picture_revision or None).increment(_REVISION)


def _is_already_applied(stored: ProfileRecord, record: ProfileRecord, key: str | None, now: datetime) -> bool:
    """Return True if an earlier attempt of this request has made the change, and its response was lost.

    A new picture has a unique key. A deletion is recognized by its time.
    """
    is_next_revision = stored.picture_revision == record.picture_revision + 1
    is_this_write = key is not None or was_written_by_this_request(stored.profile, now)
    return stored.picture_key == key and is_next_revision and is_this_write


def to_record(item: DynamoItem) -> ProfileRecord:
    """Convert an item to a record. Raises AccountErased or UnreadableItem."""
    key, revision = (deserialize(item[name]) if name in item else None for name in (_KEY, _REVISION))
    return ProfileRecord(to_profile(item), key, revision or 0, to_lease_state(item), deletion.STATUS in item)


def to_lease_state(item: DynamoItem) -> LeaseState:
    """Return the lease and the number of uploads in an item. Both are empty in an item without them."""
    names = ("picture_lease_until", "picture_uploads_on", "picture_uploads")
    expires_at, day, uploads = (deserialize(item[name]) if name in item else None for name in names)
    return LeaseState(expires_at or 0, day or "", uploads or 0)
