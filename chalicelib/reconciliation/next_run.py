"""The adapter of the function of reconciliation, which invokes itself for the next run of a chain."""

import json
from typing import Any

from chalicelib.aws.async_functions import AsyncFunction
from chalicelib.core import logs
from chalicelib.core.errors import UpstreamError
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.reconciliation.models import ReconciliationReport


class NextRunStarter:
    """Starts the next run of a chain."""

    def __init__(self, function: AsyncFunction) -> None:
        self._function = function

    def start(self, report: ReconciliationReport) -> None:
        """Start the next run if a scan is unfinished, unless an operator invokes the function for each run."""
        if report.next is None or report.next.max_seconds is not None:
            return
        try:
            self._function.start(to_event(report.next.model_dump(mode="json")))
        except UpstreamError as exc:
            logs.error("the next run was not started", exc)
            add_metric(Metric.RECONCILIATION_INTERRUPTED)


def to_event(detail: dict[str, Any]) -> bytes:
    """Return an event in the form of EventBridge's schedule, with these options as its detail."""
    names = ("version", "id", "detail-type", "source", "account", "time", "region")
    return json.dumps({**dict.fromkeys(names, ""), "resources": [], "detail": detail}).encode()
