"""The number of AWS calls per user and per request does not grow. `make growth` measures durations."""

import pytest

from benchmarks.growth.__main__ import measure_requests
from benchmarks.growth.reconciliation import measure_run
from tests.support.stack import RunningStack


@pytest.mark.slow
def test_reconciliation_calls_per_user_do_not_grow(stack: RunningStack) -> None:
    small, large = (measure_run(stack.outputs, size)["calls"] for size in (120, 360))
    assert large["AdminGetUser"] == 3 * small["AdminGetUser"] == 360
    assert large["ListUsers"] == 3 * small["ListUsers"] == 6
    # One of the calls is for the users with files, up to 100 of them.
    assert (small["BatchGetItem"], large["BatchGetItem"]) == (2 + 1, 6 + 1)
    # Pages of 100 items, and one page of the records of files.
    assert (small["Scan"], large["Scan"]) == (2 + 1, 4 + 1)
    assert large.keys() == small.keys()


@pytest.mark.slow
def test_requests_take_one_unit_at_every_table_size() -> None:
    requests = measure_requests((5, 10), rounds=1)["requests"]
    figures = [(figure["errors"], figure["units"]) for by_size in requests.values() for figure in by_size]
    assert figures == [(0, 1.0)] * 6
