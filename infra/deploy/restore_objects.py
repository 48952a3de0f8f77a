"""Undelete objects of the bucket, which retains deleted objects as noncurrent versions."""

from typing import Any


def has_version(s3: Any, bucket: str, key: str) -> bool:
    """Return True if an object exists or can be undeleted."""
    return bool(_list_versions(s3, bucket, key, "Versions"))


def undelete(s3: Any, bucket: str, key: str) -> bool:
    """Remove the delete markers of an object. Return True if the object has a version."""
    if not has_version(s3, bucket, key):
        return False
    for marker in _list_versions(s3, bucket, key, "DeleteMarkers"):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])
    return True


def _list_versions(s3: Any, bucket: str, key: str, kind: str) -> list[dict[str, Any]]:
    response = s3.list_object_versions(Bucket=bucket, Prefix=key)
    return [version for version in response.get(kind, []) if version["Key"] == key]
