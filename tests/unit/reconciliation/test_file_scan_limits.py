"""A wrong bucket or a wrong table must not remove files."""

from collections.abc import Callable

import pytest

from chalicelib.core.metrics import Metric
from chalicelib.files.models import FileStatus
from chalicelib.files.records import UserFiles
from chalicelib.reconciliation.file_scan import FileProgress
from tests.support.data import OTHER_SUB, SUB
from tests.support.fakes.files import SCAN_PAGE_SIZE, InMemoryFileRepository
from tests.support.file_scan import FileScanFixture
from tests.support.reconciliation import count_metrics


@pytest.mark.parametrize(
    ("lost", "present", "is_stopped"),
    [
        (1, 0, True),
        (1, 1, True),
        (1, 2, False),
        (10, 0, True),
        (10, 11, False),
        (11, 50, True),
        pytest.param(11, 1100, False, marks=pytest.mark.long),
    ],
)
def test_too_many_files_without_content_stop_the_scan(
    fixture: FileScanFixture, lost: int, present: int, is_stopped: bool
) -> None:
    """A wrong bucket has no content of any file."""
    for number in range(lost + present):
        fixture.add(has_object=number >= lost)
    with count_metrics() as count:
        progress = fixture.scan()
    assert (progress.stopped, progress.without_object, progress.is_finished) == (is_stopped, lost, True)
    assert len(fixture.starter.started) == (0 if is_stopped else lost)
    assert count(Metric.RECONCILIATION_STOPPED) == is_stopped


@pytest.mark.parametrize("count", [1, 11, 200])
def test_interrupted_deletions_are_completed(fixture: FileScanFixture, count: int) -> None:
    """S3 was unavailable when the user deleted the files."""
    for file in [fixture.add() for _ in range(count)]:
        fixture.delete(file)
    progress = fixture.scan()
    assert (progress.stopped, progress.without_record, progress.checks) == (False, count, count)
    fixture.run_checks()
    assert fixture.storage.objects == {}
    assert fixture.scan().checks == 0


@pytest.mark.parametrize(
    ("compared", "without_record", "is_stopped"),
    [(0, 1000, False), (0, 1001, True), (9999, 1100, False), (9999, 1300, True)],
)
def test_too_much_content_without_records_stops_the_scan(
    fixture: FileScanFixture, compared: int, without_record: int, is_stopped: bool
) -> None:
    """An outage of S3 leaves less."""
    fixture.add()
    fixture.add_content(SUB, without_record)
    fixture.checkpoints.save("files", FileProgress(objects=compared).model_dump_json())
    with count_metrics() as count:
        progress = fixture.scan()
    assert (progress.stopped, progress.without_record) == (is_stopped, without_record)
    assert len(fixture.starter.started) == (0 if is_stopped else without_record)
    assert count(Metric.RECONCILIATION_STOPPED) == is_stopped


def test_lost_records_delete_no_content(fixture: FileScanFixture) -> None:
    """The counters remain, and the records of the files are lost. The next scan has the same result."""
    for number in range(30):
        fixture.add(user_id=f"user-{number % 3}")
    fixture.repository.records.files.clear()
    for _ in range(2):
        progress = fixture.scan()
        assert (progress.stopped, progress.unexplained, progress.repaired, fixture.starter.started) == (True, 3, 0, [])


def test_one_lost_record_deletes_no_content(fixture: FileScanFixture) -> None:
    fixture.add()
    lost = fixture.add()
    del fixture.repository.records.files[SUB, lost.id]
    assert (fixture.scan().stopped, fixture.starter.started) == (True, [])


def test_content_newer_than_the_counters_is_not_deleted(fixture: FileScanFixture) -> None:
    """An outdated table has counters and records that agree, and no records of newer files."""
    fixture.add(minutes_ago=30)
    fixture.add_content(SUB, minutes_ago=28)
    progress = fixture.scan()
    assert (progress.stopped, progress.unexplained, fixture.starter.started) == (True, 1, [])


class InterleavedRepository(InMemoryFileRepository):
    """Files that a request changes while they are read for the first time."""

    def __init__(self, fixture: FileScanFixture, change: Callable[[UserFiles], UserFiles]) -> None:
        super().__init__(fixture.table, fixture.repository.records)
        self._interleave = change

    def list_records(self, user_id: str) -> UserFiles:
        found = self._interleave(super().list_records(user_id))
        self._interleave = lambda found: found
        return found


def test_file_created_during_the_comparison_is_not_deleted(fixture: FileScanFixture) -> None:
    fixture.add(minutes_ago=30)

    def create(found: UserFiles) -> UserFiles:
        fixture.add(minutes_ago=0)
        return found

    fixture.repository = InterleavedRepository(fixture, create)
    progress = fixture.scan()
    assert (progress.stopped, progress.without_record, fixture.starter.started) == (False, 0, [])


def test_file_deleted_during_the_comparison_stops_no_scan(fixture: FileScanFixture) -> None:
    """The counters were read before the deletion, and the records after it."""
    fixture.add()
    deleted = fixture.add()

    def delete(found: UserFiles) -> UserFiles:
        fixture.delete(deleted)
        return found._replace(files=[stored for stored in found.files if stored.file.id != deleted.id])

    fixture.repository = InterleavedRepository(fixture, delete)
    assert fixture.scan().stopped is False
    assert fixture.starter.started == [(SUB, deleted.id)]


def test_content_of_a_user_without_records_is_not_deleted(fixture: FileScanFixture) -> None:
    """Only an erasure deletes all records of a user. In an empty table, the users have no records either."""
    fixture.add()
    fixture.repository.records.files.clear()
    fixture.repository.records.quotas.clear()
    with count_metrics() as count:
        progress = fixture.scan()
    assert (progress.unexplained, progress.stopped, progress.is_finished) == (1, True, True)
    assert fixture.starter.started == []
    assert count(Metric.RECONCILIATION_STOPPED) == 1


def test_content_of_an_unknown_user_is_not_deleted(fixture: FileScanFixture) -> None:
    """In a wrong table, there is neither a profile nor a tombstone."""
    fixture.add_content(OTHER_SUB)
    assert (fixture.scan().unexplained, fixture.starter.started) == (1, [])


def test_object_that_is_not_a_file_is_ignored(fixture: FileScanFixture) -> None:
    """An operator can create a folder in the console of S3."""
    fixture.add()
    (key,) = fixture.storage.objects
    fixture.storage.objects["files/folder/"] = fixture.storage.objects[key]
    fixture.storage.objects[f"files/{SUB}/note.txt"] = fixture.storage.objects[key]
    progress = fixture.scan()
    assert (progress.objects, progress.unexplained, progress.stopped, fixture.starter.started) == (1, 0, False, [])


def test_content_of_erased_users_is_always_deleted(fixture: FileScanFixture) -> None:
    fixture.add(has_object=False)
    users = [fixture.erase(f"z-{number:02}") for number in range(12)]
    for user_id in users:
        fixture.add_content(user_id)
    progress = fixture.scan()
    assert (progress.stopped, progress.of_erased_users, progress.without_record) == (True, 12, 0)
    assert [user_id for user_id, _ in fixture.starter.started] == users


def test_stopped_scan_still_checks_unfinished_files(fixture: FileScanFixture) -> None:
    for _ in range(11):
        fixture.add(has_object=False)
    pending = fixture.add(FileStatus.SCANNING)
    assert fixture.scan().stopped
    assert fixture.starter.started == [(SUB, pending.id)]


@pytest.mark.long
def test_stopped_scan_removes_no_file_of_further_pages(fixture: FileScanFixture) -> None:
    """A wrong bucket is a reason to remove nothing, even if later users have many files."""
    users = sorted(f"{number:03}" for number in range(SCAN_PAGE_SIZE + 1))
    for user_id in users[:11]:
        fixture.add(user_id=user_id, has_object=False)
    for user_id in users[11:-1]:
        fixture.add(user_id=user_id)
    for number in range(1100):
        fixture.add(user_id=users[-1], has_object=number > 0)
    with count_metrics() as count:
        progress = fixture.scan()
    assert (progress.stopped, progress.without_object, fixture.starter.started) == (True, 12, [])
    assert count(Metric.RECONCILIATION_STOPPED) == 1


def test_wrong_bucket_deletes_no_content_of_its_users(fixture: FileScanFixture) -> None:
    """The bucket of another stage has neither the content of these files nor users with records here."""
    for number in range(11):
        fixture.add(user_id=f"user-{number}", has_object=False)
    fixture.add_content(OTHER_SUB)
    progress = fixture.scan()
    assert (progress.stopped, fixture.starter.started) == (True, [])


def test_operator_can_remove_any_number_of_files(fixture: FileScanFixture) -> None:
    for _ in range(12):
        fixture.add(has_object=False)
    fixture.add_content(SUB, 12)
    fixture.add_content(SUB, 3, minutes_ago=1)
    progress = fixture.scan(remove_all_differing=True)
    assert (progress.stopped, progress.checks) == (False, 27)
