"""Undelete the pictures of restored profiles. The bucket retains deleted objects as noncurrent versions."""

from collections.abc import Callable
from typing import Any

PictureRestorer = Callable[[dict[str, Any]], dict[str, Any]]


def make_picture_restorer(s3: Any, bucket: str | None) -> PictureRestorer:
    """Return a function that undeletes the picture of an item, and removes the picture from the item if that fails."""

    def restore_picture(item: dict[str, Any]) -> dict[str, Any]:
        key = item.get("picture_key", {}).get("S")
        if key is None or (bucket is not None and _undelete(s3, bucket, key)):
            return item
        return {name: value for name, value in item.items() if name not in ("picture", "picture_key")}

    return restore_picture


def _undelete(s3: Any, bucket: str, key: str) -> bool:
    """Remove the delete markers of an object. Return True if the object has a version."""
    response = s3.list_object_versions(Bucket=bucket, Prefix=key)
    has_version = bool(response.get("Versions"))
    if has_version:
        for marker in response.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])
    return has_version
