"""The files of users in the table of records, and their quota.

Creating and deleting a file changes the file and the counters in one transaction, so the counters are always the sum of
the files. Changes by the user also require that the account is not being deleted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.aws.dynamodb_transactions import TransactionConditionFailed, write_transaction
from chalicelib.aws.errors import (
    CONDITION_FAILED,
    TRANSACTION_CONFLICT,
    ClientError,
    DynamoItem,
    get_item_of_error,
    translate_errors,
)
from chalicelib.core.clock import format_day, seconds_to_midnight, to_milliseconds
from chalicelib.core.errors import ServiceUnavailable, UnreadableItem
from chalicelib.files.errors import FileLimitReached, FileQuotaExceeded
from chalicelib.files.models import FileRejection, FileStatus
from chalicelib.files.records import (
    COMMON_PREFIX,
    EXPIRES_AT,
    PARTITION_KEY,
    QUOTA_RECORD,
    SORT_KEY,
    TTL,
    StoredFile,
    StoredQuota,
    UserFiles,
    build_key,
    build_sort_key,
    get_file_id,
    to_item,
    to_quota,
    to_stored_file,
    to_user_files,
)
from chalicelib.profiles import deletion
from chalicelib.profiles.items import PARTITION_KEY as PROFILE_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REJECTED_DAYS: Final = 30  # a rejected file is listed for this time
_PENDING: Final = (FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING)
_BATCH_SIZE: Final = 25  # of BatchWriteItem
_READ_BATCH_SIZE: Final = 100  # of BatchGetItem
_BATCH_ATTEMPTS: Final = 3
_SCAN_PAGE_SIZE: Final = 500  # items


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The limits of a user: the number of files, the sum of their sizes in bytes, and the uploads per day (UTC)."""

    files: int
    bytes: int
    uploads_per_day: int


class FileChanged(Exception):
    """A concurrent request has changed or deleted the file."""


class FileRepository:
    """The files in one table of records. Reads are strongly consistent. Each method sends one request by default."""

    def __init__(self, client: "DynamoDBClient", table_name: str, profile_table_name: str) -> None:
        self._client = client
        self._table_name = table_name
        self._profile_table_name = profile_table_name

    def create(self, user_id: str, stored: StoredFile, limits: FileLimits, now: datetime) -> bool:
        """Store a new file and add it to the quota. Return False if there is no profile.

        The first upload of a day sends two requests. Raises FileQuotaExceeded, FileLimitReached, DeletionScheduled or
        AccountErased. Raises ServiceUnavailable if a concurrent request changes the counters in each attempt.
        """
        if stored.file.size > limits.bytes:
            raise FileQuotaExceeded
        for is_first_of_day in (False, True, False):
            actions = [
                self._require_no_deletion(user_id),
                self._update(user_id, QUOTA_RECORD, _build_reservation(stored, limits, now, is_first_of_day)),
                {"Put": {"TableName": self._table_name, "Item": to_item(user_id, stored)}},
            ]
            try:
                write_transaction(self._client, actions)
            except TransactionConditionFailed as exc:
                if not _has_profile(exc):
                    return False
                quota = to_quota(exc.items[1])
                if (quota.uploads_on == format_day(now)) is is_first_of_day:
                    continue  # the other form of the update applies
                raise _quota_error(quota, limits, now) from exc
            return True
        raise ServiceUnavailable

    def get(self, user_id: str, file_id: str) -> StoredFile | None:
        """Return a file, or None. Raises UnreadableItem."""
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name, Key=build_key(user_id, build_sort_key(file_id)), ConsistentRead=True
            )
        item = response.get("Item")
        return to_stored_file(item) if item else None

    def list_page(
        self, user_id: str, limit: int, after: str | None
    ) -> tuple[list[StoredFile], str | None, StoredQuota]:
        """Return files from new to old, the id after which the next page starts or None, and the counters.

        `after` is that id of the previous page. A page has fewer files than `limit` if records cannot be read. One
        Query, and for further pages one GetItem. Raises UnreadableItem if the counters cannot be read.
        """
        start = {"ExclusiveStartKey": build_key(user_id, build_sort_key(after))} if after else {}
        with translate_errors():
            response = self._client.query(
                TableName=self._table_name,
                **_select_files(user_id),
                Limit=limit + 1 if after else limit + 2,  # one more to know whether there are more; the quota is first
                ScanIndexForward=False,
                ConsistentRead=True,
                **start,  # type: ignore[arg-type]
            )
        records = [item for item in response["Items"] if item[SORT_KEY]["S"] != QUOTA_RECORD]
        quotas = [item for item in response["Items"] if item[SORT_KEY]["S"] == QUOTA_RECORD]
        quota, files, _ = to_user_files([*quotas, *records[:limit]])
        if after:
            quota = self._get_quota(user_id)
        return files, get_file_id(records[limit - 1]) if len(records) > limit else None, quota

    def list_all(self, user_id: str) -> tuple[StoredQuota, list[StoredFile]]:
        """Return the counters and all files that can be read. Requests and errors as list_records()."""
        quota, files, _ = self.list_records(user_id)
        return quota, files

    def list_records(self, user_id: str) -> UserFiles:
        """Return the counters and all files. One request per MiB of items.

        Raises UnreadableItem if the counters cannot be read.
        """
        paginator = self._client.get_paginator("query")
        with translate_errors():
            pages = paginator.paginate(
                TableName=self._table_name, **_select_files(user_id), ScanIndexForward=False, ConsistentRead=True
            )
            return to_user_files(item for page in pages for item in page["Items"])

    def update(self, user_id: str, stored: StoredFile, changes: dict[str, Any], now: datetime) -> bool:
        """Change name or category if the file still has this version. Return False if there is no profile.

        Raises FileChanged, DeletionScheduled or AccountErased.
        """
        update = UpdateBuilder().require_equal("version", stored.file.version)
        for name, value in changes.items():
            update.set(name, value)
        update.set("updated_at", now).increment("version")
        record = build_sort_key(stored.file.id)
        return self._write_as_user(user_id, [self._update(user_id, record, update.build())])

    def delete(self, user_id: str, stored: StoredFile, now: datetime) -> bool:
        """Delete a file if it still has this version, and subtract it from the quota. Return False without a profile.

        Raises FileChanged, DeletionScheduled or AccountErased.
        """
        return self._write_as_user(user_id, self._build_deletion(user_id, stored, now))

    def delete_unreadable(self, user_id: str, file_id: str, now: datetime) -> bool:
        """Delete a file whose record cannot be read. Return False without a profile.

        The size is unknown. The counter of the files is reduced by one, and reconciliation repairs both counters.
        Raises FileChanged if there is no record, DeletionScheduled or AccountErased.
        """
        condition = UpdateBuilder().require_exists(SORT_KEY).build_condition()
        delete = {"TableName": self._table_name, "Key": build_key(user_id, build_sort_key(file_id)), **condition}
        return self._write_as_user(user_id, [{"Delete": delete}, self._subtract(user_id, 0, now)])

    def release(self, user_id: str, stored: StoredFile, now: datetime) -> None:
        """Delete a file that has no content, and subtract it from the quota. Raises FileChanged."""
        try:
            write_transaction(self._client, self._build_deletion(user_id, stored, now))
        except TransactionConditionFailed as exc:
            raise FileChanged from exc

    def set_status(self, user_id: str, file_id: str, status: FileStatus, now: datetime) -> bool:
        """Set the status of a file that is neither available nor rejected. Return False if there is none."""
        update = _change_status(status, now)
        try:
            with translate_errors(CONDITION_FAILED):
                self._client.update_item(
                    TableName=self._table_name,
                    Key=build_key(user_id, build_sort_key(file_id)),
                    **update.build(),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            # An equal status means that an earlier attempt was applied and its response was lost.
            item = get_item_of_error(exc)
            return bool(item) and to_stored_file(item).file.status is status
        return True

    def reject(self, user_id: str, stored: StoredFile, rejection: FileRejection, now: datetime) -> bool:
        """Reject a file that is neither available nor rejected, and subtract it from the quota.

        A file with malware is rejected also if it is available. Return False if there is none with these statuses.
        """
        statuses = (*_PENDING, FileStatus.AVAILABLE) if rejection is FileRejection.MALWARE else _PENDING
        update = _change_status(FileStatus.REJECTED, now, statuses).set("rejection", rejection)
        update.set(TTL, int((now + timedelta(days=REJECTED_DAYS)).timestamp()))
        record = build_sort_key(stored.file.id)
        actions = [self._update(user_id, record, update.build()), self._subtract(user_id, stored.file.size, now)]
        try:
            write_transaction(self._client, actions)
        except TransactionConditionFailed:
            return False
        return True

    def repair_quota(self, user_id: str, quota: StoredQuota, files: Iterable[StoredFile]) -> bool:
        """Set the counters to the sum of the files, unless they have changed since `quota` was read."""
        counted = [stored.file for stored in files if stored.is_counted]
        update = UpdateBuilder().require_equal("revision", quota.revision or None).increment("revision")
        update.set("bytes", sum(file.size for file in counted)).set("files", len(counted))
        return self._update_quota(user_id, update)

    def set_checked(self, user_id: str, quota: StoredQuota, now: datetime) -> bool:
        """Store that reconciliation has found no difference, unless a file has changed since `quota` was read."""
        update = UpdateBuilder().require_equal("revision", quota.revision or None)
        return self._update_quota(user_id, update.set("checked_at", to_milliseconds(now)))

    def scan_quotas(self, cursor: str | None) -> tuple[list[tuple[str, StoredQuota | None]], str | None]:
        """Return users with their counters, and the cursor of the next page or None. Eventually consistent.

        Counters that cannot be read are None.
        """
        start = {}
        if cursor:
            user_id, _, record = cursor.partition("/")
            start = {"ExclusiveStartKey": build_key(user_id, record)}
        with translate_errors():
            response = self._client.scan(
                TableName=self._table_name,
                Limit=_SCAN_PAGE_SIZE,
                FilterExpression="#record = :record",
                ExpressionAttributeNames={"#record": SORT_KEY},
                ExpressionAttributeValues={":record": {"S": QUOTA_RECORD}},
                **start,  # type: ignore[arg-type]
            )
        quotas = [(item[PARTITION_KEY]["S"], _to_quota_or_none(item)) for item in response["Items"]]
        last = response.get("LastEvaluatedKey")
        return quotas, f"{last[PARTITION_KEY]['S']}/{last[SORT_KEY]['S']}" if last else None

    def has_quota(self, user_id: str) -> bool:
        """Return True if a user has announced a file and was not erased. One request."""
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name,
                Key=build_key(user_id, QUOTA_RECORD),
                ProjectionExpression="#key",
                ExpressionAttributeNames={"#key": PARTITION_KEY},
                ConsistentRead=True,
            )
        return "Item" in response

    def find_owners(self, user_ids: Sequence[str]) -> set[str]:
        """Return which of these users have a quota. One request per 100 users.

        Raises ServiceUnavailable if keys remain unprocessed.
        """
        batches = (user_ids[start : start + _READ_BATCH_SIZE] for start in range(0, len(user_ids), _READ_BATCH_SIZE))
        return {owner for batch in batches for owner in self._find_owners(batch)}

    def delete_all(self, user_id: str) -> None:
        """Delete all records of a user. One request per MiB of items, one per 25 files, and one for the counters.

        The requests are not atomic. A concurrent rejection of a file needs its record and adds to the counters, so the
        counters are deleted after the records of all files. Otherwise the rejection could create them again.
        """
        paginator = self._client.get_paginator("query")
        with translate_errors():
            pages = paginator.paginate(
                TableName=self._table_name,
                KeyConditionExpression="#key = :key",
                ExpressionAttributeNames={"#key": PARTITION_KEY, "#record": SORT_KEY},
                ExpressionAttributeValues={":key": {"S": user_id}},
                ProjectionExpression="#key, #record",
                ConsistentRead=True,
            )
            keys = [item for page in pages for item in page["Items"]]
        counters = [key for key in keys if key[SORT_KEY]["S"] == QUOTA_RECORD]
        others = [key for key in keys if key not in counters]
        for batch in (*(others[start : start + _BATCH_SIZE] for start in range(0, len(others), _BATCH_SIZE)), counters):
            if batch:
                self._delete_batch([{"DeleteRequest": {"Key": key}} for key in batch])

    def _write_as_user(self, user_id: str, actions: list[dict[str, Any]]) -> bool:
        try:
            write_transaction(self._client, [self._require_no_deletion(user_id), *actions])
        except TransactionConditionFailed as exc:
            if not _has_profile(exc):
                return False
            raise FileChanged from exc
        return True

    def _require_no_deletion(self, user_id: str) -> dict[str, Any]:
        condition = UpdateBuilder().require_exists(PROFILE_KEY).require_absent(deletion.STATUS).build_condition()
        check = {"TableName": self._profile_table_name, "Key": {PROFILE_KEY: {"S": user_id}}, **condition}
        return {"ConditionCheck": check}

    def _build_deletion(self, user_id: str, stored: StoredFile, now: datetime) -> list[dict[str, Any]]:
        delete = {
            "TableName": self._table_name,
            "Key": build_key(user_id, build_sort_key(stored.file.id)),
            **UpdateBuilder().require_equal("version", stored.file.version).build_condition(),
        }
        return [{"Delete": delete}, *([self._subtract(user_id, stored.file.size, now)] if stored.is_counted else [])]

    def _subtract(self, user_id: str, size: int, now: datetime) -> dict[str, Any]:
        update = UpdateBuilder().increment("bytes", -size).increment("files", -1)
        update.increment("revision").set("changed_at", to_milliseconds(now))
        return self._update(user_id, QUOTA_RECORD, update.build())

    def _update(self, user_id: str, record: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return {"Update": {"TableName": self._table_name, "Key": build_key(user_id, record), **parameters}}

    def _update_quota(self, user_id: str, update: UpdateBuilder) -> bool:
        """Update existing counters: those of an erased user must not be created again. Return True if written."""
        update.require_exists(SORT_KEY)
        try:
            with translate_errors(CONDITION_FAILED, TRANSACTION_CONFLICT):  # a conflict is a concurrent change
                self._client.update_item(
                    TableName=self._table_name, Key=build_key(user_id, QUOTA_RECORD), **update.build()
                )
        except ClientError:
            return False
        return True

    def _get_quota(self, user_id: str) -> StoredQuota:
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name, Key=build_key(user_id, QUOTA_RECORD), ConsistentRead=True
            )
        return to_quota(response.get("Item", {}))

    def _find_owners(self, user_ids: Sequence[str]) -> set[str]:
        owners: set[str] = set()
        pending: Any = {
            self._table_name: {
                "Keys": [build_key(user_id, QUOTA_RECORD) for user_id in user_ids],
                "ProjectionExpression": "#key",
                "ExpressionAttributeNames": {"#key": PARTITION_KEY},
                "ConsistentRead": True,
            }
        }
        for _ in range(_BATCH_ATTEMPTS):
            with translate_errors():
                response = self._client.batch_get_item(RequestItems=pending)
            owners |= {item[PARTITION_KEY]["S"] for item in response["Responses"].get(self._table_name, [])}
            pending = response.get("UnprocessedKeys")
            if not pending:
                return owners
        raise ServiceUnavailable

    def _delete_batch(self, requests: list[Any]) -> None:
        pending: Any = {self._table_name: requests}
        for _ in range(_BATCH_ATTEMPTS):
            with translate_errors():
                response = self._client.batch_write_item(RequestItems=pending)
            pending = response.get("UnprocessedItems")
            if not pending:
                return
        raise ServiceUnavailable


def _build_reservation(stored: StoredFile, limits: FileLimits, now: datetime, is_first_of_day: bool) -> dict[str, Any]:
    """Return the parameters of an update that adds a file to the counters, if it does not exceed a limit."""
    size, today = stored.file.size, format_day(now)
    update = UpdateBuilder().require_at_most_or_absent("bytes", limits.bytes - size).increment("bytes", size)
    update.require_at_most_or_absent("files", limits.files - 1).increment("files")
    update.increment("revision").set("changed_at", to_milliseconds(now))
    if is_first_of_day:
        update.require_different_or_absent("uploads_on", today).set("uploads_on", today).set("uploads", 1)
    else:
        update.require_equal("uploads_on", today).require_less("uploads", limits.uploads_per_day).increment("uploads")
    return update.build()


def _change_status(status: FileStatus, now: datetime, statuses: tuple[FileStatus, ...] = _PENDING) -> UpdateBuilder:
    """Return an update of the status of a file that has one of these statuses."""
    update = UpdateBuilder().require_exists(SORT_KEY).require_one_of("status", statuses)
    return update.set("status", status).set("updated_at", now).remove(EXPIRES_AT).increment("version")


def _has_profile(exc: TransactionConditionFailed) -> bool:
    """Return False if the profile does not exist, which is the first condition. Raises its deletion's errors."""
    if 0 not in exc.items:
        return True
    deletion.require_no_deletion(exc.items[0])
    return False


def _quota_error(quota: StoredQuota, limits: FileLimits, now: datetime) -> FileQuotaExceeded | FileLimitReached:
    if quota.uploads_on == format_day(now) and quota.uploads >= limits.uploads_per_day:
        return FileLimitReached(retry_after=seconds_to_midnight(now))
    return FileQuotaExceeded()


def _select_files(user_id: str) -> Any:
    return {
        "KeyConditionExpression": "#key = :key AND begins_with(#record, :prefix)",
        "ExpressionAttributeNames": {"#key": PARTITION_KEY, "#record": SORT_KEY},
        "ExpressionAttributeValues": {":key": {"S": user_id}, ":prefix": {"S": COMMON_PREFIX}},
    }


def _to_quota_or_none(item: DynamoItem) -> StoredQuota | None:
    try:
        return to_quota(item)
    except UnreadableItem:
        return None
