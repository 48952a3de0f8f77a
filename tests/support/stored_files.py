"""Files of users that tests store directly, without the API: items of the table of records, and objects."""

import hashlib
import time
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from chalicelib.core.clock import utc_now
from chalicelib.files.ids import create_file_id
from chalicelib.files.models import File, FileCategory, FileStatus, FileType
from chalicelib.files.records import QUOTA_RECORD, StoredFile, build_key, build_sort_key, to_item
from chalicelib.files.storage import SCAN_TAG, build_object_key
from tests.support.file_bodies import TEXT

_POLL_SECONDS: Final = 0.1
_SCAN_SECONDS: Final = 10


class FileStore:
    """The table of records and the bucket of a stage."""

    def __init__(self, dynamodb: Any, s3: Any, table: str, bucket: str) -> None:
        self._dynamodb, self._s3 = dynamodb, s3
        self._table, self._bucket = table, bucket

    def put_file(
        self,
        user_id: str,
        content: bytes | None = TEXT,
        status: FileStatus = FileStatus.AWAITING_UPLOAD,
        expires_at: datetime | None = None,
        name: str = "blood-test.txt",
    ) -> str:
        """Store the item of a file, and its object after it unless the content is None. Return the id of the file."""
        now = utc_now()
        file = File(
            id=create_file_id(now),
            name=name,
            content_type=FileType.TEXT,
            size=len(content or TEXT),
            sha256=hashlib.sha256(content or TEXT).hexdigest(),
            category=FileCategory.LAB_REPORT,
            status=status,
            created_at=now,
            updated_at=now,
            version=1,
        )
        stored = StoredFile(file, int(expires_at.timestamp()) if expires_at else None)
        self._dynamodb.put_item(TableName=self._table, Item=to_item(user_id, stored))
        if content is not None:
            self.put_object(user_id, file.id, content)
        return file.id

    def put_object(self, user_id: str, file_id: str, content: bytes = TEXT) -> None:
        self._s3.put_object(
            Bucket=self._bucket, Key=build_object_key(user_id, file_id), Body=content, ContentType="text/plain"
        )

    def put_quota(self, user_id: str, **counters: int) -> None:
        attributes = {name: {"N": str(value)} for name, value in counters.items()}
        self._dynamodb.put_item(TableName=self._table, Item=build_key(user_id, QUOTA_RECORD) | attributes)

    def get_record(self, user_id: str, record: str) -> dict[str, Any] | None:
        response = self._dynamodb.get_item(TableName=self._table, Key=build_key(user_id, record), ConsistentRead=True)
        item: dict[str, Any] | None = response.get("Item")
        return item

    def get_file(self, user_id: str, file_id: str) -> dict[str, Any] | None:
        """Return the item of a file, or None."""
        return self.get_record(user_id, build_sort_key(file_id))

    def get_quota(self, user_id: str) -> dict[str, Any]:
        """Return the counters of a user, empty if there are none."""
        return self.get_record(user_id, QUOTA_RECORD) or {}

    def list_records(self, user_id: str) -> list[str]:
        """Return the sort keys of the records of a user."""
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="user_id = :user",
            ExpressionAttributeValues={":user": {"S": user_id}},
            ConsistentRead=True,
        )
        return [item["record"]["S"] for page in pages for item in page["Items"]]

    def list_versions(self, user_id: str, file_id: str = "") -> list[Mapping[str, Any]]:
        """Return all versions and delete markers of the objects of a user, or of one file."""
        page = self._s3.list_object_versions(Bucket=self._bucket, Prefix=build_object_key(user_id, file_id))
        return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]

    def list_contents(self, user_id: str, file_id: str) -> list[str]:
        """Return the ids of the versions of a file that have content. A delete marker has none."""
        page = self._s3.list_object_versions(Bucket=self._bucket, Prefix=build_object_key(user_id, file_id))
        return [version["VersionId"] for version in page.get("Versions", [])]

    def wait_for_scan(self, user_id: str, file_id: str) -> None:
        """Wait until GuardDuty has tagged an object."""
        deadline = time.monotonic() + _SCAN_SECONDS
        while not self._is_scanned(build_object_key(user_id, file_id)):
            assert time.monotonic() < deadline, "the object was not scanned"
            time.sleep(_POLL_SECONDS)

    def _is_scanned(self, key: str) -> bool:
        try:
            tags = self._s3.get_object_tagging(Bucket=self._bucket, Key=key)["TagSet"]
        except self._s3.exceptions.ClientError:  # it was rejected and deleted
            return True
        return any(tag["Key"] == SCAN_TAG for tag in tags)


def generate_sub() -> str:
    """Return a random `sub`."""
    return str(uuid.uuid4())
