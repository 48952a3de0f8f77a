"""Export of the state to a file, import of such a file, and deletion of all state.

A file contains users with their passwords, the items of the tables and the objects of the bucket. The ids of the user
pool and the app client are not part of it, so a file can be imported into any stack.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, NoReturn, TypeVar

from local.console_operations_client import ConsoleOperationsClient
from local.emulator_clients import console_client
from local.stack import Stack
from local.web_console.replies import RequestRejected, describe_error
from local.web_console.state_file_check import FORMAT, VERSION, Item, State, StoredObject, TableSchema, check_state

_MAX_BATCH: Final = 25  # items of BatchWriteItem
_MAX_DELETED_OBJECTS: Final = 1000  # of DeleteObjects

T = TypeVar("T")


class StateStore:
    """The users, items and objects of one stack."""

    def __init__(self, stack: Stack, operations: ConsoleOperationsClient) -> None:
        self._stack = stack
        self._operations = operations

    @property
    def _dynamodb(self) -> Any:
        return console_client("dynamodb", self._stack)

    @property
    def _s3(self) -> Any:
        return console_client("s3", self._stack)

    def count(self) -> dict[str, int]:
        """Return the numbers of users, items and objects."""
        users = self._operations.call("export-users", user_pool_id=self._stack.user_pool_id)["users"]
        return {
            "users": len(users),
            "items": sum(1 for table in self._list_tables() for _ in self._scan(table)),
            "objects": sum(1 for _ in self._list_objects()),
        }

    def export(self) -> dict[str, Any]:
        """Return the content of a file."""
        state = self._read()
        return {
            "format": FORMAT,
            "version": VERSION,
            "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "users": state.users,
            "tables": {table: [encode_item(item) for item in items] for table, items in state.tables.items()},
            "objects": [{**asdict(stored), "content": encode_base64(stored.content)} for stored in state.objects],
        }

    def check(self, content: Any) -> State:
        """Return the state that a file contains. Raises RequestRejected with the first invalid part."""
        return check_state(content, {table: self._describe(table) for table in self._list_tables()})

    def replace(self, state: State) -> dict[str, int]:
        """Replace all state, delete all mails, and return the numbers.

        If this fails, restore the previous state and raise RequestRejected with the reason.
        """
        previous = self._read()
        try:
            self._delete_all()
            self._write(state)
        except Exception as exc:  # for any reason, the previous state must not be lost
            self._restore(previous, exc)
        self._operations.call("delete-mails")
        return self.count()

    def _restore(self, previous: State, cause: Exception) -> NoReturn:
        reason = describe_error(cause)
        try:
            self._delete_all()
            self._write(previous)
        except Exception as exc:
            text = f"The import failed: {reason} The previous data could not be restored: {describe_error(exc)}"
            raise RequestRejected(text, HTTPStatus.INTERNAL_SERVER_ERROR) from exc
        raise RequestRejected(f"The import failed, and the previous data was restored. {reason}") from cause

    def delete(self) -> None:
        """Delete all users, items, objects and mails. Tables, the bucket and the user pool remain."""
        self._delete_all()
        self._operations.call("delete-mails")

    def _read(self) -> State:
        users = self._operations.call("export-users", user_pool_id=self._stack.user_pool_id)["users"]
        tables = {table: list(self._scan(table)) for table in self._list_tables()}
        return State(users, tables, [self._read_object(key) for key in self._list_objects()])

    def _write(self, state: State) -> None:
        """Write items before objects: the check of a new object deletes it if its file has no item."""
        for table, items in state.tables.items():
            self._write_batches(table, [{"PutRequest": {"Item": item}} for item in items])
        for stored in state.objects:
            self._write_object(stored)
        self._operations.call("import-users", user_pool_id=self._stack.user_pool_id, users=state.users)

    def _delete_all(self) -> None:
        self._operations.call("import-users", user_pool_id=self._stack.user_pool_id, users={})
        for table in self._list_tables():
            key = self._describe(table).key
            requests = [{"DeleteRequest": {"Key": {name: item[name] for name in key}}} for item in self._scan(table)]
            self._write_batches(table, requests)
        for versions in split_into_batches(self._list_versions(), _MAX_DELETED_OBJECTS):
            self._s3.delete_objects(Bucket=self._stack.bucket, Delete={"Objects": versions, "Quiet": True})

    def _list_tables(self) -> list[str]:
        return list(self._dynamodb.list_tables()["TableNames"])

    def _describe(self, table: str) -> TableSchema:
        description = self._dynamodb.describe_table(TableName=table)["Table"]
        types = {entry["AttributeName"]: entry["AttributeType"] for entry in description["AttributeDefinitions"]}
        return TableSchema(tuple(key["AttributeName"] for key in description["KeySchema"]), types)

    def _scan(self, table: str) -> Iterator[Item]:
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            yield from page["Items"]

    def _write_batches(self, table: str, requests: Iterable[Item]) -> None:
        for batch in split_into_batches(requests, _MAX_BATCH):
            self._dynamodb.batch_write_item(RequestItems={table: batch})

    def _list_objects(self) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._stack.bucket):
            yield from (stored["Key"] for stored in page.get("Contents", []))

    def _list_versions(self) -> Iterator[dict[str, str]]:
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self._stack.bucket):
            for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield {"Key": version["Key"], "VersionId": version["VersionId"]}

    def _read_object(self, key: str) -> StoredObject:
        """Return an object, even if the bucket policy denies reads because the malware scan is not complete."""
        stored = self._operations.call("export-object", bucket=self._stack.bucket, key=key)
        return StoredObject(**{**stored, "content": base64.b64decode(stored["content"])})

    def _write_object(self, stored: StoredObject) -> None:
        """Create an object with its tags. Until the next malware scan, only the tags allow reads."""
        created = self._s3.put_object(
            Bucket=self._stack.bucket,
            Key=stored.key,
            Body=stored.content,
            ContentType=stored.content_type,
            Metadata=stored.metadata,
        )
        version = {"bucket": self._stack.bucket, "key": stored.key, "version_id": created["VersionId"]}
        if stored.tags:
            self._operations.call("import-tags", **version, tags=stored.tags)


def split_into_batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most `size` values. Python 3.11 has no itertools.batched."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch


def encode_base64(content: bytes) -> str:
    """Return binary content in base64."""
    return base64.b64encode(content).decode()


def encode_item(item: Item) -> Item:
    """Return an item in DynamoDB JSON, with binary values in base64."""
    encoded: Item = json.loads(json.dumps(item, default=encode_base64))
    return encoded
