"""The start of the next run of a chain."""

import json

import pytest

from chalicelib.core.metrics import Metric
from chalicelib.reconciliation.models import Chain, ReconciliationOptions, ReconciliationReport
from chalicelib.reconciliation.next_run import NextRunStarter
from tests.support.aws import client_error
from tests.support.fake_lambda import FakeLambda
from tests.support.reconciliation import count_metrics

CHAIN = Chain(lease="next-1", link=2, finished=["users"])
UNFINISHED = ReconciliationReport(status="unfinished", next=ReconciliationOptions(chain=CHAIN, delete_orphans=True))


def test_unfinished_run_invokes_the_function() -> None:
    lambda_ = FakeLambda()
    NextRunStarter(lambda_.build_function()).start(UNFINISHED)
    (invocation,) = lambda_.invocations
    assert ReconciliationOptions.model_validate(json.loads(invocation["Payload"])["detail"]) == UNFINISHED.next


@pytest.mark.parametrize("options", [None, ReconciliationOptions(max_seconds=10)])
def test_finished_or_manual_run_does_not_invoke_the_function(options: ReconciliationOptions | None) -> None:
    lambda_ = FakeLambda()
    NextRunStarter(lambda_.build_function()).start(ReconciliationReport(status="unfinished", next=options))
    assert lambda_.invocations == []


def test_next_run_that_does_not_start_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    lambda_ = FakeLambda(fail_with=client_error("AccessDeniedException"))
    with count_metrics() as count:
        NextRunStarter(lambda_.build_function()).start(UNFINISHED)
    assert count(Metric.RECONCILIATION_INTERRUPTED) == 1
    assert '"message":"the next run was not started"' in capsys.readouterr().out
