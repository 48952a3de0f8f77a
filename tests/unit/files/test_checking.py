"""The check of uploaded files, over fakes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable, UpstreamError
from chalicelib.core.metrics import Metric
from chalicelib.files.checking import FileChecker, FileCheckRequest, parse_event
from chalicelib.files.models import File, FileRejection, FileStatus, FileType
from chalicelib.files.records import StoredFile
from chalicelib.files.repository import FileLimits
from chalicelib.files.storage import StoredObject, object_key
from local.malware_scan import ObjectVersion, build_event_detail
from tests.support.contracts import build_profile
from tests.support.data import BUCKET, FILE_ID, SUB
from tests.support.fakes.files import InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.file_contracts import build_file
from tests.support.reconciliation import count_metrics
from tests.support.sample_files import EICAR, HTML, SAMPLES, make_zip64_end

CLEAN: Final = "NO_THREATS_FOUND"
PDF: Final = SAMPLES[FileType.PDF]
LIMITS: Final = FileLimits(files=10, bytes=10**9, uploads_per_day=10)


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


class Bench:
    """A checker over fakes, and a file that a user has announced."""

    def __init__(self, *, malware_protection: bool = False) -> None:
        table = InMemoryTable()
        InMemoryProfileRepository(table).create_if_absent(build_profile(SUB))
        self.repository = InMemoryFileRepository(table)
        self.storage = InMemoryFileStorage()
        self.checker = FileChecker(self.repository, self.storage, malware_protection=malware_protection)

    def announce(self, content: bytes = PDF, *, minutes_ago: int = 1, **changes: Any) -> File:
        """Announce a file with this content. `changes` are those of its fields."""
        moment = utc_now() - timedelta(minutes=minutes_ago)
        stored = build_file(moment=moment, content=content)
        file = stored.file.model_copy(update=changes)
        assert self.repository.create(SUB, StoredFile(file, stored.expires_at), LIMITS, moment)
        return file

    def upload(self, file: File, content: bytes = PDF, scan_status: str | None = None) -> File:
        self.storage.upload(SUB, file, content)
        if scan_status is not None:
            self.storage.set_scan_status(SUB, file.id, scan_status)
        return file

    def check(self, file: File, scan_result: str | None = None) -> str:
        """Check a file. `scan_result` is that of an event of GuardDuty."""
        request = FileCheckRequest(user_id=SUB, file_id=file.id, scan_result=scan_result)
        return self.checker.check(request).outcome

    def get(self, file: File) -> File:
        stored = self.repository.get(SUB, file.id)
        assert stored is not None
        return stored.file

    def count_quota(self) -> tuple[int, int]:
        quota, _ = self.repository.list_all(SUB)
        return quota.files, quota.bytes


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def protected() -> Bench:
    return Bench(malware_protection=True)


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
def test_object_that_is_not_a_file_is_ignored(bench: Bench, build_event: Callable[[str], Any], key: str) -> None:
    """An operator can create a folder in the console of S3."""
    file = bench.upload(bench.announce())
    bench.storage.objects[key] = StoredObject(b"", "binary/octet-stream")
    (request,) = parse_event(build_event(key))
    assert bench.checker.check(request).outcome == "unchanged"
    assert set(bench.storage.objects) == {key, object_key(SUB, file.id)}


@pytest.mark.parametrize("file_type", FileType)
def test_announced_content_is_available(bench: Bench, file_type: FileType) -> None:
    content = SAMPLES[file_type]
    file = bench.upload(bench.announce(content, content_type=file_type), content)
    with count_metrics() as count:
        assert bench.check(file) == "available"
    assert (bench.get(file).status, bench.get(file).version) == ("available", 2)
    assert bench.count_quota() == (1, len(content))
    assert (count(Metric.FILE_STORED), count(Metric.FILE_REJECTED)) == (1, 0)


@pytest.mark.parametrize(
    ("announced", "uploaded"),
    [({}, HTML), ({"sha256": "0a" * 32}, PDF), ({}, PDF + b"x"), ({}, PDF[:-1]), ({}, b"")],
    ids=["HTML", "checksum", "longer", "shorter", "empty"],
)
def test_other_content_is_rejected_and_deleted(bench: Bench, announced: dict[str, Any], uploaded: bytes) -> None:
    file = bench.upload(bench.announce(PDF, **announced), uploaded)
    with count_metrics() as count:
        assert bench.check(file) == "rejected"
    assert (bench.get(file).status, bench.get(file).rejection) == ("rejected", FileRejection.CONTENT_MISMATCH)
    assert bench.storage.objects == {}
    assert bench.count_quota() == (0, 0)
    assert (count(Metric.FILE_REJECTED), count(Metric.FILE_INFECTED), count(Metric.FILE_STORED)) == (1, 0, 0)


def test_announced_html_is_rejected(bench: Bench) -> None:
    """The checksum is that of the announced content, which has another type."""
    file = bench.upload(bench.announce(HTML), HTML)
    assert bench.check(file) == "rejected"


def test_archive_on_several_disks_is_rejected(bench: Bench) -> None:
    """zipfile raises an exception for it. A check that raises would be repeated without an end."""
    content = PDF + make_zip64_end(disks=2)
    file = bench.upload(bench.announce(content), content)
    assert bench.check(file) == "rejected"


def test_other_media_type_of_the_object_is_rejected(bench: Bench) -> None:
    file = bench.announce()
    bench.upload(file.model_copy(update={"content_type": FileType.TEXT}))
    assert bench.check(file) == "rejected"


def test_file_before_its_upload_is_awaited(bench: Bench) -> None:
    file = bench.announce()
    assert bench.check(file) == "awaiting-upload"
    assert bench.get(file) == file


def test_expired_reservation_is_released(bench: Bench) -> None:
    file = bench.announce(minutes_ago=31)
    with count_metrics() as count:
        assert bench.check(file) == "released"
    assert bench.repository.get(SUB, file.id) is None
    assert bench.count_quota() == (0, 0)
    assert count(Metric.FILE_LOST) == 0


def test_upload_at_the_end_of_the_reservation_is_accepted(bench: Bench) -> None:
    assert bench.check(bench.upload(bench.announce(minutes_ago=31))) == "available"


@pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.AVAILABLE])
def test_lost_content_releases_the_file_and_is_counted(bench: Bench, status: FileStatus) -> None:
    file = bench.announce()
    bench.repository.set_status(SUB, file.id, status, utc_now())
    with count_metrics() as count:
        assert bench.check(file) == "released"
    assert count(Metric.FILE_LOST) == 1
    assert bench.count_quota() == (0, 0)


def test_upload_without_a_record_is_deleted(bench: Bench) -> None:
    file = bench.upload(build_file(content=PDF).file)
    other = bench.upload(bench.announce())
    assert bench.check(file) == "deleted"
    assert list(bench.storage.objects) == [object_key(SUB, other.id)]
    assert bench.check(file) == "unchanged"


def test_upload_of_a_rejected_file_is_deleted(bench: Bench) -> None:
    file = bench.upload(bench.announce(), HTML)
    bench.check(file)
    bench.upload(file, HTML)
    assert bench.check(file) == "deleted"
    assert bench.storage.objects == {}


@pytest.mark.parametrize("scan_result", [None, CLEAN, "FAILED"])
def test_repeated_event_changes_nothing(protected: Bench, scan_result: str | None) -> None:
    file = protected.upload(protected.announce(), scan_status=CLEAN)
    protected.check(file)
    before = protected.get(file)
    assert protected.check(file, scan_result) == "unchanged"
    assert protected.get(file) == before


def test_file_without_protection_needs_no_scan(bench: Bench) -> None:
    assert bench.check(bench.upload(bench.announce(EICAR, content_type=FileType.TEXT), EICAR)) == "available"


def test_file_before_its_scan_is_not_read(protected: Bench) -> None:
    """Its content could be larger than announced, or harmful to a parser."""
    file = protected.upload(protected.announce(), HTML)
    assert protected.check(file) == "scanning"
    assert protected.get(file).status == "scanning"
    assert list(protected.storage.objects) == [object_key(SUB, file.id)]


def test_repeated_check_before_the_scan_changes_nothing(protected: Bench) -> None:
    """The version of the file is the entity tag of its client."""
    file = protected.upload(protected.announce())
    protected.check(file)
    before = protected.get(file)
    assert protected.check(file) == "scanning"
    assert protected.get(file) == before


def test_clean_file_is_available(protected: Bench) -> None:
    file = protected.upload(protected.announce())
    protected.check(file)
    protected.upload(file, scan_status=CLEAN)
    assert protected.check(file, CLEAN) == "available"


def test_scan_result_before_the_event_of_s3_is_used(protected: Bench) -> None:
    file = protected.upload(protected.announce(), scan_status=CLEAN)
    assert protected.check(file) == "available"


def test_clean_file_of_another_type_is_rejected(protected: Bench) -> None:
    file = protected.upload(protected.announce(HTML), HTML, scan_status=CLEAN)
    assert protected.check(file, CLEAN) == "rejected"
    assert protected.get(file).rejection is FileRejection.CONTENT_MISMATCH


@pytest.mark.parametrize(
    ("scan_status", "rejection", "infected", "failed"),
    [
        ("THREATS_FOUND", FileRejection.MALWARE, 1, 0),
        ("UNSUPPORTED", FileRejection.UNSUPPORTED, 0, 0),
        ("ACCESS_DENIED", FileRejection.UNSUPPORTED, 0, 1),
        ("FAILED", FileRejection.UNSUPPORTED, 0, 1),
    ],
)
def test_file_that_is_not_clean_is_rejected_and_deleted(
    protected: Bench, scan_status: str, rejection: FileRejection, infected: int, failed: int
) -> None:
    file = protected.upload(protected.announce(), scan_status=scan_status)
    with count_metrics() as count:
        assert protected.check(file, scan_status) == "rejected"
    assert (protected.get(file).status, protected.get(file).rejection) == ("rejected", rejection)
    assert protected.storage.objects == {}
    assert protected.count_quota() == (0, 0)
    assert count(Metric.FILE_REJECTED) == 1
    assert (count(Metric.FILE_INFECTED), count(Metric.FILE_SCAN_FAILED)) == (infected, failed)


@pytest.mark.parametrize("scan_status", [None, "A_NEW_RESULT"])
def test_announced_result_without_a_known_tag_is_repeated(protected: Bench, scan_status: str | None) -> None:
    file = protected.upload(protected.announce(), scan_status=scan_status)
    with pytest.raises(ServiceUnavailable):
        protected.check(file, CLEAN)
    assert protected.get(file).status == "awaiting-upload"


def test_unknown_result_does_not_make_a_file_available(protected: Bench) -> None:
    file = protected.upload(protected.announce(), scan_status="A_NEW_RESULT")
    assert protected.check(file) == "scanning"


@pytest.mark.parametrize(("minutes_ago", "overdue"), [(119, 0), (121, 1)])
def test_file_without_a_scan_is_counted_after_two_hours(protected: Bench, minutes_ago: int, overdue: int) -> None:
    file = protected.upload(protected.announce(minutes_ago=minutes_ago))
    with count_metrics() as count:
        assert protected.check(file) == "scanning"
    assert count(Metric.FILE_SCAN_OVERDUE) == overdue


def accept(protected: Bench) -> File:
    """Return a file that has passed its check."""
    file = protected.upload(protected.announce(), scan_status=CLEAN)
    assert protected.check(file) == "available"
    return file


def test_reported_malware_rejects_a_file_before_its_tag(protected: Bench) -> None:
    file = protected.upload(protected.announce())
    assert protected.check(file, "THREATS_FOUND") == "rejected"


# The tag can follow the event. Then it has the result of the earlier scan.
@pytest.mark.parametrize(
    ("event", "tag"), [(None, "THREATS_FOUND"), (CLEAN, "THREATS_FOUND"), ("THREATS_FOUND", CLEAN)]
)
def test_malware_found_later_rejects_an_available_file(protected: Bench, event: str | None, tag: str) -> None:
    """GuardDuty has scanned the file on demand, or a repeated upload of it."""
    file = accept(protected)
    protected.storage.set_scan_status(SUB, file.id, tag)
    with count_metrics() as count:
        assert protected.check(file, event) == "rejected"
    assert (protected.get(file).status, protected.get(file).rejection) == ("rejected", FileRejection.MALWARE)
    assert protected.storage.objects == {}
    assert protected.count_quota() == (0, 0)
    assert (count(Metric.FILE_INFECTED), count(Metric.FILE_REJECTED)) == (1, 1)


@pytest.mark.parametrize("scan_status", ["FAILED", "ACCESS_DENIED", "UNSUPPORTED"])
def test_later_scan_that_fails_deletes_no_available_file(protected: Bench, scan_status: str) -> None:
    file = accept(protected)
    before = protected.get(file)
    protected.storage.set_scan_status(SUB, file.id, scan_status)
    with count_metrics() as count:
        assert protected.check(file, scan_status) == "unchanged"
    assert protected.get(file) == before
    assert list(protected.storage.objects) == [object_key(SUB, file.id)]
    assert (count(Metric.FILE_SCAN_FAILED), count(Metric.FILE_REJECTED)) == (1, 0)


def test_later_scan_without_protection_is_not_read(bench: Bench) -> None:
    file = bench.upload(bench.announce(), scan_status="THREATS_FOUND")
    assert bench.check(file) == "available"
    assert bench.check(file) == "unchanged"


@pytest.mark.parametrize("is_protected", [False, True])
def test_repeated_uploads_are_deleted_before_acceptance(is_protected: bool) -> None:
    bench = Bench(malware_protection=is_protected)
    file = bench.announce()
    for _ in range(3):
        bench.upload(file, scan_status=CLEAN)
    assert bench.check(file) == "available"
    assert bench.storage.count_versions(SUB, file.id) == 1


@pytest.mark.parametrize("is_protected", [False, True])
def test_repeated_upload_after_acceptance_is_deleted(is_protected: bool) -> None:
    """The form remains valid for 15 minutes."""
    bench = Bench(malware_protection=is_protected)
    file = accept(bench)
    before = bench.get(file)
    bench.upload(file)
    assert bench.check(file) == "unchanged"
    assert bench.storage.count_versions(SUB, file.id) == 1
    assert bench.get(file) == before


def test_failed_scan_of_a_repeated_upload_is_not_counted(protected: Bench) -> None:
    """The first upload remains, and has the tag of a clean scan."""
    file = accept(protected)
    protected.upload(file, scan_status="FAILED")
    with count_metrics() as count:
        assert protected.check(file, "FAILED") == "unchanged"
    assert count(Metric.FILE_SCAN_FAILED) == 0


def test_malware_in_a_repeated_upload_rejects_the_file(protected: Bench) -> None:
    """All uploads have the same content."""
    file = accept(protected)
    protected.upload(file, scan_status="THREATS_FOUND")
    assert protected.check(file) == "rejected"
    assert protected.storage.count_versions(SUB, file.id) == 0


class InterruptedRepository(InMemoryFileRepository):
    """Files whose rejection is stored, and whose response is lost."""

    def reject(self, *arguments: Any) -> bool:
        super().reject(*arguments)
        raise ServiceUnavailable


@pytest.mark.parametrize("is_available", [False, True])
def test_infected_file_is_counted_despite_an_interruption(protected: Bench, is_available: bool) -> None:
    """The repeated check only deletes the content, so it would not count the file."""
    file = accept(protected) if is_available else protected.upload(protected.announce())
    protected.storage.set_scan_status(SUB, file.id, "THREATS_FOUND")
    interrupted = InterruptedRepository(protected.repository.table, protected.repository.records)
    checker = FileChecker(interrupted, protected.storage, malware_protection=True)
    with count_metrics() as count:
        with pytest.raises(ServiceUnavailable):
            checker.check(FileCheckRequest(user_id=SUB, file_id=file.id))
        assert protected.check(file) == "deleted"
    assert count(Metric.FILE_INFECTED) == 1
    assert protected.storage.objects == {}


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
def test_file_that_is_deleted_concurrently_is_checked_again(bench: Bench, content: bytes) -> None:
    storage = ConcurrentDeletion(bench.repository)
    file = bench.announce()
    storage.upload(SUB, file, content)
    checker = FileChecker(bench.repository, storage, malware_protection=False)
    request = FileCheckRequest(user_id=SUB, file_id=file.id)
    with pytest.raises(ServiceUnavailable):
        checker.check(request)
    assert checker.check(request).outcome == "deleted"
    assert bench.count_quota() == (0, 0)


def test_content_that_cannot_be_read_is_not_rejected(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    file = bench.upload(bench.announce())
    monkeypatch.setattr(bench.storage, "read", lambda *_: None)
    with pytest.raises(UpstreamError):
        bench.check(file)
    assert bench.get(file) == file


@pytest.mark.parametrize("is_uploaded", [False, True])
def test_failure_of_s3_changes_nothing(bench: Bench, is_uploaded: bool) -> None:
    file = bench.announce(minutes_ago=31)
    if is_uploaded:
        bench.upload(file)
    bench.storage.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        bench.check(file)
    assert bench.get(file) == file


def test_content_of_an_interrupted_deletion_is_deleted(bench: Bench) -> None:
    """Reconciliation has found content of a user who was not erased, without a record."""
    file = bench.upload(bench.announce())
    bench.repository.records.files.clear()
    request = FileCheckRequest(user_id=SUB, file_id=file.id, keep_versions=True)
    assert [bench.checker.check(request).outcome for _ in range(2)] == ["deleted", "unchanged"]
    assert bench.storage.list_file_ids(SUB) == set()
