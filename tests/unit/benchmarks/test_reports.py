"""Reports of the benchmarks are rendered from the measurements."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import benchmarks.growth.report
import benchmarks.load.report
import benchmarks.report


@pytest.mark.parametrize(
    ("measurements", "render_files"),
    [
        (benchmarks.report.RESULTS_JSON, benchmarks.report.render_files),
        (benchmarks.load.report.LOAD_JSON, benchmarks.load.report.render_files),
        (benchmarks.growth.report.GROWTH_JSON, benchmarks.growth.report.render_files),
    ],
)
def test_reports_match_measurements(
    measurements: Path, render_files: Callable[[dict[str, Any]], dict[Path, str]]
) -> None:
    for file, text in render_files(json.loads(measurements.read_text())).items():
        assert file.read_text() == text, f"{file.name} is outdated: render it with --render"
