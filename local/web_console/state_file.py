"""Export of the state to a file, import of such a file, and deletion of all state.

A file contains users with their passwords, the items of the tables and the objects of the bucket. The ids of the user
pool and the app client are not part of it, so a file can be imported into any stack.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TypeVar

from local.console_operations_client import ConsoleOperationsClient
from local.emulator_clients import console_client
from local.stack import Stack
from local.web_console.replies import RequestRejected

FORMAT: Final = "healthtech-local-state"
VERSION: Final = 1
_OTHER_FILE: Final = "The file was not exported by this console."
_MAX_BATCH: Final = 25  # items of BatchWriteItem
_MAX_DELETED_OBJECTS: Final = 1000  # of DeleteObjects

Item = dict[str, Any]
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
        users = self._operations.call("export-users", user_pool_id=self._stack.user_pool_id)["users"]
        return {
            "format": FORMAT,
            "version": VERSION,
            "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "users": users,
            "tables": {table: [encode_item(item) for item in self._scan(table)] for table in self._list_tables()},
            "objects": [self._export_object(key) for key in self._list_objects()],
        }

    def replace(self, content: Any) -> dict[str, int]:
        """Replace all state by that of a file, and return the numbers. Raises RequestRejected for another file."""
        _require_state(content)
        unknown = content["tables"].keys() - set(self._list_tables())
        if unknown:
            raise RequestRejected(f"The file has items of tables that do not exist here: {', '.join(sorted(unknown))}")
        self.delete()
        for table, items in content["tables"].items():
            self._write(table, [{"PutRequest": {"Item": decode_value(item)}} for item in items])
        for stored in content["objects"]:
            self._s3.put_object(
                Bucket=self._stack.bucket,
                Key=stored["key"],
                Body=base64.b64decode(stored["content"]),
                ContentType=stored["content_type"],
                Metadata=stored["metadata"],
            )
        self._operations.call("import-users", user_pool_id=self._stack.user_pool_id, users=content["users"])
        return self.count()

    def delete(self) -> None:
        """Delete all users, items, objects and mails. Tables, the bucket and the user pool remain."""
        self._operations.call("import-users", user_pool_id=self._stack.user_pool_id, users={})
        for table in self._list_tables():
            keys = self._list_keys(table)
            self._write(
                table, [{"DeleteRequest": {"Key": {name: item[name] for name in keys}}} for item in self._scan(table)]
            )
        for versions in split_into_batches(self._list_versions(), _MAX_DELETED_OBJECTS):
            self._s3.delete_objects(Bucket=self._stack.bucket, Delete={"Objects": versions, "Quiet": True})
        self._operations.call("delete-mails")

    def _list_tables(self) -> list[str]:
        return list(self._dynamodb.list_tables()["TableNames"])

    def _list_keys(self, table: str) -> list[str]:
        schema = self._dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        return [key["AttributeName"] for key in schema]

    def _scan(self, table: str) -> Iterator[Item]:
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            yield from page["Items"]

    def _write(self, table: str, requests: Iterable[Item]) -> None:
        for batch in split_into_batches(requests, _MAX_BATCH):
            self._dynamodb.batch_write_item(RequestItems={table: batch})

    def _list_objects(self) -> Iterator[str]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._stack.bucket):
            yield from (stored["Key"] for stored in page.get("Contents", []))

    def _list_versions(self) -> Iterator[dict[str, str]]:
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self._stack.bucket):
            for version in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                yield {"Key": version["Key"], "VersionId": version["VersionId"]}

    def _export_object(self, key: str) -> dict[str, Any]:
        stored = self._s3.get_object(Bucket=self._stack.bucket, Key=key)
        return {
            "key": key,
            "content_type": stored["ContentType"],
            "metadata": stored["Metadata"],
            "content": base64.b64encode(stored["Body"].read()).decode(),
        }


def split_into_batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most `size` values. Python 3.11 has no itertools.batched."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch


def parse_file(body: bytes) -> Any:
    """Return the content of a file. Raises RequestRejected if the file is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        raise RequestRejected(_OTHER_FILE) from None


def _require_state(content: Any) -> None:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RequestRejected(_OTHER_FILE)
    if content.get("version") != VERSION:
        raise RequestRejected(f"The file has version {content.get('version')}. This console imports version {VERSION}.")
    types = {"users": dict, "tables": dict, "objects": list}
    if any(not isinstance(content.get(name), kind) for name, kind in types.items()):
        raise RequestRejected("The file is incomplete.")


def encode_item(item: Item) -> Item:
    """Return an item in DynamoDB JSON, with binary values in base64."""
    encoded: Item = json.loads(json.dumps(item, default=lambda value: base64.b64encode(value).decode()))
    return encoded


def decode_value(value: Any) -> Any:
    """Return a DynamoDB JSON value with its binary values decoded."""
    match value:
        case {"B": str() as text} if len(value) == 1:
            return {"B": base64.b64decode(text)}
        case {"BS": list() as texts} if len(value) == 1:
            return {"BS": [base64.b64decode(text) for text in texts]}
        case dict():
            return {name: decode_value(part) for name, part in value.items()}
        case list():
            return [decode_value(part) for part in value]
    return value
