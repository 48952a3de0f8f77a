"""Undelete the pictures of restored profiles."""

from collections.abc import Callable
from typing import Any

from infra.deploy import restore_objects

PictureRestorer = Callable[[dict[str, Any]], dict[str, Any]]


def make_picture_restorer(s3: Any, bucket: str | None) -> PictureRestorer:
    """Return a function that undeletes the picture of an item, and removes the picture from the item if that fails."""

    def restore_picture(item: dict[str, Any]) -> dict[str, Any]:
        key = item.get("picture_key", {}).get("S")
        if key is None or (bucket is not None and restore_objects.undelete(s3, bucket, key)):
            return item
        return {name: value for name, value in item.items() if name not in ("picture", "picture_key")}

    return restore_picture
