"""The conversion between files and items."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import logs
from chalicelib.core.errors import UnreadableItem
from chalicelib.files.models import FileCategory, FileRejection, FileStatus
from chalicelib.files.records import (
    QUOTA_RECORD,
    StoredFile,
    StoredQuota,
    build_key,
    to_item,
    to_quota,
    to_stored_file,
    to_user_files,
)
from tests.support.contracts import NOW
from tests.support.data import SUB
from tests.support.file_contracts import build_file


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Return the lines of the log."""
    lines: list[str] = []
    logs.sinks.append(lines.append)
    yield lines
    logs.sinks.pop()


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


CHANGED = dataclasses.replace(
    build_file(), file=build_file().file.model_copy(update={"rejection": FileRejection.MALWARE})
)


@pytest.mark.parametrize("stored", [{"S": "genome"}, {"NULL": True}, {"N": "1"}])
@pytest.mark.parametrize(("field", "expected"), [("category", FileCategory.OTHER), ("rejection", None)])
def test_value_of_a_later_release_has_a_substitute(field: str, expected: object, stored: Any) -> None:
    file = to_stored_file({**to_item(SUB, CHANGED), field: stored}).file
    assert file == CHANGED.file.model_copy(update={field: expected})


def test_substituted_values_are_logged_without_them(log: list[str]) -> None:
    to_stored_file({**to_item(SUB, CHANGED), "category": {"S": "genome"}})
    assert CHANGED.file.id in "".join(log)
    assert "genome" not in "".join(log)


@pytest.mark.parametrize(
    ("field", "stored"),
    [
        ("status", {"S": "archived"}),
        ("name", {"NULL": True}),
        ("size", {"N": "1.5"}),
        ("size", {"S": "10"}),
        ("version", {"S": "one"}),
        ("version", {"S": "1"}),
        ("created_at", {"S": "yesterday"}),
        ("expires_at", {"S": "soon"}),
        ("expires_at", {"N": "1.5"}),
        ("expires_at", {"BOOL": True}),
    ],
)
def test_record_with_an_invalid_value_is_unreadable(field: str, stored: Any) -> None:
    item = {**to_item(SUB, CHANGED), "category": {"S": "genome"}, field: stored}
    with pytest.raises(UnreadableItem):
        to_stored_file(item)


@pytest.mark.parametrize("name", ["bytes", "files", "uploads", "changed_at", "checked_at", "revision"])
@pytest.mark.parametrize("stored", [{"N": "1.5"}, {"S": "1"}, {"NULL": True}])
def test_counter_of_another_type_is_unreadable(name: str, stored: Any) -> None:
    with pytest.raises(UnreadableItem):
        to_quota({"files": {"N": "1"}, name: stored})


def test_day_of_another_type_is_unreadable() -> None:
    with pytest.raises(UnreadableItem):
        to_quota({"uploads_on": {"N": "20260101"}})


def test_unreadable_file_is_skipped_and_logged_without_values(log: list[str]) -> None:
    readable, damaged = build_file(), build_file()
    quota: Any = build_key(SUB, QUOTA_RECORD) | {"files": {"N": "2"}}
    items = [quota, {**to_item(SUB, damaged), "status": {"S": "archived"}}, to_item(SUB, readable)]
    assert to_user_files(items) == (StoredQuota(files=2), [readable], [damaged.file.id])
    assert damaged.file.id in "".join(log)
    assert "archived" not in "".join(log)


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
