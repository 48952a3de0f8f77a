"""A wrong bucket or a wrong table must not remove files."""

import pytest

from chalicelib.core.metrics import Metric
from chalicelib.files.models import FileStatus
from tests.support.data import OTHER_SUB, SUB
from tests.support.fakes.files import SCAN_PAGE_SIZE
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


@pytest.mark.parametrize(
    ("without_record", "is_stopped"), [(1, False), (10, False), (11, True)], ids=["one", "ten", "eleven"]
)
def test_too_much_content_without_records_stops_the_scan(
    fixture: FileScanFixture, without_record: int, is_stopped: bool
) -> None:
    """An outdated table has no records of newer files. Ten can be left by interrupted deletions."""
    fixture.add()
    fixture.add_content(SUB, without_record)
    with count_metrics() as count:
        progress = fixture.scan()
    assert (progress.stopped, progress.without_record, progress.objects) == (
        is_stopped,
        without_record,
        without_record + 1,
    )
    assert len(fixture.starter.started) == (0 if is_stopped else without_record)
    assert count(Metric.RECONCILIATION_STOPPED) == is_stopped


@pytest.mark.long
def test_content_without_records_may_be_one_percent(fixture: FileScanFixture) -> None:
    for _ in range(1100):
        fixture.add()
    fixture.add_content(SUB, 11)
    assert (fixture.scan().stopped, len(fixture.starter.started)) == (False, 11)


def test_lost_records_delete_no_content(fixture: FileScanFixture) -> None:
    """The counters remain, and the records of the files are lost."""
    for number in range(30):
        fixture.add(user_id=f"user-{number % 3}")
    fixture.repository.records.files.clear()
    assert (fixture.scan().stopped, fixture.starter.started) == (True, [])


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
    progress = fixture.scan(remove_all_differing=True)
    assert (progress.stopped, progress.checks) == (False, 24)
