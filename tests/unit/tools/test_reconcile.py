"""The output of `make reconcile` about a run."""

import io
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.reconciliation.file_scan import FileProgress
from chalicelib.reconciliation.models import ReconciliationOptions, ReconciliationReport
from tools import reconcile


class FakeLambda:
    """A Lambda client whose function returns these reports, one per invocation."""

    def __init__(self, *reports: ReconciliationReport) -> None:
        self._reports: Iterator[ReconciliationReport] = iter(reports)

    def invoke(self, **_: Any) -> dict[str, Any]:
        return {"Payload": io.StringIO(next(self._reports).model_dump_json())}


def list_problems(report: ReconciliationReport) -> list[str]:
    return list(reconcile._describe_problems(report.model_dump(mode="json")))


def test_finished_run_has_no_problem() -> None:
    assert list_problems(ReconciliationReport(status="finished")) == []


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (FileProgress(stopped=True), "that the tables and the bucket are the right ones"),
        (FileProgress(unexplained=2), "2 users who were not erased have content, but its records are lost"),
        (FileProgress(unreadable=3), "Files or counters of 3 users cannot be read"),
    ],
)
def test_problem_of_files_is_printed(files: FileProgress, text: str) -> None:
    (problem,) = list_problems(ReconciliationReport(status="finished", files=files))
    assert text in problem


def test_progress_has_the_number_of_files(capsys: pytest.CaptureFixture[str]) -> None:
    files = FileProgress(files=7)
    unfinished = ReconciliationReport(status="unfinished", files=files, next=ReconciliationOptions())
    finished = ReconciliationReport(status="finished")
    reconcile._run_to_completion(FakeLambda(unfinished, finished), "reconcile", {})
    assert "0 users, 0 profiles and 7 files checked" in capsys.readouterr().out


def test_summary_has_the_numbers_of_files(capsys: pytest.CaptureFixture[str]) -> None:
    files = FileProgress(files=7, objects=9, checks=2, without_object=1, without_record=2)
    report = ReconciliationReport(status="finished", files=files)
    reconcile._print_summary(report.model_dump(mode="json"), dry_run=False)
    output = capsys.readouterr().out
    assert "7 compared, 2 to check, 1 without content" in output
    assert "9 compared, 2 without a file" in output
