"""What `make reconcile` prints about a run."""

import pytest

from chalicelib.reconciliation.file_scan import FileProgress
from chalicelib.reconciliation.models import ReconciliationReport
from tools import reconcile


def list_problems(report: ReconciliationReport) -> list[str]:
    return list(reconcile._describe_problems(report.model_dump(mode="json")))


def test_finished_run_has_no_problem() -> None:
    assert list_problems(ReconciliationReport(status="finished")) == []


def test_stopped_scan_of_files_is_a_problem() -> None:
    (problem,) = list_problems(ReconciliationReport(status="finished", files=FileProgress(stopped=True)))
    assert "that the tables and the bucket are the right ones" in problem


def test_summary_has_the_numbers_of_files(capsys: pytest.CaptureFixture[str]) -> None:
    report = ReconciliationReport(status="finished", files=FileProgress(files=7, checks=2, lost=1))
    reconcile._print_summary(report.model_dump(mode="json"), dry_run=False)
    assert "7 compared, 2 to check, 1 without content" in capsys.readouterr().out
