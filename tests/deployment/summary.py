"""`make deploy-check`'s way of telling: a line a test, its name as a sentence, and how long it took.

A plugin: pytest -p tests.deployment.summary
"""

from collections import defaultdict

import pytest

WORDS = {"passed": "ok", "failed": "FAIL", "skipped": "skip"}


class Summary:
    """Adds up what a test took, with the fixtures that were made for it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._seconds: dict[str, float] = defaultdict(float)
        self._outcome: dict[str, str] = {}

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        """No dots."""
        return (report.outcome if report.when == "call" or not report.passed else ""), "", ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration
        if report.when == "call" or not report.passed:
            self._outcome[report.nodeid] = report.outcome
        if report.when == "teardown":
            reporter = self._config.pluginmanager.get_plugin("terminalreporter")
            assert reporter is not None
            sentence = report.nodeid.partition("::test_")[2].replace("_", " ").replace(" s ", "'s ")
            outcome = WORDS[self._outcome[report.nodeid]]
            reporter.ensure_newline()
            reporter.write_line(f"{outcome:<4}  {sentence:<88} {self._seconds[report.nodeid]:6.1f} s")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Summary(config))
