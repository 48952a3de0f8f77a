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
from tests.support.file_scan import LIMITS, PDF, FileScanBench

SETTLED_MINUTES: Final = 61


def test_files_that_agree_are_unchanged(bench: FileScanBench) -> None:
    bench.add()
    bench.add(FileStatus.REJECTED, has_object=False)
    bench.add(FileStatus.AWAITING_UPLOAD, has_object=False)
    before = bench.repository.list_all(SUB)
    progress = bench.scan()
    assert (progress.is_finished, progress.users, progress.files, progress.checks) == (True, 1, 3, 0)
    assert (progress.objects, progress.repaired, progress.without_object, progress.stopped) == (1, 0, 0, False)
    assert bench.repository.list_all(SUB) == before
    assert bench.starter.started == []


def test_stage_without_files_is_finished(bench: FileScanBench) -> None:
    assert bench.scan() == FileProgress(phase="finished")


def test_expired_reservation_is_given_back(bench: FileScanBench) -> None:
    file = bench.add(FileStatus.AWAITING_UPLOAD, minutes_ago=31, has_object=False)
    bench.scan()
    assert bench.starter.started == [(SUB, file.id)]
    bench.run_checks()
    quota, files = bench.repository.list_all(SUB)
    assert (quota.files, quota.bytes, files) == (0, 0, [])


@pytest.mark.parametrize("status", [FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING])
def test_upload_without_a_completed_check_is_checked(bench: FileScanBench, status: FileStatus) -> None:
    file = bench.add(status)
    bench.scan()
    assert bench.starter.started == [(SUB, file.id)]
    bench.run_checks()
    stored = bench.repository.get(SUB, file.id)
    assert stored is not None
    assert stored.file.status is FileStatus.AVAILABLE


def test_content_of_a_rejected_file_is_deleted(bench: FileScanBench) -> None:
    file = bench.add(FileStatus.REJECTED)
    bench.scan()
    assert bench.starter.started == [(SUB, file.id)]
    bench.run_checks()
    assert bench.storage.objects == {}


def test_content_of_a_deleted_file_is_deleted(bench: FileScanBench) -> None:
    """The request that has deleted the file was interrupted before it deleted the object."""
    remaining, deleted = bench.add(), bench.add()
    bench.delete(deleted)
    bench.scan()
    assert bench.starter.requests == [FileCheckRequest(user_id=SUB, file_id=deleted.id, keep_versions=True)]
    bench.run_checks()
    assert bench.storage.list_file_ids(SUB) == {remaining.id}


def test_content_of_an_erased_user_is_deleted(bench: FileScanBench) -> None:
    """An upload that has started before the erasure arrives after it."""
    bench.add()
    (file_id,) = bench.add_content(bench.erase(OTHER_SUB))
    progress = bench.scan()
    assert bench.starter.requests == [FileCheckRequest(user_id=OTHER_SUB, file_id=file_id, keep_versions=False)]
    assert (progress.checks, progress.users, progress.unexplained) == (1, 1, 0)
    bench.run_checks()
    assert bench.storage.list_file_ids(OTHER_SUB) == set()
    assert len(bench.storage.list_file_ids(SUB)) == 1


@pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.AVAILABLE])
def test_file_without_content_is_removed(bench: FileScanBench, status: FileStatus) -> None:
    bench.add()
    bench.add()
    lost = bench.add(status, has_object=False)
    assert bench.scan().without_object == 1
    assert bench.starter.started == [(SUB, lost.id)]
    bench.run_checks()
    quota, files = bench.repository.list_all(SUB)
    assert (quota.files, len(files)) == (2, 2)


def set_counters(bench: FileScanBench, **counters: Any) -> None:
    bench.repository.records.quotas[SUB] = replace(bench.repository.records.quotas[SUB], **counters)


@pytest.mark.parametrize("counters", [{"files": 7}, {"bytes": 0}, {"files": -1, "bytes": -5}])
def test_wrong_counters_are_repaired(bench: FileScanBench, counters: dict[str, int]) -> None:
    bench.add()
    bench.add(FileStatus.REJECTED, has_object=False)
    set_counters(bench, **counters)
    progress = bench.scan()
    quota, _ = bench.repository.list_all(SUB)
    assert (progress.repaired, quota.files, quota.bytes) == (1, 1, len(PDF))


class ChangingRepository(InMemoryFileRepository):
    """Files of which another one is created after they were read."""

    def list_records(self, user_id: str) -> UserFiles:
        found = super().list_records(user_id)
        self.create(user_id, build_file(content=PDF), LIMITS, utc_now())
        return found


def test_counters_of_a_concurrent_change_are_not_repaired(bench: FileScanBench) -> None:
    bench.add()
    set_counters(bench, files=7)
    bench.repository = ChangingRepository(bench.table, bench.repository.records)
    assert bench.scan().repaired == 0
    assert bench.repository.records.quotas[SUB].files == 8


def test_dry_run_changes_nothing(bench: FileScanBench) -> None:
    bench.add(minutes_ago=SETTLED_MINUTES)
    bench.add(FileStatus.SCANNING, minutes_ago=SETTLED_MINUTES)
    bench.add(has_object=False, minutes_ago=SETTLED_MINUTES)
    bench.add_content(bench.erase(OTHER_SUB))
    set_counters(bench, files=7)
    records = dict(bench.repository.records.files), dict(bench.repository.records.quotas)
    progress = bench.scan(dry_run=True)
    assert (progress.checks, progress.without_object, progress.repaired) == (3, 1, 0)
    assert (bench.starter.started, bench.get_checked_at()) == ([], 0)
    assert (bench.repository.records.files, bench.repository.records.quotas) == records


def test_dry_run_of_agreeing_files_stores_no_check(bench: FileScanBench) -> None:
    bench.add(minutes_ago=SETTLED_MINUTES)
    bench.scan(dry_run=True)
    assert bench.get_checked_at() == 0


def test_check_after_the_last_change_settles_is_stored(bench: FileScanBench) -> None:
    bench.add(minutes_ago=SETTLED_MINUTES)
    bench.scan()
    assert bench.get_checked_at() >= int((utc_now() - timedelta(minutes=1)).timestamp() * 1000)


def test_check_soon_after_a_change_is_not_stored(bench: FileScanBench) -> None:
    """A form can still be used, and its upload may arrive later."""
    bench.add(minutes_ago=SETTLED_MINUTES - 2)
    bench.scan()
    assert bench.get_checked_at() == 0


@pytest.mark.parametrize(
    ("status", "has_object"),
    [
        (FileStatus.AWAITING_UPLOAD, False),
        (FileStatus.SCANNING, True),
        (FileStatus.AVAILABLE, False),
        (FileStatus.REJECTED, True),
    ],
)
def test_check_with_a_difference_is_not_stored(bench: FileScanBench, status: FileStatus, has_object: bool) -> None:
    bench.add(status, has_object=has_object, minutes_ago=SETTLED_MINUTES)
    bench.scan()
    assert bench.get_checked_at() == 0


def test_check_with_wrong_counters_is_not_stored(bench: FileScanBench) -> None:
    bench.add(minutes_ago=SETTLED_MINUTES)
    set_counters(bench, files=7)
    bench.scan()
    assert bench.get_checked_at() == 0


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
    bench: FileScanBench, checked_minutes_ago: int, changed_minutes_ago: int, is_compared: bool
) -> None:
    bench.add_checked(checked_minutes_ago, changed_minutes_ago=changed_minutes_ago)
    assert bench.scan().users == is_compared


def test_new_file_is_compared_after_a_check(bench: FileScanBench) -> None:
    bench.add_checked(0, changed_minutes_ago=SETTLED_MINUTES)
    bench.add(minutes_ago=0)
    assert bench.scan().files == 2


def test_form_expires_before_a_check_settles() -> None:
    created = utc_now()
    stored = build_file(moment=created)
    assert stored.has_expired(created + SETTLED_AFTER - timedelta(minutes=20))


def test_scan_reads_all_pages(bench: FileScanBench) -> None:
    for number in range(SCAN_PAGE_SIZE + 50):
        bench.add(user_id=f"user-{number:03}")
    erased = [bench.erase(f"z-{number:03}") for number in range(5)]
    for user_id in erased:
        bench.add_content(user_id)
    progress = bench.scan()
    assert (progress.users, progress.files) == (SCAN_PAGE_SIZE + 50, SCAN_PAGE_SIZE + 50)
    assert sorted(user_id for user_id, _ in bench.starter.started) == erased


def stop_after(pages: int) -> Callable[[], bool]:
    """Return a clock whose time is over after this number of pages."""
    remaining = iter([False] * pages)
    return lambda: next(remaining, True)


def test_scan_resumes_from_its_checkpoint(bench: FileScanBench) -> None:
    for number in range(SCAN_PAGE_SIZE + 50):
        bench.add(user_id=f"user-{number:03}", minutes_ago=SETTLED_MINUTES)
        quota, _ = bench.repository.list_all(f"user-{number:03}")
        bench.repository.set_checked(f"user-{number:03}", quota, utc_now())
    first = bench.scan(stop_after(1))
    assert (first.phase, first.is_finished) == ("records", False)
    assert first.cursor is not None
    second = bench.scan(stop_after(1))
    assert (second.phase, second.cursor) == ("objects", None)
    assert bench.scan().is_finished


def test_finished_scan_starts_again(bench: FileScanBench) -> None:
    bench.add()
    assert bench.scan() == bench.scan()


def test_unfinished_page_is_not_counted(bench: FileScanBench) -> None:
    """The next run processes it again."""
    for number in range(20):
        bench.add(user_id=f"user-{number:03}", has_object=number >= 8)
    progress = bench.scan(stop_after(10))
    assert progress == FileProgress()
    progress = bench.scan()
    assert (progress.files, progress.without_object, progress.stopped) == (20, 8, False)


def test_end_of_the_run_ends_the_start_of_checks(bench: FileScanBench) -> None:
    for number in range(9):
        bench.add(FileStatus.SCANNING, user_id=f"user-{number}")
    progress = bench.scan(stop_after(14))
    assert (progress, len(bench.starter.started)) == (FileProgress(), 4)
    assert bench.scan().checks == 9


def test_check_that_does_not_start_ends_the_scan_at_its_page(bench: FileScanBench) -> None:
    bench.add(FileStatus.SCANNING)
    bench.starter.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        bench.scan()
    bench.starter.fail_with = None
    assert bench.scan().checks == 1


def test_erasure_during_the_scan_leaves_no_record(bench: FileScanBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is erased after the scan has read the counters."""
    bench.add(minutes_ago=SETTLED_MINUTES)
    listed = bench.repository.scan_quotas(None)
    bench.repository.delete_all(SUB)
    bench.storage.delete_all_versions(SUB)
    monkeypatch.setattr(bench.repository, "scan_quotas", lambda _: listed)
    assert bench.scan().is_finished
    assert bench.repository.records.quotas == {}
