"""What a product costs more as it grows, in calls: `make growth` measures the rest."""

import pytest
from benchmarks.growth.reconciliation import measure_run

from benchmarks.growth.__main__ import measure_requests
from tests.support.stack import RunningStack


@pytest.mark.slow
def test_reconciliation_asks_no_more_of_aws_for_a_user_of_a_larger_pool(run: RunningStack) -> None:
    small, large = (measure_run(run.outputs, size)["calls"] for size in (120, 360))
    assert large["AdminGetUser"] == 3 * small["AdminGetUser"] == 360
    assert large["ListUsers"] == 3 * small["ListUsers"] == 6
    assert large["BatchGetItem"] == 3 * small["BatchGetItem"] == 6
    assert (small["Scan"], large["Scan"]) == (2, 4)  # pages of a hundred
    assert large.keys() == small.keys()


@pytest.mark.slow
def test_requests_are_one_unit_at_every_size() -> None:
    requests = measure_requests((5, 10), rounds=1)["requests"]
    figures = [(figure["errors"], figure["units"]) for by_size in requests.values() for figure in by_size]
    assert figures == [(0, 1.0)] * 6
