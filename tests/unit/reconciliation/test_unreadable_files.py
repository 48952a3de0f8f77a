"""Records of files that cannot be read are counted. They stop neither the scan nor the repair of other files."""

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.metrics import Metric
from chalicelib.files.models import FileStatus
from tests.support.data import OTHER_SUB, SUB
from tests.support.file_scan import PDF, FileScanBench
from tests.support.reconciliation import count_metrics


def test_unreadable_counters_do_not_stop_the_scan(bench: FileScanBench) -> None:
    bench.add(FileStatus.SCANNING, user_id=OTHER_SUB)
    bench.repository.records.unreadable_quotas.add(OTHER_SUB)
    pending = bench.add(FileStatus.SCANNING)
    with count_metrics() as count:
        progress = bench.scan()
    assert (progress.is_finished, progress.unreadable, progress.files) == (True, 1, 1)
    assert bench.starter.started == [(SUB, pending.id)]
    assert count(Metric.RECONCILIATION_INTERRUPTED) == 1


def test_other_files_of_the_user_are_repaired(bench: FileScanBench) -> None:
    bench.damage(bench.add())
    pending, deleted = bench.add(FileStatus.SCANNING), bench.add()
    bench.delete(deleted)
    with count_metrics() as count:
        progress = bench.scan()
    assert (progress.unreadable, progress.files, progress.stopped) == (1, 1, False)
    assert bench.starter.started == [(SUB, pending.id), (SUB, deleted.id)]
    assert count(Metric.RECONCILIATION_INTERRUPTED) == 1


@pytest.mark.parametrize("status", [FileStatus.AVAILABLE, FileStatus.REJECTED])
def test_content_of_an_unreadable_file_remains(bench: FileScanBench, status: FileStatus) -> None:
    file = bench.add(status)
    bench.damage(file)
    progress = bench.scan()
    bench.run_checks()
    assert (progress.without_record, progress.stopped) == (0, False)
    assert bench.storage.list_file_ids(SUB) == {file.id}


def test_counters_with_an_unreadable_file_are_unchanged(bench: FileScanBench) -> None:
    bench.damage(bench.add(minutes_ago=61))
    before = bench.repository.records.quotas[SUB]
    assert bench.scan().repaired == 0
    assert bench.repository.records.quotas[SUB] == before, "neither repaired nor checked"


@pytest.mark.parametrize("status", [FileStatus.AVAILABLE, FileStatus.REJECTED])
def test_deletion_of_an_unreadable_file_is_completed(bench: FileScanBench, status: FileStatus) -> None:
    """The request was interrupted before it deleted the object."""
    bench.add()
    file = bench.add(status)
    bench.damage(file)
    bench.repository.delete_unreadable(SUB, file.id, utc_now())
    progress = bench.scan()
    bench.run_checks()
    assert (progress.repaired, progress.stopped, len(bench.storage.list_file_ids(SUB))) == (1, False, 1)
    quota, _ = bench.repository.list_all(SUB)
    assert (quota.files, quota.bytes) == (1, len(PDF))
