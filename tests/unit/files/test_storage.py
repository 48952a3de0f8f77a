"""Presigned requests of files, and reading them from S3."""

import base64
import io
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.aws import clients
from chalicelib.aws.s3_versions import delete_newer_versions, delete_versions
from chalicelib.core.errors import ServiceUnavailable, UpstreamError
from chalicelib.files.download_names import format_content_disposition
from chalicelib.files.models import MAX_FILE_NAME_LENGTH, FileType
from chalicelib.files.storage import FileStorage
from tests.support.aws import client_error
from tests.support.data import BUCKET, FILE_ID, SUB
from tests.support.file_contracts import build_file
from tests.support.file_storage_contracts import CONTENT

FILE: Final = build_file(content=CONTENT).file


@pytest.fixture
def _new_session() -> Iterator[None]:
    """Create a new botocore session. A session keeps the region of the environment that it was created in."""
    clients.reset()
    yield
    clients.reset()


@pytest.mark.usefixtures("_new_session")
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "il-central-1"])
def test_presigned_url_has_the_region_of_the_bucket(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    storage = FileStorage(clients.s3(), BUCKET)
    for url in (storage.create_presigned_upload(SUB, FILE).url, storage.create_presigned_link(SUB, FILE).url):
        assert url.startswith(f"https://{BUCKET}.s3.{region}.amazonaws.com/")


def test_form_accepts_the_announced_content_only() -> None:
    upload = FileStorage(clients.s3(), BUCKET).create_presigned_upload(SUB, FILE)
    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    conditions = policy["conditions"]
    exact = {
        name: value for condition in conditions if isinstance(condition, dict) for name, value in condition.items()
    }
    assert {name: exact[name] for name in ("bucket", "key", "Content-Type", "x-amz-checksum-algorithm")} == {
        "bucket": BUCKET,
        "key": f"files/{SUB}/{FILE.id}",
        "Content-Type": "application/pdf",
        "x-amz-checksum-algorithm": "SHA256",
    }
    assert base64.b64decode(exact["x-amz-checksum-sha256"]).hex() == FILE.sha256
    assert [condition for condition in conditions if isinstance(condition, list)] == [
        ["content-length-range", len(CONTENT), len(CONTENT)]
    ]
    # S3 may accept the form for longer than the response states, by the time between the two clock readings.
    assert timedelta(0) <= datetime.fromisoformat(policy["expiration"]) - upload.expires_at < timedelta(minutes=1)


def test_form_has_each_field_that_its_policy_requires() -> None:
    """Otherwise S3 would refuse the form, or accept a field that the policy does not fix."""
    upload = FileStorage(clients.s3(), BUCKET).create_presigned_upload(SUB, FILE)
    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    named = {name for condition in policy["conditions"] if isinstance(condition, dict) for name in condition}
    assert set(upload.fields) == (named - {"bucket"}) | {"policy", "x-amz-signature"}


def test_link_has_the_name_and_type_of_the_file() -> None:
    link = FileStorage(clients.s3(), BUCKET).create_presigned_link(SUB, FILE)
    url = urlsplit(link.url)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert url.path.endswith(f"/files/{SUB}/{FILE.id}")
    assert query["response-content-type"] == "application/pdf"
    assert query["response-content-disposition"] == format_content_disposition(FILE.name, FILE.content_type)
    assert query["response-cache-control"] == "private, no-store"
    assert query["X-Amz-Expires"] == "300"


@pytest.mark.parametrize("file_type", FileType)
def test_link_serves_each_type_as_an_attachment(file_type: FileType) -> None:
    file = FILE.model_copy(update={"content_type": file_type})
    query = parse_qs(urlsplit(FileStorage(clients.s3(), BUCKET).create_presigned_link(SUB, file).url).query)
    assert query["response-content-type"] == [file_type]
    assert query["response-content-disposition"][0].startswith("attachment;")


def test_longest_name_has_a_link_that_s3_accepts() -> None:
    """S3 accepts 8 KiB of request line and headers. The session token of a function has about 1.3 KiB."""
    file = FILE.model_copy(update={"name": "🩺" * MAX_FILE_NAME_LENGTH})
    assert len(FileStorage(clients.s3(), BUCKET).create_presigned_link(SUB, file).url) < 6.5 * 1024


class SlowBody:
    """A body that arrives in small parts."""

    def read(self, _: int) -> bytes:
        time.sleep(0.02)
        return bytes(1000)


class FakeS3:
    """A client of S3 whose object has this body."""

    def __init__(self, body: Any, length: int) -> None:
        self._response = {"Body": body, "ContentLength": length, "ContentType": "application/pdf"}

    def get_object(self, **_: Any) -> dict[str, Any]:
        return self._response


def read(client: Any, max_bytes: int = 10**6) -> bytes:
    stored = FileStorage(client, BUCKET).read(SUB, FILE_ID, max_bytes, seconds=0.05)
    assert stored is not None
    return stored.content


def test_file_that_arrives_too_slowly_is_unavailable() -> None:
    with pytest.raises(ServiceUnavailable):
        read(FakeS3(SlowBody(), 10**6))


def test_truncated_response_is_unavailable() -> None:
    """It must not be taken for a file with another content."""
    with pytest.raises(ServiceUnavailable):
        read(FakeS3(io.BytesIO(b"abc"), 4))


@pytest.mark.parametrize(("max_bytes", "content"), [(2, b"abc"), (3, b"abcd"), (4, b"abcd"), (9, b"abcd")])
def test_file_is_read_up_to_one_byte_more_than_announced(max_bytes: int, content: bytes) -> None:
    assert read(FakeS3(io.BytesIO(b"abcd"), 4), max_bytes) == content


class FakeVersions:
    """A client of S3 with these keys, of which each has a version and a delete marker."""

    def __init__(self, *keys: str, errors: bool = False) -> None:
        self.keys = list(keys)
        self.requests: list[list[dict[str, str]]] = []
        self._errors = errors

    def list_object_versions(self, *, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # a parameter of botocore
        keys = sorted(key for key in self.keys if key.startswith(Prefix))
        return {
            kind: [{"Key": key, "VersionId": f"{kind}-1"} for key in keys] for kind in ("Versions", "DeleteMarkers")
        }

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        self.requests.append(Delete["Objects"])
        if self._errors:
            return {"Errors": [{"Key": "a", "Code": "AccessDenied"}]}
        deleted = {entry["Key"] for entry in Delete["Objects"]}
        self.keys = [key for key in self.keys if key not in deleted]
        return {}


def delete(client: Any, prefix: str, *, is_key: bool = False) -> int:
    return delete_versions(client, BUCKET, prefix, is_key=is_key)


def test_versions_and_delete_markers_are_deleted() -> None:
    client = FakeVersions("files/a/1", "files/a/2", "files/b/1")
    assert delete(client, "files/a/") == 4
    assert client.keys == ["files/b/1"]
    assert {"Key": "files/a/1", "VersionId": "DeleteMarkers-1"} in client.requests[0]


def test_versions_of_a_key_exclude_longer_keys() -> None:
    client = FakeVersions("files/a/1", "files/a/10")
    assert delete(client, "files/a/1", is_key=True) == 2
    assert client.keys == ["files/a/10"]


def test_deleting_nothing_sends_no_deletion() -> None:
    client = FakeVersions("files/a/10")
    assert delete(client, "files/a/1", is_key=True) == 0
    assert client.requests == []


def test_version_that_is_not_deleted_is_an_error() -> None:
    client = FakeVersions("files/a/1", errors=True)
    with pytest.raises(UpstreamError):
        delete(client, "files/a/")
    assert len(client.requests) == 1


class FakeHistory:
    """A client of S3 with the history of one object in pages, from new to old."""

    def __init__(self, *pages: dict[str, list[str]], key: str = "files/a/1", errors: bool = False) -> None:
        self._pages, self._key, self._errors = pages, key, errors
        self.deleted: list[list[str]] = []

    def get_paginator(self, _: str) -> "FakeHistory":
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        for page in self._pages:
            yield {kind: [{"Key": self._key, "VersionId": version} for version in page[kind]] for kind in page}

    def delete_objects(self, *, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803  # a parameter of botocore
        self.deleted.append([entry["VersionId"] for entry in Delete["Objects"]])
        return {"Errors": [{"Key": self._key, "Code": "InternalError"}]} if self._errors else {}


def delete_newer(client: Any) -> int:
    return delete_newer_versions(client, BUCKET, "files/a/1")


def test_newer_versions_of_all_pages_are_deleted() -> None:
    client = FakeHistory({"Versions": ["4", "3"]}, {"Versions": ["2", "1"]})
    assert delete_newer(client) == 3
    assert client.deleted == [["4", "3", "2"]]


def test_deletion_of_many_versions_is_divided() -> None:
    """DeleteObjects takes at most 1000 keys."""
    client = FakeHistory({"Versions": [str(number) for number in range(1500)]})
    assert delete_newer(client) == 1499
    assert [len(versions) for versions in client.deleted] == [1000, 499]


@pytest.mark.parametrize("pages", [(), ({},), ({"Versions": ["1"]},)])
def test_object_without_newer_versions_is_unchanged(pages: tuple[dict[str, list[str]], ...]) -> None:
    client = FakeHistory(*pages)
    assert delete_newer(client) == 0
    assert client.deleted == []


def test_object_with_a_delete_marker_is_unchanged() -> None:
    """Without its newest version, a restored object would be a deleted one again."""
    client = FakeHistory({"Versions": ["3", "2"]}, {"Versions": ["1"], "DeleteMarkers": ["m"]})
    assert delete_newer(client) == 0
    assert client.deleted == []


def test_newer_versions_exclude_longer_keys() -> None:
    client = FakeHistory({"Versions": ["2", "1"], "DeleteMarkers": ["m"]}, key="files/a/10")
    assert delete_newer(client) == 0
    assert client.deleted == []


def test_newer_version_that_is_not_deleted_is_an_error() -> None:
    with pytest.raises(UpstreamError):
        delete_newer(FakeHistory({"Versions": ["2", "1"]}, errors=True))


class MissingKey:
    """A client of S3 without the object."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_object_tagging(self, **_: Any) -> None:
        raise client_error(self._code, 404, "GetObjectTagging")


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_tags_that_cannot_be_read_are_an_error(code: str) -> None:
    """No result of a scan would mean that the scan is not complete."""
    client: Any = MissingKey(code)
    with pytest.raises(UpstreamError):
        FileStorage(client, BUCKET).get_scan_status(SUB, FILE_ID)
