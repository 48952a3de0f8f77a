"""Permanent deletion of S3 objects in a bucket with versioning."""

from typing import TYPE_CHECKING

from chalicelib.aws.errors import translate_errors
from chalicelib.core.errors import UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
        objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
        with translate_errors():
            response = client.delete_objects(
                Bucket=bucket,
                Delete={"Objects": objects, "Quiet": True},  # type: ignore[typeddict-item]  # the stubs want a list of another type
            )
        if response.get("Errors"):
            raise UpstreamError
        count += len(versions)
