"""pytest plugin of `make deploy-check`: one line per test with its name as a sentence and its duration.

pytest -p tests.support.sentence_reporter
"""

from collections import defaultdict
from typing import Final

import pytest

LABELS: Final = {"passed": "ok", "failed": "FAIL", "skipped": "skip"}


class SentenceReporter:
    """Prints a test when it has ended. Its duration includes the fixtures that were created for it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seconds: dict[str, float] = defaultdict(float)
        self._outcomes: dict[str, str] = {}

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        """Suppress pytest's dots."""
        return (report.outcome if report.when == "call" or not report.passed else ""), "", ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if report.when == "call" or not report.passed:
            self._outcomes[report.nodeid] = report.outcome
        if report.when == "teardown":
            reporter = self._config.pluginmanager.get_plugin("terminalreporter")
            assert reporter is not None
            sentence = report.nodeid.partition("::test_")[2].replace("_", " ")
            label = LABELS[self._outcomes[report.nodeid]]
            reporter.ensure_newline()
            reporter.write_line(f"{label:<4}  {sentence:<88} {self._seconds[report.nodeid]:6.1f} s")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SentenceReporter(config))
