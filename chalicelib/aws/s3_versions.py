"""Permanent deletion of S3 objects in a bucket with versioning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from chalicelib.aws.errors import translate_errors
from chalicelib.core.errors import UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import DeleteMarkerEntryTypeDef, ObjectVersionTypeDef

    Version: TypeAlias = ObjectVersionTypeDef | DeleteMarkerEntryTypeDef

_MAX_KEYS_PER_REQUEST: Final = 1000  # of DeleteObjects


def delete_versions(client: "S3Client", bucket: str, prefix: str, *, is_key: bool = False) -> int:
    """Delete all versions and delete markers below a prefix. Return their number.

    With `is_key`, the prefix is a key, and the versions of other keys that start with it remain.

    Two requests per 1000 versions. Raises UpstreamError if S3 has not deleted all of them.
    """
    count = 0
    while True:
        # Deleted versions are no longer listed, so each iteration lists the first page.
        with translate_errors():
            page = client.list_object_versions(Bucket=bucket, Prefix=prefix)
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if is_key:  # keys are listed in their order, so the key itself is the first one
            versions = [version for version in versions if version["Key"] == prefix]
        if not versions:
            return count
        _delete(client, bucket, versions)
        count += len(versions)


def delete_newer_versions(client: "S3Client", bucket: str, key: str) -> int:
    """Delete all versions of an object but the oldest. Return their number.

    Concurrent calls cannot delete all versions: new versions are never the oldest, and only listed ones are deleted. An
    object with a delete marker remains unchanged, because it is being deleted or was restored.

    One request per 1000 versions, and one per 1000 deletions. Raises UpstreamError if S3 has not deleted all of them.
    """
    versions: list[Version] = []
    with translate_errors():
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
            if any(marker["Key"] == key for marker in page.get("DeleteMarkers", [])):
                return 0
            versions += [version for version in page.get("Versions", []) if version["Key"] == key]
    newer = versions[:-1]  # S3 lists the versions of a key from new to old
    for start in range(0, len(newer), _MAX_KEYS_PER_REQUEST):
        _delete(client, bucket, newer[start : start + _MAX_KEYS_PER_REQUEST])
    return len(newer)


def delete_current(client: "S3Client", bucket: str, key: str) -> bool:
    """Delete an object so that its oldest version can be restored. Return False if it is missing or deleted.

    Versions that are newer than the oldest one, or than an earlier deletion, are deleted permanently.

    Two requests, and two per 1000 permanent deletions. Raises UpstreamError if S3 has not deleted all of them.
    """
    is_deleted = False
    while True:
        with translate_errors():
            page = client.list_object_versions(Bucket=bucket, Prefix=key)
        versions = [version for version in page.get("Versions", []) if version["Key"] == key]
        if not any(version["IsLatest"] for version in versions):
            return is_deleted
        is_deleted = True
        if any(marker["Key"] == key for marker in page.get("DeleteMarkers", [])):
            _delete(client, bucket, versions[:1])  # S3 lists the versions of a key from new to old
        elif len(versions) > 1:
            _delete(client, bucket, versions[:-1])
        else:
            with translate_errors():
                client.delete_object(Bucket=bucket, Key=key)


def _delete(client: "S3Client", bucket: str, versions: "Sequence[Version]") -> None:
    objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
    with translate_errors():
        response = client.delete_objects(
            Bucket=bucket,
            Delete={"Objects": objects, "Quiet": True},  # type: ignore[typeddict-item]  # the stubs want a list of another type
        )
    if response.get("Errors"):
        raise UpstreamError
