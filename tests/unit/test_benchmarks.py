"""What is told of the benchmarks is what was measured."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import benchmarks.growth.report
import benchmarks.load.report
import benchmarks.report


@pytest.mark.parametrize(
    ("measured", "files"),
    [
        (benchmarks.report.RESULTS_JSON, benchmarks.report.files),
        (benchmarks.load.report.LOAD_JSON, benchmarks.load.report.files),
        (benchmarks.growth.report.GROWTH_JSON, benchmarks.growth.report.files),
    ],
)
def test_nobody_has_edited_what_was_measured(
    measured: Path, files: Callable[[dict[str, Any]], dict[Path, str]]
) -> None:
    for file, text in files(json.loads(measured.read_text())).items():
        assert file.read_text() == text, f"{file.name}: --render writes it anew"
