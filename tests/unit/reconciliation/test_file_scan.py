"""The scan over the files of users, over fakes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable
from chalicelib.files.checking import FileCheckRequest
from chalicelib.files.models import FileStatus
from chalicelib.files.records import UserFiles
from chalicelib.reconciliation.file_comparison import SETTLED_AFTER
from chalicelib.reconciliation.file_scan import FileProgress
from tests.support.data import OTHER_SUB, SUB
from tests.support.fakes.files import (
    SCAN_PAGE_SIZE,
    InMemoryFileRepository,
)
from tests.support.file_contracts import build_file
from tests.support.file_scan import LIMITS, PDF, FileScanFixture

SETTLED_MINUTES: Final = 61


def test_files_that_agree_are_unchanged(fixture: FileScanFixture) -> None:
    fixture.add()
    fixture.add(FileStatus.REJECTED, has_object=False)
    fixture.add(FileStatus.AWAITING_UPLOAD, has_object=False)
    before = fixture.repository.list_all(SUB)
    progress = fixture.scan()
    assert (progress.is_finished, progress.users, progress.files, progress.checks) == (True, 1, 3, 0)
    assert (progress.objects, progress.repaired, progress.without_object, progress.stopped) == (1, 0, 0, False)
    assert fixture.repository.list_all(SUB) == before
    assert fixture.starter.started == []


def test_stage_without_files_is_finished(fixture: FileScanFixture) -> None:
    assert fixture.scan() == FileProgress(phase="finished")


def test_expired_reservation_is_given_back(fixture: FileScanFixture) -> None:
    file = fixture.add(FileStatus.AWAITING_UPLOAD, minutes_ago=31, has_object=False)
    fixture.scan()
    assert fixture.starter.started == [(SUB, file.id)]
    fixture.run_checks()
    quota, files = fixture.repository.list_all(SUB)
    assert (quota.files, quota.bytes, files) == (0, 0, [])


@pytest.mark.parametrize("status", [FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING])
def test_upload_without_a_completed_check_is_checked(fixture: FileScanFixture, status: FileStatus) -> None:
    file = fixture.add(status)
    fixture.scan()
    assert fixture.starter.started == [(SUB, file.id)]
    fixture.run_checks()
    stored = fixture.repository.get(SUB, file.id)
    assert stored is not None
    assert stored.file.status is FileStatus.AVAILABLE


def test_content_of_a_rejected_file_is_deleted(fixture: FileScanFixture) -> None:
    file = fixture.add(FileStatus.REJECTED)
    fixture.scan()
    assert fixture.starter.started == [(SUB, file.id)]
    fixture.run_checks()
    assert fixture.storage.objects == {}


def test_content_of_a_deleted_file_is_deleted(fixture: FileScanFixture) -> None:
    """The request that has deleted the file was interrupted before it deleted the object."""
    remaining, deleted = fixture.add(), fixture.add()
    fixture.delete(deleted)
    fixture.scan()
    assert fixture.starter.requests == [FileCheckRequest(user_id=SUB, file_id=deleted.id, keep_versions=True)]
    fixture.run_checks()
    assert fixture.storage.list_file_ids(SUB) == {remaining.id}


def test_content_of_an_erased_user_is_deleted(fixture: FileScanFixture) -> None:
    """An upload that has started before the erasure arrives after it."""
    fixture.add()
    (file_id,) = fixture.add_content(fixture.erase(OTHER_SUB))
    progress = fixture.scan()
    assert fixture.starter.requests == [FileCheckRequest(user_id=OTHER_SUB, file_id=file_id, keep_versions=False)]
    assert (progress.checks, progress.users, progress.unexplained) == (1, 1, 0)
    fixture.run_checks()
    assert fixture.storage.list_file_ids(OTHER_SUB) == set()
    assert len(fixture.storage.list_file_ids(SUB)) == 1


@pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.AVAILABLE])
def test_file_without_content_is_removed(fixture: FileScanFixture, status: FileStatus) -> None:
    fixture.add()
    fixture.add()
    lost = fixture.add(status, has_object=False)
    assert fixture.scan().without_object == 1
    assert fixture.starter.started == [(SUB, lost.id)]
    fixture.run_checks()
    quota, files = fixture.repository.list_all(SUB)
    assert (quota.files, len(files)) == (2, 2)


def set_counters(fixture: FileScanFixture, **counters: Any) -> None:
    fixture.repository.records.quotas[SUB] = replace(fixture.repository.records.quotas[SUB], **counters)


@pytest.mark.parametrize("counters", [{"files": 7}, {"bytes": 0}, {"files": -1, "bytes": -5}])
def test_wrong_counters_are_repaired(fixture: FileScanFixture, counters: dict[str, int]) -> None:
    fixture.add()
    fixture.add(FileStatus.REJECTED, has_object=False)
    set_counters(fixture, **counters)
    progress = fixture.scan()
    quota, _ = fixture.repository.list_all(SUB)
    assert (progress.repaired, quota.files, quota.bytes) == (1, 1, len(PDF))


class ChangingRepository(InMemoryFileRepository):
    """Files of which another one is created after they were read."""

    def list_records(self, user_id: str) -> UserFiles:
        records = super().list_records(user_id)
        self.create(user_id, build_file(content=PDF), LIMITS, utc_now())
        return records


def test_counters_of_a_concurrent_change_are_not_repaired(fixture: FileScanFixture) -> None:
    fixture.add()
    set_counters(fixture, files=7)
    fixture.repository = ChangingRepository(fixture.table, fixture.repository.records)
    assert fixture.scan().repaired == 0
    assert fixture.repository.records.quotas[SUB].files == 8


def test_dry_run_changes_nothing(fixture: FileScanFixture) -> None:
    fixture.add(minutes_ago=SETTLED_MINUTES)
    fixture.add(FileStatus.SCANNING, minutes_ago=SETTLED_MINUTES)
    fixture.add(has_object=False, minutes_ago=SETTLED_MINUTES)
    fixture.add_content(fixture.erase(OTHER_SUB))
    set_counters(fixture, files=7)
    records = dict(fixture.repository.records.files), dict(fixture.repository.records.quotas)
    progress = fixture.scan(dry_run=True)
    assert (progress.checks, progress.without_object, progress.repaired) == (3, 1, 0)
    assert (fixture.starter.started, fixture.get_checked_at()) == ([], 0)
    assert (fixture.repository.records.files, fixture.repository.records.quotas) == records


def test_dry_run_of_agreeing_files_stores_no_check(fixture: FileScanFixture) -> None:
    fixture.add(minutes_ago=SETTLED_MINUTES)
    fixture.scan(dry_run=True)
    assert fixture.get_checked_at() == 0


def test_check_after_the_last_change_settles_is_stored(fixture: FileScanFixture) -> None:
    fixture.add(minutes_ago=SETTLED_MINUTES)
    fixture.scan()
    assert fixture.get_checked_at() >= int((utc_now() - timedelta(minutes=1)).timestamp() * 1000)


def test_check_soon_after_a_change_is_not_stored(fixture: FileScanFixture) -> None:
    """A form can still be used, and its upload may arrive later."""
    fixture.add(minutes_ago=SETTLED_MINUTES - 2)
    fixture.scan()
    assert fixture.get_checked_at() == 0


@pytest.mark.parametrize(
    ("status", "has_object"),
    [
        (FileStatus.AWAITING_UPLOAD, False),
        (FileStatus.SCANNING, True),
        (FileStatus.AVAILABLE, False),
        (FileStatus.REJECTED, True),
    ],
)
def test_check_with_a_difference_is_not_stored(fixture: FileScanFixture, status: FileStatus, has_object: bool) -> None:
    fixture.add(status, has_object=has_object, minutes_ago=SETTLED_MINUTES)
    fixture.scan()
    assert fixture.get_checked_at() == 0


def test_check_with_wrong_counters_is_not_stored(fixture: FileScanFixture) -> None:
    fixture.add(minutes_ago=SETTLED_MINUTES)
    set_counters(fixture, files=7)
    fixture.scan()
    assert fixture.get_checked_at() == 0


DAY: Final = 24 * 60


@pytest.mark.parametrize(
    ("checked_minutes_ago", "changed_minutes_ago", "is_compared"),
    [
        (0, 61, False),
        (6 * DAY, 7 * DAY, False),
        (0, 30, True),
        (60, 30, True),
        (8 * DAY, 9 * DAY, True),
    ],
    ids=["settled", "days ago", "not settled", "changed since", "a week ago"],
)
def test_user_is_compared_if_a_check_is_needed(
    fixture: FileScanFixture, checked_minutes_ago: int, changed_minutes_ago: int, is_compared: bool
) -> None:
    fixture.add_checked(checked_minutes_ago, changed_minutes_ago=changed_minutes_ago)
    assert fixture.scan().users == is_compared


def test_new_file_is_compared_after_a_check(fixture: FileScanFixture) -> None:
    fixture.add_checked(0, changed_minutes_ago=SETTLED_MINUTES)
    fixture.add(minutes_ago=0)
    assert fixture.scan().files == 2


def test_form_expires_before_a_check_settles() -> None:
    created = utc_now()
    stored = build_file(created_at=created)
    assert stored.has_expired(created + SETTLED_AFTER - timedelta(minutes=20))


def test_scan_reads_all_pages(fixture: FileScanFixture) -> None:
    for number in range(SCAN_PAGE_SIZE + 50):
        fixture.add(user_id=f"user-{number:03}")
    erased = [fixture.erase(f"z-{number:03}") for number in range(5)]
    for user_id in erased:
        fixture.add_content(user_id)
    progress = fixture.scan()
    assert (progress.users, progress.files) == (SCAN_PAGE_SIZE + 50, SCAN_PAGE_SIZE + 50)
    assert sorted(user_id for user_id, _ in fixture.starter.started) == erased


def stop_after(pages: int) -> Callable[[], bool]:
    """Return a clock whose time is over after this number of pages."""
    remaining = iter([False] * pages)
    return lambda: next(remaining, True)


def test_scan_resumes_from_its_checkpoint(fixture: FileScanFixture) -> None:
    for number in range(SCAN_PAGE_SIZE + 50):
        fixture.add(user_id=f"user-{number:03}", minutes_ago=SETTLED_MINUTES)
        quota, _ = fixture.repository.list_all(f"user-{number:03}")
        fixture.repository.set_checked(f"user-{number:03}", quota, utc_now())
    first = fixture.scan(stop_after(1))
    assert (first.phase, first.is_finished) == ("records", False)
    assert first.cursor is not None
    second = fixture.scan(stop_after(1))
    assert (second.phase, second.cursor) == ("objects", None)
    assert fixture.scan().is_finished


def test_finished_scan_starts_again(fixture: FileScanFixture) -> None:
    fixture.add()
    assert fixture.scan() == fixture.scan()


def test_unfinished_page_is_not_counted(fixture: FileScanFixture) -> None:
    """The next run processes it again."""
    for number in range(20):
        fixture.add(user_id=f"user-{number:03}", has_object=number >= 8)
    progress = fixture.scan(stop_after(10))
    assert progress == FileProgress()
    progress = fixture.scan()
    assert (progress.files, progress.without_object, progress.stopped) == (20, 8, False)


def test_end_of_the_run_ends_the_start_of_checks(fixture: FileScanFixture) -> None:
    for number in range(9):
        fixture.add(FileStatus.SCANNING, user_id=f"user-{number}")
    progress = fixture.scan(stop_after(14))
    assert (progress, len(fixture.starter.started)) == (FileProgress(), 4)
    assert fixture.scan().checks == 9


def test_check_that_does_not_start_ends_the_scan_at_its_page(fixture: FileScanFixture) -> None:
    fixture.add(FileStatus.SCANNING)
    fixture.starter.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        fixture.scan()
    fixture.starter.fail_with = None
    assert fixture.scan().checks == 1


def test_erasure_during_the_scan_leaves_no_record(fixture: FileScanFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is erased after the scan has read the counters."""
    fixture.add(minutes_ago=SETTLED_MINUTES)
    listed = fixture.repository.scan_quotas(None)
    fixture.repository.delete_all(SUB)
    fixture.storage.delete_all_versions(SUB)
    monkeypatch.setattr(fixture.repository, "scan_quotas", lambda _: listed)
    assert fixture.scan().is_finished
    assert fixture.repository.records.quotas == {}
