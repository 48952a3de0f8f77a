"""Records of files that cannot be read are counted. They stop neither the scan nor the repair of other files."""

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.metrics import Metric
from chalicelib.files.models import FileStatus
from tests.support.data import OTHER_SUB, SUB
from tests.support.file_scan import PDF, FileScanFixture
from tests.support.reconciliation import count_metrics


def test_unreadable_counters_do_not_stop_the_scan(fixture: FileScanFixture) -> None:
    fixture.add(FileStatus.SCANNING, user_id=OTHER_SUB)
    fixture.repository.records.unreadable_quotas.add(OTHER_SUB)
    pending = fixture.add(FileStatus.SCANNING)
    with count_metrics() as count:
        progress = fixture.scan()
    assert (progress.is_finished, progress.unreadable, progress.files) == (True, 1, 1)
    assert fixture.starter.started == [(SUB, pending.id)]
    assert count(Metric.RECONCILIATION_INTERRUPTED) == 1


def test_other_files_of_the_user_are_repaired(fixture: FileScanFixture) -> None:
    fixture.damage(fixture.add())
    pending, deleted = fixture.add(FileStatus.SCANNING), fixture.add()
    fixture.delete(deleted)
    with count_metrics() as count:
        progress = fixture.scan()
    assert (progress.unreadable, progress.files, progress.stopped) == (1, 1, False)
    assert fixture.starter.started == [(SUB, pending.id), (SUB, deleted.id)]
    assert count(Metric.RECONCILIATION_INTERRUPTED) == 1


@pytest.mark.parametrize("status", [FileStatus.AVAILABLE, FileStatus.REJECTED])
def test_content_of_an_unreadable_file_remains(fixture: FileScanFixture, status: FileStatus) -> None:
    file = fixture.add(status)
    fixture.damage(file)
    progress = fixture.scan()
    fixture.run_checks()
    assert (progress.without_record, progress.stopped) == (0, False)
    assert fixture.storage.list_file_ids(SUB) == {file.id}


def test_counters_with_an_unreadable_file_are_unchanged(fixture: FileScanFixture) -> None:
    fixture.damage(fixture.add(minutes_ago=61))
    before = fixture.repository.records.quotas[SUB]
    assert fixture.scan().repaired == 0
    assert fixture.repository.records.quotas[SUB] == before, "neither repaired nor checked"


@pytest.mark.parametrize("status", [FileStatus.AVAILABLE, FileStatus.REJECTED])
def test_deletion_of_an_unreadable_file_is_completed(fixture: FileScanFixture, status: FileStatus) -> None:
    """The request was interrupted before it deleted the object."""
    fixture.add()
    file = fixture.add(status)
    fixture.damage(file)
    fixture.repository.delete_unreadable(SUB, file.id, utc_now())
    progress = fixture.scan()
    fixture.run_checks()
    assert (progress.repaired, progress.stopped, len(fixture.storage.list_file_ids(SUB))) == (1, False, 1)
    quota, _ = fixture.repository.list_all(SUB)
    assert (quota.files, quota.bytes) == (1, len(PDF))
