"""The check of uploaded files, over fakes."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable, UpstreamError
from chalicelib.core.metrics import Metric
from chalicelib.files.checking import FileChecker, FileCheckRequest, parse_event
from chalicelib.files.erasure import FileErasure
from chalicelib.files.models import File, FileRejection, FileStatus, FileType
from chalicelib.files.storage import StoredObject, build_object_key
from local.malware_scan import ObjectVersion, build_event_detail
from tests.support.data import BUCKET, FILE_ID, SUB
from tests.support.fakes.files import InMemoryFileRepository, InMemoryFileStorage
from tests.support.file_check import CLEAN, PDF, FileCheckFixture
from tests.support.file_contracts import build_file
from tests.support.reconciliation import count_metrics
from tests.support.sample_files import HTML, SAMPLES, make_zip64_end


def s3_event(*keys: str) -> dict[str, Any]:
    """Return an event of S3. https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Post",
                "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 3, "versionId": "1"}},
            }
            for key in keys
        ]
    }


def scan_event(key: str, result: str = CLEAN) -> dict[str, Any]:
    """Return an event of GuardDuty."""
    detail = build_event_detail(ObjectVersion(BUCKET, key, "1", "etag"), result)
    return {
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "detail": detail,
    }


def test_event_of_s3_names_its_files() -> None:
    requests = parse_event(s3_event(f"files/{SUB}/{FILE_ID}", "files/u%2B1/a+b"))
    assert requests == [
        FileCheckRequest(user_id=SUB, file_id=FILE_ID),
        FileCheckRequest(user_id="u+1", file_id="a b"),
    ]


def test_event_of_guardduty_names_a_scanned_file() -> None:
    requests = parse_event(scan_event(f"files/{SUB}/{FILE_ID}"))
    assert requests == [FileCheckRequest(user_id=SUB, file_id=FILE_ID, scan_result=CLEAN)]


def test_call_of_reconciliation_names_a_file() -> None:
    requests = parse_event({"user_id": SUB, "file_id": FILE_ID})
    assert requests == [FileCheckRequest(user_id=SUB, file_id=FILE_ID)]


@pytest.mark.parametrize(
    "key", ["files/", f"files/{SUB}", f"files/{SUB}/", f"files/{SUB}/x", f"files/{SUB}/{FILE_ID}/x", "files//x", ""]
)
@pytest.mark.parametrize("build_event", [s3_event, scan_event])
def test_object_that_is_not_a_file_is_ignored(
    fixture: FileCheckFixture, build_event: Callable[[str], Any], key: str
) -> None:
    """An operator can create a folder in the console of S3."""
    file = fixture.upload(fixture.announce())
    fixture.storage.objects[key] = StoredObject(b"", "binary/octet-stream")
    (request,) = parse_event(build_event(key))
    assert fixture.checker.check(request).outcome == "unchanged"
    assert set(fixture.storage.objects) == {key, build_object_key(SUB, file.id)}


@pytest.mark.parametrize("file_type", FileType)
def test_announced_content_is_available(fixture: FileCheckFixture, file_type: FileType) -> None:
    content = SAMPLES[file_type]
    file = fixture.upload(fixture.announce(content, content_type=file_type), content)
    with count_metrics() as count:
        assert fixture.check(file) == "available"
    assert (fixture.get(file).status, fixture.get(file).version) == ("available", 2)
    assert fixture.count_quota() == (1, len(content))
    assert (count(Metric.FILE_STORED), count(Metric.FILE_REJECTED)) == (1, 0)


@pytest.mark.parametrize(
    ("announced", "uploaded"),
    [({}, HTML), ({"sha256": "0a" * 32}, PDF), ({}, PDF + b"x"), ({}, PDF[:-1]), ({}, b"")],
    ids=["HTML", "checksum", "longer", "shorter", "empty"],
)
def test_other_content_is_rejected_and_deleted(
    fixture: FileCheckFixture, announced: dict[str, Any], uploaded: bytes
) -> None:
    file = fixture.upload(fixture.announce(PDF, **announced), uploaded)
    with count_metrics() as count:
        assert fixture.check(file) == "rejected"
    assert (fixture.get(file).status, fixture.get(file).rejection) == ("rejected", FileRejection.CONTENT_MISMATCH)
    assert fixture.storage.objects == {}
    assert fixture.count_quota() == (0, 0)
    assert (count(Metric.FILE_REJECTED), count(Metric.FILE_INFECTED), count(Metric.FILE_STORED)) == (1, 0, 0)


def test_announced_html_is_rejected(fixture: FileCheckFixture) -> None:
    """The checksum is that of the announced content, which has another type."""
    file = fixture.upload(fixture.announce(HTML), HTML)
    assert fixture.check(file) == "rejected"


def test_archive_on_several_disks_is_rejected(fixture: FileCheckFixture) -> None:
    """zipfile raises an exception for it. A check that raises would be repeated without an end."""
    content = PDF + make_zip64_end(disks=2)
    file = fixture.upload(fixture.announce(content), content)
    assert fixture.check(file) == "rejected"


def test_other_media_type_of_the_object_is_rejected(fixture: FileCheckFixture) -> None:
    file = fixture.announce()
    fixture.upload(file.model_copy(update={"content_type": FileType.TEXT}))
    assert fixture.check(file) == "rejected"


def test_file_before_its_upload_is_awaited(fixture: FileCheckFixture) -> None:
    file = fixture.announce()
    assert fixture.check(file) == "awaiting-upload"
    assert fixture.get(file) == file


def test_expired_reservation_is_released(fixture: FileCheckFixture) -> None:
    file = fixture.announce(minutes_ago=31)
    with count_metrics() as count:
        assert fixture.check(file) == "released"
    assert fixture.repository.get(SUB, file.id) is None
    assert fixture.count_quota() == (0, 0)
    assert count(Metric.FILE_LOST) == 0


def test_upload_at_the_end_of_the_reservation_is_accepted(fixture: FileCheckFixture) -> None:
    assert fixture.check(fixture.upload(fixture.announce(minutes_ago=31))) == "available"


@pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.AVAILABLE])
def test_lost_content_releases_the_file_and_is_counted(fixture: FileCheckFixture, status: FileStatus) -> None:
    file = fixture.announce()
    fixture.repository.set_status(SUB, file.id, status, utc_now())
    with count_metrics() as count:
        assert fixture.check(file) == "released"
    assert count(Metric.FILE_LOST) == 1
    assert fixture.count_quota() == (0, 0)


def test_upload_without_a_record_is_deleted(fixture: FileCheckFixture) -> None:
    file = fixture.upload(build_file(content=PDF).file)
    other = fixture.upload(fixture.announce())
    assert fixture.check(file) == "deleted"
    assert list(fixture.storage.objects) == [build_object_key(SUB, other.id)]
    assert fixture.check(file) == "unchanged"


def delete(fixture: FileCheckFixture, file: File) -> None:
    """Delete a file as its user does."""
    stored = fixture.repository.get(SUB, file.id)
    assert stored is not None
    assert fixture.repository.delete(SUB, stored, utc_now())
    fixture.storage.delete(SUB, file.id)


def test_event_after_the_deletion_keeps_the_content(fixture: FileCheckFixture) -> None:
    """An event of S3 or GuardDuty can be late. `make restore` needs the content."""
    file = fixture.upload(fixture.announce())
    fixture.check(file)
    delete(fixture, file)
    assert fixture.check(file, CLEAN) == "unchanged"
    assert list(fixture.storage.deleted) == [build_object_key(SUB, file.id)]


def test_upload_after_the_deletion_is_deleted(fixture: FileCheckFixture) -> None:
    file = fixture.upload(fixture.announce())
    fixture.check(file)
    delete(fixture, file)
    fixture.upload(file)
    assert [fixture.check(file) for _ in range(2)] == ["deleted", "unchanged"]
    assert fixture.storage.objects == {}
    assert list(fixture.storage.deleted) == [build_object_key(SUB, file.id)]


def test_upload_after_the_erasure_is_deleted_permanently(fixture: FileCheckFixture) -> None:
    file = fixture.upload(fixture.announce())
    fixture.repository.delete_all(SUB)
    assert fixture.check(file) == "deleted"
    assert (fixture.storage.objects, fixture.storage.deleted) == ({}, {})


class ConcurrentErasure(InMemoryFileStorage):
    """A storage during whose calls the user is erased."""

    def __init__(self, repository: InMemoryFileRepository) -> None:
        super().__init__()
        self._repository = repository

    def delete_late_upload(self, user_id: str, file_id: str) -> bool:
        FileErasure(self._repository, self).erase(user_id)
        return super().delete_late_upload(user_id, file_id)


@pytest.mark.parametrize("is_after_erasure", [False, True])
def test_upload_during_an_erasure_is_deleted_permanently(fixture: FileCheckFixture, is_after_erasure: bool) -> None:
    storage = ConcurrentErasure(fixture.repository)
    file = fixture.announce()
    storage.upload(SUB, file, PDF)
    delete(fixture, file)
    checker = FileChecker(fixture.repository, storage, malware_protection=False)
    if is_after_erasure:
        fixture.repository.delete_all(SUB)
    checker.check(FileCheckRequest(user_id=SUB, file_id=file.id))
    assert (storage.objects, storage.deleted) == ({}, {})


def test_upload_of_a_rejected_file_is_deleted(fixture: FileCheckFixture) -> None:
    file = fixture.upload(fixture.announce(), HTML)
    fixture.check(file)
    fixture.upload(file, HTML)
    assert fixture.check(file) == "deleted"
    assert fixture.storage.objects == {}


class ConcurrentDeletion(InMemoryFileStorage):
    """A storage during whose calls the user deletes the file."""

    def __init__(self, repository: InMemoryFileRepository) -> None:
        super().__init__()
        self._repository = repository

    def read(self, user_id: str, file_id: str, max_bytes: int, seconds: float) -> StoredObject | None:
        content = super().read(user_id, file_id, max_bytes, seconds)
        self._repository.delete_all(user_id)
        return content


@pytest.mark.parametrize("content", [PDF, HTML])
def test_file_that_is_deleted_concurrently_is_checked_again(fixture: FileCheckFixture, content: bytes) -> None:
    storage = ConcurrentDeletion(fixture.repository)
    file = fixture.announce()
    storage.upload(SUB, file, content)
    checker = FileChecker(fixture.repository, storage, malware_protection=False)
    request = FileCheckRequest(user_id=SUB, file_id=file.id)
    with pytest.raises(ServiceUnavailable):
        checker.check(request)
    assert checker.check(request).outcome == "deleted"
    assert fixture.count_quota() == (0, 0)


def test_content_that_cannot_be_read_is_not_rejected(
    fixture: FileCheckFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = fixture.upload(fixture.announce())
    monkeypatch.setattr(fixture.storage, "read", lambda *_: None)
    with pytest.raises(UpstreamError):
        fixture.check(file)
    assert fixture.get(file) == file


@pytest.mark.parametrize("is_uploaded", [False, True])
def test_failure_of_s3_changes_nothing(fixture: FileCheckFixture, is_uploaded: bool) -> None:
    file = fixture.announce(minutes_ago=31)
    if is_uploaded:
        fixture.upload(file)
    fixture.storage.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        fixture.check(file)
    assert fixture.get(file) == file


def test_content_of_an_interrupted_deletion_is_deleted(fixture: FileCheckFixture) -> None:
    """Reconciliation has found content of a user who was not erased, without a record."""
    file = fixture.upload(fixture.announce())
    fixture.repository.records.files.clear()
    request = FileCheckRequest(user_id=SUB, file_id=file.id, keep_versions=True)
    assert [fixture.checker.check(request).outcome for _ in range(2)] == ["deleted", "unchanged"]
    assert fixture.storage.list_file_ids(SUB) == set()
