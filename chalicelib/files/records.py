"""Conversion between files and their items in the table of records.

The table has the partition key `user_id` (S) and the sort key `record` (S). A user's records of files:

- `file#<file id>`: the fields of the file, and
  - `expires_at` (N), the time at which the reservation of an upload expires, in seconds since 1970
  - `ttl` (N), the time at which DynamoDB deletes a rejected file, in seconds since 1970
- `file-quota`:
  - `bytes` and `files` (N), the sum over all files that are not rejected
  - `uploads_on` (S) and `uploads` (N), a day and the uploads announced on that day
  - `changed_at` (N), the time of the last creation or deletion of a file, in milliseconds since 1970
  - `checked_at` (N), the time at which reconciliation has last found no difference, in milliseconds since 1970
  - `revision` (N), incremented with each change of the counters
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError

from chalicelib.aws.dynamodb_values import deserialize, serialize
from chalicelib.aws.errors import DynamoItem
from chalicelib.core import logs
from chalicelib.core.errors import UnreadableItem
from chalicelib.files.models import File, FileCategory, FileStatus

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

PARTITION_KEY: Final = "user_id"
SORT_KEY: Final = "record"
FILE_PREFIX: Final = "file#"
QUOTA_RECORD: Final = "file-quota"
COMMON_PREFIX: Final = "file"  # of both, so that one Query returns them; in descending order the quota is the first
EXPIRES_AT: Final = "expires_at"
TTL: Final = "ttl"
_INTEGERS: Final = ("size", "version")  # the model would also accept text
# A later release may store other values of these fields. This release reads them as these and does not overwrite them.
_SUBSTITUTES: Final = {"category": FileCategory.OTHER, "rejection": None}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file with the time at which the reservation of its upload expires, in seconds since 1970."""

    file: File
    expires_at: int | None = None

    @property
    def is_counted(self) -> bool:
        """Return True if the quota contains the file."""
        return self.file.status is not FileStatus.REJECTED

    def has_expired(self, now: datetime) -> bool:
        """Return True if the file was not uploaded in time."""
        return self.expires_at is not None and self.expires_at <= now.timestamp()


@dataclass(frozen=True, slots=True)
class StoredQuota:
    """The counters of a user's files.

    `bytes` is the sum of their sizes. `uploads_on` is a day (UTC) as YYYY-MM-DD. `changed_at` and `checked_at` are in
    milliseconds since 1970.
    """

    bytes: int = 0
    files: int = 0
    uploads_on: str = ""
    uploads: int = 0
    changed_at: int = 0
    checked_at: int = 0
    revision: int = 0


class UserFiles(NamedTuple):
    """All files of a user, from new to old, and the counters."""

    quota: StoredQuota
    files: list[StoredFile]
    unreadable: list[str]  # ids of files whose records cannot be read


def build_key(user_id: str, record: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of a record."""
    return {PARTITION_KEY: {"S": user_id}, SORT_KEY: {"S": record}}


def build_sort_key(file_id: str) -> str:
    """Return the sort key of a file."""
    return f"{FILE_PREFIX}{file_id}"


def to_item(user_id: str, stored: StoredFile) -> "dict[str, AttributeValueTypeDef]":
    """Convert a file to an item."""
    fields = {name: getattr(stored.file, name) for name in File.model_fields if name != "id"}
    values: dict[str, Any] = {**fields, EXPIRES_AT: stored.expires_at}
    attributes = {name: serialize(value) for name, value in values.items() if value is not None}
    return build_key(user_id, build_sort_key(stored.file.id)) | attributes


def to_stored_file(item: DynamoItem) -> StoredFile:
    """Convert an item to a file. Raises UnreadableItem.

    An unknown category is `other`, and an unknown rejection None.
    """
    fields = {name: deserialize(item[name]) for name in File.model_fields if name in item}
    fields |= {name: _parse_integer(item[name]) for name in _INTEGERS if name in item}
    fields["id"] = get_file_id(item)
    return StoredFile(_parse_file(fields), _parse_integer(item[EXPIRES_AT]) if EXPIRES_AT in item else None)


def get_file_id(item: DynamoItem) -> str:
    """Return the id of the file in an item."""
    return item[SORT_KEY]["S"].removeprefix(FILE_PREFIX)


def to_user_files(items: Iterable[DynamoItem]) -> UserFiles:
    """Convert the items of a user's files and counters. Raises UnreadableItem if the counters cannot be read.

    A file whose record cannot be read is logged and skipped.
    """
    result = UserFiles(StoredQuota(), [], [])
    for item in items:
        if item[SORT_KEY]["S"] == QUOTA_RECORD:
            result = result._replace(quota=to_quota(item))
            continue
        try:
            result.files.append(to_stored_file(item))
        except UnreadableItem:
            logs.event("file not readable", logging.ERROR, file=get_file_id(item))
            result.unreadable.append(get_file_id(item))
    return result


def to_quota(item: DynamoItem) -> StoredQuota:
    """Convert an item to counters. An absent counter is 0. Raises UnreadableItem."""
    names = ("bytes", "files", "uploads", "changed_at", "checked_at", "revision")
    counters = {name: _parse_integer(item[name]) for name in names if name in item}
    uploads_on = item.get("uploads_on", {"S": ""})
    if "S" not in uploads_on:
        raise UnreadableItem
    return StoredQuota(uploads_on=uploads_on["S"], **counters)


def _parse_file(fields: dict[str, Any]) -> File:
    try:
        return File.model_validate(fields)
    except ValidationError as exc:
        unreadable = {str(problem["loc"][0]) for problem in exc.errors()}
        if not unreadable <= _SUBSTITUTES.keys():
            raise UnreadableItem from exc
    logs.event("stored values not readable", logging.WARNING, file=fields["id"], fields=sorted(unreadable))
    return File.model_validate({**fields, **{name: _SUBSTITUTES[name] for name in unreadable}})


def _parse_integer(attribute: "AttributeValueTypeDef") -> int:
    """Return an integer, which is negative if a lost record of the quota has been counted. Raises UnreadableItem."""
    try:
        return int(attribute["N"])
    except (KeyError, ValueError) as exc:
        raise UnreadableItem from exc
