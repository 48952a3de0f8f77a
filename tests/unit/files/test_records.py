"""The conversion between files and items."""

import dataclasses
from datetime import timedelta

import pytest

from chalicelib.files.models import FileRejection, FileStatus
from chalicelib.files.records import StoredFile, StoredQuota, to_item, to_quota, to_stored_file
from tests.support.contracts import NOW
from tests.support.data import SUB
from tests.support.file_contracts import build_file


def test_item_has_the_documented_attributes() -> None:
    stored = build_file()
    assert to_item(SUB, stored) == {
        "user_id": {"S": SUB},
        "record": {"S": f"file#{stored.file.id}"},
        "name": {"S": "Blood test.pdf"},
        "content_type": {"S": "application/pdf"},
        "size": {"N": "10"},
        "sha256": {"S": stored.file.sha256},
        "category": {"S": "lab-report"},
        "status": {"S": "awaiting-upload"},
        "created_at": {"S": "2026-01-01T13:00:00.000Z"},
        "updated_at": {"S": "2026-01-01T13:00:00.000Z"},
        "version": {"N": "1"},
        "expires_at": {"N": str(int(NOW.timestamp()) + 1800)},
    }


@pytest.mark.parametrize(
    "changes", [{}, {"status": FileStatus.REJECTED, "rejection": FileRejection.MALWARE}, {"version": 7}]
)
def test_item_of_a_file_is_read_as_the_same_file(changes: dict[str, object]) -> None:
    stored = build_file()
    changed = dataclasses.replace(stored, file=stored.file.model_copy(update=changes))
    assert to_stored_file(to_item(SUB, changed)) == changed


def test_item_without_counters_is_zero() -> None:
    assert to_quota({}) == StoredQuota()


def test_negative_counter_is_read() -> None:
    quota = to_quota({"files": {"N": "-1"}, "bytes": {"N": "-2048"}, "uploads_on": {"S": "2026-01-01"}})
    assert quota == StoredQuota(files=-1, bytes=-2048, uploads_on="2026-01-01")


@pytest.mark.parametrize(("minutes", "has_expired"), [(29, False), (30, True), (31, True)])
def test_reservation_expires_at_its_time(minutes: int, has_expired: bool) -> None:
    assert build_file().has_expired(NOW + timedelta(minutes=minutes)) is has_expired


def test_file_without_a_reservation_does_not_expire() -> None:
    assert not StoredFile(build_file().file).has_expired(NOW + timedelta(days=400))


@pytest.mark.parametrize("status", FileStatus)
def test_rejected_file_does_not_count(status: FileStatus) -> None:
    file = build_file().file.model_copy(update={"status": status})
    assert StoredFile(file).is_counted is (status is not FileStatus.REJECTED)
