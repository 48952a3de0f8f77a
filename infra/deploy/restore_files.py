"""Copy files from a restored table of records to the table of the stage, and undelete their content.

Only available files are restored: the others have no content, or content that was not checked. A file is restored if it
is missing, its content can be undeleted, and its user has a profile without a deletion. Existing files are unchanged.

The transaction that stores a file also adds it to the quota of its user. The limits do not apply.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.aws.dynamodb_transactions import TransactionConditionFailed, write_transaction
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import UpstreamError
from chalicelib.files.models import FileStatus
from chalicelib.files.records import FILE_PREFIX, PARTITION_KEY, QUOTA_RECORD, SORT_KEY, build_key
from chalicelib.files.storage import build_object_key
from chalicelib.profiles import deletion
from chalicelib.profiles.items import PARTITION_KEY as PROFILE_KEY
from infra.deploy import restore_objects
from infra.deploy.progress import DeployError
from infra.deploy.restore_profiles import RESTORED, UNCHANGED, RestoreOptions

LOST: Final = "lost"  # the bucket has no version of the content
# More versions than a file gets between its backup and its loss. No version may be used twice.
_VERSION_GAP: Final = 1000

Item = Mapping[str, Any]


@dataclass(frozen=True)
class FileTables:
    """The restored table of records, the table of records of the stage, and its table of profiles."""

    source: str
    records: str
    profiles: str


def restore_files(dynamodb: Any, tables: FileTables, options: RestoreOptions, s3: Any, bucket: str) -> Counter[str]:
    """Restore missing files. Return the number of files for each outcome. Raises DeployError.

    Restore the profiles first.
    """
    restorer = _FileRestorer(dynamodb, tables, s3, bucket)
    items = _iter_available_files(dynamodb, tables.source, options.user)
    return Counter(restorer.restore(item, dry_run=options.dry_run) for item in items)


class _FileRestorer:
    def __init__(self, dynamodb: Any, tables: FileTables, s3: Any, bucket: str) -> None:
        self._dynamodb = dynamodb
        self._tables = tables
        self._s3 = s3
        self._bucket = bucket

    def restore(self, item: Item, *, dry_run: bool) -> str:
        """Restore a file. Return the outcome.

        The content is undeleted last, because reconciliation deletes content without a file. A run after an
        interruption undeletes the content of a file that is already restored.
        """
        key = build_object_key(item[PARTITION_KEY]["S"], item[SORT_KEY]["S"].removeprefix(FILE_PREFIX))
        restored = {**item, "version": {"N": str(int(item["version"]["N"]) + _VERSION_GAP)}}
        current = self._get_item(self._tables.records, {name: item[name] for name in (PARTITION_KEY, SORT_KEY)})
        if current is not None:
            if current == restored and not dry_run:
                restore_objects.undelete(self._s3, self._bucket, key)
            return UNCHANGED
        if not self._can_own_files(item[PARTITION_KEY]):
            return UNCHANGED
        if not restore_objects.has_version(self._s3, self._bucket, key):
            return LOST
        if dry_run:
            return RESTORED
        if not self._put(restored):
            return UNCHANGED
        restore_objects.undelete(self._s3, self._bucket, key)
        return RESTORED

    def _can_own_files(self, user_id: Any) -> bool:
        profile = self._get_item(self._tables.profiles, {PROFILE_KEY: user_id})
        return profile is not None and deletion.STATUS not in profile

    def _get_item(self, table: str, key: dict[str, Any]) -> Item | None:
        item: Item | None = self._dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
        return item

    def _put(self, item: Item) -> bool:
        """Store a file and add it to the quota.

        Return False if it was stored concurrently, or if the user has no profile or a deletion. Raises DeployError.
        """
        profile = UpdateBuilder().require_exists(PROFILE_KEY).require_absent(deletion.STATUS)
        missing = UpdateBuilder().require_absent(PARTITION_KEY)
        quota = UpdateBuilder().increment("bytes", int(item["size"]["N"])).increment("files").increment("revision")
        quota.set("changed_at", round(utc_now().timestamp() * 1000))
        user_id = item[PARTITION_KEY]["S"]
        actions: list[dict[str, Any]] = [
            {
                "ConditionCheck": {
                    "TableName": self._tables.profiles,
                    "Key": {PROFILE_KEY: {"S": user_id}},
                    **profile.build_condition(),
                }
            },
            {"Put": {"TableName": self._tables.records, "Item": item, **missing.build_condition()}},
            {"Update": {"TableName": self._tables.records, "Key": build_key(user_id, QUOTA_RECORD), **quota.build()}},
        ]
        try:
            write_transaction(self._dynamodb, actions)
        except TransactionConditionFailed:
            return False
        except UpstreamError as exc:
            raise DeployError(
                "DynamoDB has rejected a file repeatedly. Run the same command again; it resumes where it stopped."
            ) from exc
        return True


def _iter_available_files(dynamodb: Any, table: str, user: str | None) -> Iterator[Item]:
    parameters: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    if user is not None:
        parameters["KeyConditionExpression"] = f"{PARTITION_KEY} = :user"
        parameters["ExpressionAttributeValues"] = {":user": {"S": user}}
    for page in dynamodb.get_paginator("scan" if user is None else "query").paginate(**parameters):
        for item in page["Items"]:
            is_file = item[SORT_KEY]["S"].startswith(FILE_PREFIX)
            if is_file and item["status"]["S"] == FileStatus.AVAILABLE:
                yield item
