"""The objects of pictures in S3: keys, presigned requests, listing, reading, writing, deleting.

`uploads/<sub>/<upload id>` is the file that a client has sent. A lifecycle rule deletes it within two days.
`pictures/<sub>/<upload id>/<random>` is the sanitized picture. An object is never overwritten.
"""

import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from chalicelib.aws.errors import ClientError, translate_errors
from chalicelib.aws.s3_versions import delete_versions
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable, UpstreamError
from chalicelib.pictures.models import (
    MAX_PICTURE_BYTES,
    CreateUploadRequest,
    PictureLink,
    PresignedUpload,
    UploadLimits,
)
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.models import Picture

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

PRESIGNED_URL_TTL: Final = timedelta(minutes=5)
_MAX_KEYS_PER_REQUEST: Final = 1000  # of ListObjectsV2 and DeleteObjects
_READ_CHUNK_BYTES: Final = 16 * 1024
# S3 responds AccessDenied for a missing key if the caller has no permission to list the bucket.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_MISSING_KEY_CODES: Final = ("NoSuchKey", "AccessDenied")
_FILE_EXTENSIONS: Final = {PictureType.JPEG: "jpg", PictureType.PNG: "png", PictureType.WEBP: "webp"}


def build_upload_key(user_id: str, upload_id: str) -> str:
    """Return the key of an upload."""
    return f"uploads/{user_id}/{upload_id}"


def create_picture_key(user_id: str, upload_id: str) -> str:
    """Return a new, unique key for the picture made from an upload."""
    return f"{_build_pictures_prefix(user_id)}{upload_id}/{uuid.uuid4()}"


def upload_id_from_key(key: str) -> str:
    """Return the id of the upload that a picture was made from."""
    return key.split("/")[2]


def _build_pictures_prefix(user_id: str) -> str:
    return f"pictures/{user_id}/"


class UploadedFile(NamedTuple):
    """The content of an upload, and the media type that the client has declared."""

    content: bytes
    content_type: str


class PictureStorage:
    """The pictures in one bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def create_presigned_upload(self, user_id: str, request: CreateUploadRequest) -> PresignedUpload:
        """Return a form that uploads one file with these properties to a new key. Sends no request."""
        upload_id, expires_at = str(uuid.uuid4()), _expires_at()
        content_type = {"Content-Type": request.content_type.value}
        with translate_errors():
            form = self._client.generate_presigned_post(
                self._bucket,
                build_upload_key(user_id, upload_id),
                Fields={**content_type},
                Conditions=[content_type, ["content-length-range", 1, MAX_PICTURE_BYTES]],
                ExpiresIn=int(PRESIGNED_URL_TTL.total_seconds()),
            )
        limits = UploadLimits(content_type=request.content_type)
        return PresignedUpload(upload_id=upload_id, **form, expires_at=expires_at, limits=limits)

    def create_presigned_link(self, key: str, picture: Picture) -> PictureLink:
        """Return the picture with a presigned URL. Sends no request."""
        seconds, expires_at = int(PRESIGNED_URL_TTL.total_seconds()), _expires_at()
        file_name = f"picture.{_FILE_EXTENSIONS[picture.content_type]}"
        with translate_errors():
            url = self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentType": picture.content_type.value,
                    "ResponseContentDisposition": f'inline; filename="{file_name}"',
                    # Otherwise a browser that has loaded it for an <img>, without CORS headers, would use the cached
                    # response for a fetch.
                    "ResponseCacheControl": "private, no-store",
                },
                ExpiresIn=seconds,
            )
        return PictureLink(**dict(picture), url=url, expires_at=expires_at)

    def exists(self, key: str) -> bool:
        """Return True if there is an object with this key. One request."""
        return key in self._list_keys(key, 1)

    def list_picture_keys(self, user_id: str) -> list[str]:
        """Return the keys of a user's pictures: the current one and those of interrupted requests. One request."""
        return self._list_keys(_build_pictures_prefix(user_id), _MAX_KEYS_PER_REQUEST)

    def read_upload(self, key: str, seconds: float) -> UploadedFile | None:
        """Return an upload, or None. A file longer than an upload may be is cut off one byte after the limit.

        One request. Raises ServiceUnavailable if reading takes longer than `seconds`.
        """
        deadline = time.monotonic() + seconds
        try:
            with translate_errors(*_MISSING_KEY_CODES):
                response = self._client.get_object(Bucket=self._bucket, Key=key)
                content = _read_until(deadline, response["Body"], MAX_PICTURE_BYTES + 1)
        except ClientError:
            return None
        # botocore does not report a connection that broke during the body.
        if len(content) != min(response["ContentLength"], MAX_PICTURE_BYTES + 1):
            raise ServiceUnavailable
        return UploadedFile(content, response["ContentType"])

    def put_picture(self, key: str, content: bytes, content_type: PictureType) -> None:
        """Write a picture. One request."""
        with translate_errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type.value)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete at most 1000 objects. A missing key is not an error. One request.

        Raises UpstreamError if S3 has not deleted all of them.
        """
        unique_keys = list(dict.fromkeys(keys))[:_MAX_KEYS_PER_REQUEST]
        if not unique_keys:
            return
        with translate_errors():
            response = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in unique_keys], "Quiet": True}
            )
        if response.get("Errors"):  # S3 responds 200 and lists the objects that it has not deleted
            raise UpstreamError

    def delete_all_versions(self, user_id: str) -> int:
        """Delete all versions and delete markers of a user's uploads and pictures. Return their number.

        Two requests per 1000 versions. Raises UpstreamError if S3 has not deleted all of them.
        """
        prefixes = (f"uploads/{user_id}/", _build_pictures_prefix(user_id))
        return sum(delete_versions(self._client, self._bucket, prefix) for prefix in prefixes)

    def _list_keys(self, prefix: str, limit: int) -> list[str]:
        with translate_errors():
            response = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=limit)
        return [entry["Key"] for entry in response.get("Contents", [])]


def _read_until(deadline: float, body: "StreamingBody", size: int) -> bytes:
    """Read at most `size` bytes. The client's read timeout only limits a pause, not the duration of a slow response."""
    content = bytearray()
    while chunk := body.read(min(_READ_CHUNK_BYTES, size - len(content))):
        if time.monotonic() > deadline:
            raise ServiceUnavailable
        content += chunk
    return bytes(content)


def _expires_at() -> datetime:
    """Return when the next signature expires. S3 counts in whole seconds."""
    return utc_now().replace(microsecond=0) + PRESIGNED_URL_TTL
