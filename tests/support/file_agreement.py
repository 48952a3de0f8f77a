"""The comparison of the records of files with their objects and counters, and the repair by reconciliation."""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.files.models import FileStatus
from chalicelib.files.records import PARTITION_KEY, StoredFile, build_key, build_sort_key
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage, build_object_key
from local.emulator_clients import emulator_client
from local.stack import Stack


class FileAudit:
    """The files of users in the table and the bucket of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._dynamodb, self._s3 = emulator_client("dynamodb", stack), emulator_client("s3", stack)
        self._table, self._bucket = stack.records_table, stack.bucket
        self._repository = FileRepository(self._dynamodb, stack.records_table, stack.table)
        self._storage = FileStorage(self._s3, stack.bucket)

    def list_files(self, user_id: str) -> dict[str, StoredFile]:
        """Return the files of a user by their id."""
        return {stored.file.id: stored for stored in self._repository.list_all(user_id)[1]}

    def list_differences(self, user_id: str) -> list[str]:
        """Return a description of each difference between the records, the objects and the counters of a user."""
        quota, files = self._repository.list_all(user_id)
        objects, keys = self._storage.list_file_ids(user_id), self._list_ids_with_versions(user_id)
        differences = [
            f"object {file_id} without a record" for file_id in objects - {stored.file.id for stored in files}
        ]
        for file in (stored.file for stored in files):
            if (file.status is FileStatus.AVAILABLE) != (file.id in objects):
                differences.append(f"{file.status} file {file.id}, object: {file.id in objects}")
            if file.status is FileStatus.REJECTED and file.id in keys:
                differences.append(f"versions of the rejected file {file.id}")
        counted = [stored.file.size for stored in files if stored.is_counted]
        if (quota.files, quota.bytes) != (len(counted), sum(counted)):
            differences.append(
                f"counters {quota.files}, {quota.bytes} of {len(counted)} files with {sum(counted)} bytes"
            )
        return differences

    def count_versions(self, user_id: str, file_id: str) -> int:
        """Return the number of versions and delete markers of a file's object."""
        page = self._s3.list_object_versions(Bucket=self._bucket, Prefix=build_object_key(user_id, file_id))
        return len(page.get("Versions", [])) + len(page.get("DeleteMarkers", []))

    def expire_reservations(self, user_ids: Iterable[str]) -> None:
        """Let the reservations of uploads that have not arrived expire."""
        for user_id in user_ids:
            for file_id, stored in self.list_files(user_id).items():
                if stored.file.status is FileStatus.AWAITING_UPLOAD:
                    self._expire(user_id, file_id)

    def _expire(self, user_id: str, file_id: str) -> None:
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=build_key(user_id, build_sort_key(file_id)),
                UpdateExpression="SET expires_at = :past",
                ConditionExpression="attribute_exists(#key) AND #status = :awaiting",
                ExpressionAttributeNames={"#key": PARTITION_KEY, "#status": "status"},
                ExpressionAttributeValues={":past": {"N": "1"}, ":awaiting": {"S": FileStatus.AWAITING_UPLOAD}},
            )
        except ClientError as exc:  # it was checked or deleted concurrently
            if exc.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _list_ids_with_versions(self, user_id: str) -> set[str]:
        pages: Any = self._s3.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=f"files/{user_id}/"
        )
        versions = (entry for page in pages for kind in ("Versions", "DeleteMarkers") for entry in page.get(kind, []))
        return {entry["Key"].rpartition("/")[2] for entry in versions}
