"""The scan over the files of users, over fakes."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable
from chalicelib.core.metrics import Metric
from chalicelib.files.checking import FileChecker, FileCheckRequest
from chalicelib.files.models import File, FileRejection, FileStatus, FileType
from chalicelib.files.records import StoredFile, StoredQuota
from chalicelib.files.repository import FileLimits
from chalicelib.reconciliation.file_scan import SETTLED_AFTER, FileProgress, FileScan
from tests.support.contracts import build_profile
from tests.support.data import OTHER_SUB, SUB
from tests.support.fakes import InMemoryCheckpoints, InMemoryProfileRepository, InMemoryTable
from tests.support.file_contracts import build_file
from tests.support.file_fakes import (
    SCAN_PAGE_SIZE,
    FakeFileCheckStarter,
    InMemoryFileRepository,
    InMemoryFileStorage,
)
from tests.support.reconciliation import count_metrics
from tests.support.sample_files import SAMPLES

PDF: Final = SAMPLES[FileType.PDF]
LIMITS: Final = FileLimits(files=10_000, bytes=10**9, uploads_per_day=10_000)
MINUTES: Final = 5  # since the last change, unless a test needs more
SETTLED_MINUTES: Final = 61


class Bench:
    """Users with files, and the scan over them."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.table = InMemoryTable()
        self.profiles = InMemoryProfileRepository(self.table)
        self.repository = InMemoryFileRepository(self.table)
        self.storage = InMemoryFileStorage()
        self.starter = FakeFileCheckStarter()
        self.checkpoints = InMemoryCheckpoints()
        self.threads = threads

    def add(
        self,
        status: FileStatus = FileStatus.AVAILABLE,
        user_id: str = SUB,
        *,
        minutes_ago: int = MINUTES,
        has_object: bool = True,
    ) -> File:
        """Store a file of this age with this status, and its content."""
        moment = utc_now() - timedelta(minutes=minutes_ago)
        self.profiles.create_if_absent(build_profile(user_id))
        stored = build_file(moment=moment, content=PDF)
        assert self.repository.create(user_id, stored, LIMITS, moment)
        if status is FileStatus.REJECTED:
            self.repository.reject(user_id, stored, FileRejection.MALWARE, moment)
        elif status is not FileStatus.AWAITING_UPLOAD:
            self.repository.set_status(user_id, stored.file.id, status, moment)
        if has_object:
            self.storage.upload(user_id, stored.file, PDF)
        return stored.file

    def add_checked(self, minutes_ago: int, *, changed_minutes_ago: int) -> None:
        """Store a file, and a check of its user without a difference."""
        self.add(minutes_ago=changed_minutes_ago)
        quota, _ = self.repository.list_all(SUB)
        self.repository.set_checked(SUB, quota, utc_now() - timedelta(minutes=minutes_ago))

    def scan(self, is_over: Callable[[], bool] = lambda: False, *, dry_run: bool = False) -> FileProgress:
        """Run the scan, from its checkpoint."""
        scan = FileScan(self.checkpoints, self.repository, self.storage, self.starter, self.threads, dry_run=dry_run)
        scan.load()
        scan.run(is_over)
        return scan.progress

    def run_checks(self) -> None:
        """Run the checks that the scan has started."""
        checker = FileChecker(self.repository, self.storage, malware_protection=False)
        for user_id, file_id in self.starter.started:
            checker.check(FileCheckRequest(user_id=user_id, file_id=file_id))
        self.starter.started.clear()

    def get_checked_at(self) -> int:
        return self.repository.list_all(SUB)[0].checked_at


@pytest.fixture
def bench() -> Iterator[Bench]:
    with ThreadPoolExecutor(2) as threads:
        yield Bench(threads)


def test_files_that_agree_are_unchanged(bench: Bench) -> None:
    bench.add()
    bench.add(FileStatus.REJECTED, has_object=False)
    bench.add(FileStatus.AWAITING_UPLOAD, has_object=False)
    before = bench.repository.list_all(SUB)
    progress = bench.scan()
    assert (progress.is_finished, progress.users, progress.files, progress.checks) == (True, 1, 3, 0)
    assert (progress.repaired, progress.lost, progress.stopped) == (0, 0, False)
    assert bench.repository.list_all(SUB) == before
    assert bench.starter.started == []


def test_stage_without_files_is_finished(bench: Bench) -> None:
    assert bench.scan() == FileProgress(phase="finished")


def test_expired_reservation_is_given_back(bench: Bench) -> None:
    file = bench.add(FileStatus.AWAITING_UPLOAD, minutes_ago=31, has_object=False)
    bench.scan()
    assert bench.starter.started == [(SUB, file.id)]
    bench.run_checks()
    quota, files = bench.repository.list_all(SUB)
    assert (quota.files, quota.bytes, files) == (0, 0, [])


@pytest.mark.parametrize("status", [FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING])
def test_upload_without_a_completed_check_is_checked(bench: Bench, status: FileStatus) -> None:
    file = bench.add(status)
    bench.scan()
    assert bench.starter.started == [(SUB, file.id)]
    bench.run_checks()
    stored = bench.repository.get(SUB, file.id)
    assert stored is not None
    assert stored.file.status is FileStatus.AVAILABLE


def test_content_of_a_rejected_file_is_deleted(bench: Bench) -> None:
    file = bench.add(FileStatus.REJECTED)
    bench.scan()
    assert bench.starter.started == [(SUB, file.id)]
    bench.run_checks()
    assert bench.storage.objects == {}


def test_content_of_a_deleted_file_is_deleted(bench: Bench) -> None:
    """The request that has deleted the file was interrupted before it deleted the object."""
    remaining, deleted = bench.add(), bench.add()
    stored = bench.repository.get(SUB, deleted.id)
    assert stored is not None
    bench.repository.delete(SUB, stored, utc_now())
    bench.scan()
    assert bench.starter.started == [(SUB, deleted.id)]
    bench.run_checks()
    assert bench.storage.list_file_ids(SUB) == {remaining.id}


def test_content_of_an_erased_user_is_deleted(bench: Bench) -> None:
    """An upload that has started before the erasure arrives after it."""
    bench.add()
    bench.storage.upload(OTHER_SUB, file := build_file(content=PDF).file, PDF)
    progress = bench.scan()
    assert bench.starter.started == [(OTHER_SUB, file.id)]
    assert (progress.checks, progress.users) == (1, 1)
    bench.run_checks()
    assert bench.storage.list_file_ids(OTHER_SUB) == set()
    assert len(bench.storage.list_file_ids(SUB)) == 1


@pytest.mark.parametrize("status", [FileStatus.SCANNING, FileStatus.AVAILABLE])
def test_file_without_content_is_removed(bench: Bench, status: FileStatus) -> None:
    bench.add()
    lost = bench.add(status, has_object=False)
    assert bench.scan().lost == 1
    assert bench.starter.started == [(SUB, lost.id)]
    bench.run_checks()
    quota, files = bench.repository.list_all(SUB)
    assert (quota.files, len(files)) == (1, 1)


@pytest.mark.parametrize(
    ("lost", "present", "is_stopped"),
    [(10, 0, False), (11, 50, True), pytest.param(11, 1100, False, marks=pytest.mark.long)],
)
def test_too_many_files_without_content_stop_the_scan(bench: Bench, lost: int, present: int, is_stopped: bool) -> None:
    """A wrong bucket has no content of any file."""
    for number in range(lost + present):
        bench.add(has_object=number >= lost)
    with count_metrics() as count:
        progress = bench.scan()
    assert (progress.stopped, progress.lost, progress.is_finished) == (is_stopped, lost, True)
    assert len(bench.starter.started) == (0 if is_stopped else lost)
    assert count(Metric.RECONCILIATION_STOPPED) == is_stopped


def test_stopped_scan_still_checks_other_files(bench: Bench) -> None:
    for _ in range(11):
        bench.add(has_object=False)
    pending = bench.add(FileStatus.SCANNING)
    assert bench.scan().stopped
    assert bench.starter.started == [(SUB, pending.id)]


@pytest.mark.long
def test_stopped_scan_removes_no_file_of_further_pages(bench: Bench) -> None:
    """A wrong bucket is a reason to remove nothing, even if later users have many files."""
    users = sorted(f"{number:03}" for number in range(SCAN_PAGE_SIZE + 1))
    for user_id in users[:11]:
        bench.add(user_id=user_id, has_object=False)
    for user_id in users[11:-1]:
        bench.add(user_id=user_id)
    for number in range(1100):
        bench.add(user_id=users[-1], has_object=number > 0)
    with count_metrics() as count:
        progress = bench.scan()
    assert (progress.stopped, progress.lost, bench.starter.started) == (True, 12, [])
    assert count(Metric.RECONCILIATION_STOPPED) == 1


@pytest.mark.parametrize(("strangers", "is_stopped"), [(10, False), (11, True)])
def test_too_many_users_without_records_stop_the_scan(bench: Bench, strangers: int, is_stopped: bool) -> None:
    """In a wrong or an empty table, no user has records. Their content must not be deleted."""
    bench.add()
    for number in range(strangers):
        bench.storage.upload(f"stranger-{number}", build_file(content=PDF).file, PDF)
    with count_metrics() as count:
        progress = bench.scan()
    assert (progress.stopped, progress.is_finished) == (is_stopped, True)
    assert len(bench.starter.started) == (0 if is_stopped else strangers)
    assert count(Metric.RECONCILIATION_STOPPED) == is_stopped


@pytest.mark.long
def test_few_of_many_users_without_records_do_not_stop_the_scan(bench: Bench) -> None:
    for number in range(1200):
        bench.storage.upload(f"user-{number}", build_file(content=PDF).file, PDF)
        bench.repository.records.quotas[f"user-{number}"] = StoredQuota()
    for number in range(12):
        bench.storage.upload(f"z-{number}", build_file(content=PDF).file, PDF)
    bench.scan()
    progress = bench.scan()
    assert (progress.stopped, progress.strangers) == (False, 12)


def test_wrong_bucket_deletes_no_content_of_its_users(bench: Bench) -> None:
    """The bucket of another stage has neither the content of these files nor users with records here."""
    for number in range(11):
        bench.add(user_id=f"user-{number}", has_object=False)
    bench.storage.upload(OTHER_SUB, build_file(content=PDF).file, PDF)
    progress = bench.scan()
    assert (progress.stopped, bench.starter.started) == (True, [])


def set_counters(bench: Bench, **counters: Any) -> None:
    bench.repository.records.quotas[SUB] = replace(bench.repository.records.quotas[SUB], **counters)


@pytest.mark.parametrize("counters", [{"files": 7}, {"bytes": 0}, {"files": -1, "bytes": -5}])
def test_wrong_counters_are_repaired(bench: Bench, counters: dict[str, int]) -> None:
    bench.add()
    bench.add(FileStatus.REJECTED, has_object=False)
    set_counters(bench, **counters)
    progress = bench.scan()
    quota, _ = bench.repository.list_all(SUB)
    assert (progress.repaired, quota.files, quota.bytes) == (1, 1, len(PDF))


class ChangingRepository(InMemoryFileRepository):
    """Files of which another one is created after they were read."""

    def list_all(self, user_id: str) -> tuple[StoredQuota, list[StoredFile]]:
        found = super().list_all(user_id)
        self.create(user_id, build_file(content=PDF), LIMITS, utc_now())
        return found


def test_counters_of_a_concurrent_change_are_not_repaired(bench: Bench) -> None:
    bench.add()
    set_counters(bench, files=7)
    bench.repository = ChangingRepository(bench.table, bench.repository.records)
    assert bench.scan().repaired == 0
    assert bench.repository.records.quotas[SUB].files == 8


def test_dry_run_changes_nothing(bench: Bench) -> None:
    bench.add(minutes_ago=SETTLED_MINUTES)
    bench.add(FileStatus.SCANNING, minutes_ago=SETTLED_MINUTES)
    bench.add(has_object=False, minutes_ago=SETTLED_MINUTES)
    bench.storage.upload(OTHER_SUB, build_file(content=PDF).file, PDF)
    set_counters(bench, files=7)
    records = dict(bench.repository.records.files), dict(bench.repository.records.quotas)
    progress = bench.scan(dry_run=True)
    assert (progress.checks, progress.lost, progress.repaired) == (3, 1, 0)
    assert (bench.starter.started, bench.get_checked_at()) == ([], 0)
    assert (bench.repository.records.files, bench.repository.records.quotas) == records


def test_dry_run_of_agreeing_files_stores_no_check(bench: Bench) -> None:
    bench.add(minutes_ago=SETTLED_MINUTES)
    bench.scan(dry_run=True)
    assert bench.get_checked_at() == 0


def test_check_after_the_last_change_settles_is_stored(bench: Bench) -> None:
    bench.add(minutes_ago=SETTLED_MINUTES)
    bench.scan()
    assert bench.get_checked_at() >= int((utc_now() - timedelta(minutes=1)).timestamp() * 1000)


def test_check_soon_after_a_change_is_not_stored(bench: Bench) -> None:
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
def test_check_with_a_difference_is_not_stored(bench: Bench, status: FileStatus, has_object: bool) -> None:
    bench.add(status, has_object=has_object, minutes_ago=SETTLED_MINUTES)
    bench.scan()
    assert bench.get_checked_at() == 0


def test_check_with_wrong_counters_is_not_stored(bench: Bench) -> None:
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
    bench: Bench, checked_minutes_ago: int, changed_minutes_ago: int, is_compared: bool
) -> None:
    bench.add_checked(checked_minutes_ago, changed_minutes_ago=changed_minutes_ago)
    assert bench.scan().users == is_compared


def test_new_file_is_compared_after_a_check(bench: Bench) -> None:
    bench.add_checked(0, changed_minutes_ago=SETTLED_MINUTES)
    bench.add(minutes_ago=0)
    assert bench.scan().files == 2


def test_form_expires_before_a_check_settles() -> None:
    created = utc_now()
    stored = build_file(moment=created)
    assert stored.has_expired(created + SETTLED_AFTER - timedelta(minutes=20))


def test_scan_reads_all_pages(bench: Bench) -> None:
    for number in range(SCAN_PAGE_SIZE + 50):
        bench.add(user_id=f"user-{number:03}")
    strangers = [f"z-{number:03}" for number in range(5)]
    for user_id in strangers:
        bench.storage.upload(user_id, build_file(content=PDF).file, PDF)
    progress = bench.scan()
    assert (progress.users, progress.files) == (SCAN_PAGE_SIZE + 50, SCAN_PAGE_SIZE + 50)
    assert sorted(user_id for user_id, _ in bench.starter.started) == strangers


def stop_after(pages: int) -> Callable[[], bool]:
    """Return a clock whose time is over after this number of pages."""
    remaining = iter([False] * pages)
    return lambda: next(remaining, True)


def test_scan_resumes_from_its_checkpoint(bench: Bench) -> None:
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


def test_finished_scan_starts_again(bench: Bench) -> None:
    bench.add()
    assert bench.scan() == bench.scan()


def test_unfinished_page_is_not_counted(bench: Bench) -> None:
    """The next run processes it again."""
    for number in range(20):
        bench.add(user_id=f"user-{number:03}", has_object=number >= 8)
    progress = bench.scan(stop_after(10))
    assert progress == FileProgress()
    progress = bench.scan()
    assert (progress.files, progress.lost, progress.stopped) == (20, 8, False)


def test_check_that_does_not_start_ends_the_scan_at_its_page(bench: Bench) -> None:
    bench.add(FileStatus.SCANNING)
    bench.starter.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        bench.scan()
    bench.starter.fail_with = None
    assert bench.scan().checks == 1


def test_erasure_during_the_scan_leaves_no_record(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is erased after the scan has read the counters."""
    bench.add(minutes_ago=SETTLED_MINUTES)
    listed = bench.repository.scan_quotas(None)
    bench.repository.delete_all(SUB)
    bench.storage.delete_all_versions(SUB)
    monkeypatch.setattr(bench.repository, "scan_quotas", lambda _: listed)
    assert bench.scan().is_finished
    assert bench.repository.records.quotas == {}
