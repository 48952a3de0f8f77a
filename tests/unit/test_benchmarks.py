"""What is told of the benchmarks is what was measured."""

import json

from benchmarks import report


def test_nobody_has_edited_what_was_measured() -> None:
    for file, text in report.files(json.loads(report.RESULTS_JSON.read_text())).items():
        assert file.read_text() == text, f"{file.name}: python -m benchmarks --render writes it anew"
