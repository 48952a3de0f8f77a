"""The bucket of pictures: keys, presigning, listing, removing. The only room that speaks to S3.

Keys: `uploads/<sub>/<upload id>` is what a client sends, and expires by a lifecycle rule within a day or two;
`pictures/<sub>/<upload id>/<random>` is what was made of it, written once and never again.
"""

import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from botocore.exceptions import ClientError

from chalicelib.aws import translated
from chalicelib.errors import BackendFailed, Unavailable
from chalicelib.models import Limits, Picture, PictureLink, Upload, UploadRequest
from chalicelib.values import PICTURE_BYTES, PictureType

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

LIFETIME: Final = timedelta(minutes=5)  # of what is presigned
_BATCH: Final = 1000  # keys; the most that S3 lists, or removes, at once
_PART: Final = 16 * 1024  # bytes read at once
# S3 says so of a missing key to who may not list the bucket.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_GONE: Final = ("NoSuchKey", "AccessDenied")
_SUFFIX: Final = {PictureType.JPEG: "jpg", PictureType.PNG: "png", PictureType.WEBP: "webp"}


def upload_key(user_id: str, upload_id: str) -> str:
    """Where a user's upload arrives."""
    return f"uploads/{user_id}/{upload_id}"


def picture_key(user_id: str, upload_id: str) -> str:
    """A new place for what is made of an upload; no two are the same."""
    return f"{_pictures(user_id)}{upload_id}/{uuid.uuid4()}"


def upload_of(key: str) -> str:
    """The upload that the picture with this key was made of."""
    return key.split("/")[2]


def _pictures(user_id: str) -> str:
    return f"pictures/{user_id}/"


class File(NamedTuple):
    """What somebody has uploaded, and what they say it is."""

    content: bytes
    content_type: str


class PictureBucket:
    """One bucket, over a client and a name that are handed in."""

    def __init__(self, client: "S3Client", name: str) -> None:
        self._client = client
        self._name = name

    def presigned_upload(self, user_id: str, wanted: UploadRequest) -> Upload:
        """A form that lets whoever has it put one such file into one new place. Nothing is sent to S3 for it."""
        upload_id, expiry = str(uuid.uuid4()), _expiry()
        content_type = {"Content-Type": wanted.content_type.value}
        with translated():
            form = self._client.generate_presigned_post(
                self._name,
                upload_key(user_id, upload_id),
                Fields={**content_type},
                Conditions=[content_type, ["content-length-range", 1, PICTURE_BYTES]],
                ExpiresIn=int(LIFETIME.total_seconds()),
            )
        limits = Limits(content_type=wanted.content_type)
        return Upload(upload_id=upload_id, **form, expires_at=expiry, limits=limits)

    def link(self, key: str, picture: Picture) -> PictureLink:
        """Where a picture may be loaded from, for a while. Nothing is sent to S3 for it."""
        seconds, expiry = int(LIFETIME.total_seconds()), _expiry()
        with translated():
            url = self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._name,
                    "Key": key,
                    "ResponseContentType": picture.content_type.value,
                    "ResponseContentDisposition": f'inline; filename="picture.{_SUFFIX[picture.content_type]}"',
                    # Else a browser that has it for an <img>, without CORS headers, would give that to a fetch.
                    "ResponseCacheControl": "private, no-store",
                },
                ExpiresIn=seconds,
            )
        return PictureLink(**dict(picture), url=url, expires_at=expiry)

    def has(self, key: str) -> bool:
        """Whether there is such an object. One request."""
        return key in self._keys(key, 1)

    def pictures_of(self, user_id: str) -> list[str]:
        """The keys of all that was made of a user's uploads: one, and what an interruption has left. One request."""
        return self._keys(_pictures(user_id), _BATCH)

    def _keys(self, prefix: str, most: int) -> list[str]:
        with translated():
            found = self._client.list_objects_v2(Bucket=self._name, Prefix=prefix, MaxKeys=most)
        return [it["Key"] for it in found.get("Contents", [])]

    def read(self, key: str, seconds: float) -> File | None:
        """Return an object, or the first part of one that is longer than an upload may be. None if there is none.

        One request. Raises Unavailable if S3 needs longer than this for all of it.
        """
        end = time.monotonic() + seconds
        try:
            with translated(*_GONE):
                found = self._client.get_object(Bucket=self._name, Key=key)
                content = _read_until(end, found["Body"], PICTURE_BYTES + 1)
        except ClientError:
            return None
        if len(content) != min(found["ContentLength"], PICTURE_BYTES + 1):  # the connection broke: botocore is silent
            raise Unavailable
        return File(content, found["ContentType"])

    def write(self, key: str, content: bytes, content_type: PictureType) -> None:
        """Keep a picture."""
        with translated():
            self._client.put_object(Bucket=self._name, Key=key, Body=content, ContentType=content_type.value)

    def remove(self, keys: Iterable[str]) -> None:
        """Remove these, at most 1000; what is gone already stays gone. One request."""
        named = list(dict.fromkeys(keys))[:_BATCH]
        if not named:
            return
        with translated():
            answer = self._client.delete_objects(
                Bucket=self._name, Delete={"Objects": [{"Key": key} for key in named], "Quiet": True}
            )
        if answer.get("Errors"):  # S3 says 200, and what of it was not done
            raise BackendFailed


def _read_until(end: float, body: "StreamingBody", size: int) -> bytes:
    """Read at most this many bytes. A read timeout alone bounds a pause, and not the whole of a slow answer."""
    content = bytearray()
    while part := body.read(min(_PART, size - len(content))):
        if time.monotonic() > end:
            raise Unavailable
        content += part
    return bytes(content)


def _expiry() -> datetime:
    """Of what is signed next: S3 counts in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0) + LIFETIME
