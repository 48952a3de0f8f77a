"""What `make reconcile` prints about a run."""

import pytest

from chalicelib.reconciliation.file_scan import FileProgress
from chalicelib.reconciliation.models import ReconciliationReport
from tools import reconcile


def list_problems(report: ReconciliationReport) -> list[str]:
    return list(reconcile._describe_problems(report.model_dump(mode="json")))


def test_finished_run_has_no_problem() -> None:
    assert list_problems(ReconciliationReport(status="finished")) == []


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (FileProgress(stopped=True), "that the tables and the bucket are the right ones"),
        (FileProgress(unexplained=2), "2 users have content, but no records of files"),
        (FileProgress(unreadable=3), "The files of 3 users cannot be read"),
    ],
)
def test_problem_of_files_is_printed(files: FileProgress, text: str) -> None:
    (problem,) = list_problems(ReconciliationReport(status="finished", files=files))
    assert text in problem


def test_summary_has_the_numbers_of_files(capsys: pytest.CaptureFixture[str]) -> None:
    files = FileProgress(files=7, objects=9, checks=2, without_object=1, without_record=2)
    report = ReconciliationReport(status="finished", files=files)
    reconcile._print_summary(report.model_dump(mode="json"), dry_run=False)
    output = capsys.readouterr().out
    assert "7 compared, 2 to check, 1 without content" in output
    assert "9 compared, 2 without a file" in output
