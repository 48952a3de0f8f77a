"""The objects of files in S3: `files/<sub>/<file id>`. An object has the content that was announced, or none."""

import base64
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.aws.errors import ClientError, translate_errors
from chalicelib.aws.s3_versions import delete_current, delete_newer_versions, delete_versions
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable
from chalicelib.files.download_names import format_content_disposition
from chalicelib.files.models import File, FileContent, FileUpload, FileUploadLimits

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOAD_TTL: Final = timedelta(minutes=15)  # of the form, so that 50 MiB can be sent by a slow connection
DOWNLOAD_TTL: Final = timedelta(minutes=5)
KEY_PREFIX: Final = "files/"
SCAN_TAG: Final = "GuardDutyMalwareScanStatus"
_READ_CHUNK_BYTES: Final = 1024 * 1024
_MAX_KEYS_PER_REQUEST: Final = 1000  # of ListObjectsV2


class StoredObject(NamedTuple):
    """The content of an object, and its media type."""

    content: bytes
    content_type: str


def build_object_key(user_id: str, file_id: str) -> str:
    """Return the key of a file's object."""
    return f"{KEY_PREFIX}{user_id}/{file_id}"


class FileStorage:
    """The files in one bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def create_presigned_upload(self, user_id: str, file: File) -> FileUpload:
        """Return a form that uploads the announced content and no other. Sends no request.

        The form accepts no further field, so it cannot set the tag of the malware scan.
        """
        fields = {
            "Content-Type": file.content_type.value,
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(file.sha256)).decode(),
        }
        expires_at = _expires_at(UPLOAD_TTL)
        with translate_errors():
            form = self._client.generate_presigned_post(
                self._bucket,
                build_object_key(user_id, file.id),
                Fields={**fields},
                Conditions=[
                    *({name: value} for name, value in fields.items()),
                    ["content-length-range", file.size, file.size],
                ],
                ExpiresIn=int(UPLOAD_TTL.total_seconds()),
            )
        limits = FileUploadLimits(content_type=file.content_type, min_bytes=file.size, max_bytes=file.size)
        return FileUpload(**form, expires_at=expires_at, limits=limits)

    def create_presigned_link(self, user_id: str, file: File) -> FileContent:
        """Return a URL that downloads the content with its name and type. Sends no request."""
        expires_at = _expires_at(DOWNLOAD_TTL)
        with translate_errors():
            url = self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": build_object_key(user_id, file.id),
                    "ResponseContentType": file.content_type.value,
                    "ResponseContentDisposition": format_content_disposition(file.name, file.content_type),
                    "ResponseCacheControl": "private, no-store",
                },
                ExpiresIn=int(DOWNLOAD_TTL.total_seconds()),
            )
        return FileContent(url=url, expires_at=expires_at)

    def count_versions(self, user_id: str, file_id: str) -> int:
        """Return the number of versions, at most 2, or 0 if the object is missing or deleted. One request."""
        key = build_object_key(user_id, file_id)
        with translate_errors():
            response = self._client.list_object_versions(Bucket=self._bucket, Prefix=key, MaxKeys=2)
        versions = [version for version in response.get("Versions", []) if version["Key"] == key]
        return len(versions) if any(version["IsLatest"] for version in versions) else 0

    def read(self, user_id: str, file_id: str, max_bytes: int, seconds: float) -> StoredObject | None:
        """Return the object, or None. An object with more than `max_bytes` is cut off one byte after the limit.

        One request. Raises ServiceUnavailable if reading takes longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        content = bytearray()
        try:
            with translate_errors("NoSuchKey"):
                response = self._client.get_object(Bucket=self._bucket, Key=build_object_key(user_id, file_id))
                limit = min(response["ContentLength"], max_bytes + 1)
                while len(content) < limit and (
                    chunk := response["Body"].read(min(_READ_CHUNK_BYTES, limit - len(content)))
                ):
                    if time.monotonic() > deadline:
                        raise ServiceUnavailable
                    content += chunk
        except ClientError:
            return None
        if len(content) != limit:  # botocore does not report a connection that broke during the body
            raise ServiceUnavailable
        return StoredObject(bytes(content), response["ContentType"])

    def get_scan_status(self, user_id: str, file_id: str) -> str | None:
        """Return the result of the malware scan, or None before it. One request.

        https://docs.aws.amazon.com/guardduty/latest/ug/monitor-enable-s3-object-tagging-malware-protection.html
        """
        with translate_errors():
            response = self._client.get_object_tagging(Bucket=self._bucket, Key=build_object_key(user_id, file_id))
        return next((tag["Value"] for tag in response["TagSet"] if tag["Key"] == SCAN_TAG), None)

    def delete(self, user_id: str, file_id: str) -> None:
        """Delete the object. The bucket retains its versions for 30 days. A missing object is not an error."""
        with translate_errors():
            self._client.delete_object(Bucket=self._bucket, Key=build_object_key(user_id, file_id))

    def delete_repeated_uploads(self, user_id: str, file_id: str) -> int:
        """Delete all versions of an object but the oldest. Return their number.

        All versions that a form has uploaded have the announced content. Raises UpstreamError as delete_versions.
        """
        return delete_newer_versions(self._client, self._bucket, build_object_key(user_id, file_id))

    def delete_late_upload(self, user_id: str, file_id: str) -> bool:
        """Delete an object whose file is deleted. Return False if it is missing or deleted.

        The content of the deleted file remains for 30 days. Uploads after its deletion are deleted permanently. Raises
        UpstreamError as delete_versions.
        """
        return delete_current(self._client, self._bucket, build_object_key(user_id, file_id))

    def delete_versions(self, user_id: str, file_id: str) -> int:
        """Delete all versions of an object. Return their number. Raises UpstreamError if S3 has not deleted all."""
        return delete_versions(self._client, self._bucket, build_object_key(user_id, file_id), is_key=True)

    def delete_all_versions(self, user_id: str) -> int:
        """Delete all versions of a user's files. Return their number. Raises UpstreamError as delete_versions."""
        return delete_versions(self._client, self._bucket, f"{KEY_PREFIX}{user_id}/")

    def list_file_ids(self, user_id: str) -> set[str]:
        """Return the ids of the files that have an object. One request per 1000 objects."""
        prefix = f"{KEY_PREFIX}{user_id}/"
        paginator = self._client.get_paginator("list_objects_v2")
        with translate_errors():
            pages = paginator.paginate(Bucket=self._bucket, Prefix=prefix)
            return {entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", [])}

    def list_user_ids(self, cursor: str | None) -> tuple[list[str], str | None]:
        """Return users that have objects, and the cursor of the next page or None. One request."""
        with translate_errors():
            response = self._client.list_objects_v2(
                Bucket=self._bucket,
                Prefix=KEY_PREFIX,
                Delimiter="/",
                MaxKeys=_MAX_KEYS_PER_REQUEST,
                **({"ContinuationToken": cursor} if cursor else {}),  # type: ignore[arg-type]
            )
        prefixes = [entry["Prefix"] for entry in response.get("CommonPrefixes", [])]
        return [prefix.split("/")[1] for prefix in prefixes], response.get("NextContinuationToken")


def _expires_at(ttl: timedelta) -> datetime:
    """Return when the next signature expires. S3 counts in whole seconds."""
    return utc_now().replace(microsecond=0) + ttl
