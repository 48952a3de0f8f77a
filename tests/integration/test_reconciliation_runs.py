"""Reconciliation runs: one at a time, each starting the next, and their restart after an expired cursor."""

import uuid

import pytest

from chalicelib.aws.throttled_user_pool import CursorExpired, ThrottledUserPool
from chalicelib.aws.user_pool import PoolUser
from chalicelib.core.metrics import Metric
from chalicelib.reconciliation.models import Chain, ReconciliationReport
from chalicelib.reconciliation.service import MAX_CHAIN_LINKS
from tests.support.reconciliation import (
    UNLIMITED_RATES,
    PoolAndTable,
    clock_for_checks,
    count_metrics,
    get_next_chain,
)


def test_concurrent_second_run_is_busy(pool_and_table: PoolAndTable) -> None:
    pool_and_table.add_user(0)
    assert pool_and_table.checkpoints().acquire_lease(60)
    report = pool_and_table.reconcile()
    assert report == ReconciliationReport(status="busy")
    assert pool_and_table.checkpoints().load("users") is None


def test_lease_of_a_killed_run_expires(pool_and_table: PoolAndTable) -> None:
    assert pool_and_table.checkpoints().acquire_lease(-2)
    assert pool_and_table.reconcile().status == "finished"


def test_lease_is_released_after_a_run(pool_and_table: PoolAndTable) -> None:
    assert [pool_and_table.reconcile().status for _ in range(2)] == ["finished", "finished"]


def test_dry_run_does_not_need_the_lease(pool_and_table: PoolAndTable) -> None:
    assert pool_and_table.checkpoints().acquire_lease(60)
    assert pool_and_table.reconcile(dry_run=True).status == "finished"


def test_last_run_of_a_chain_starts_no_other(pool_and_table: PoolAndTable) -> None:
    for number in range(70):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    checkpoints = pool_and_table.checkpoints()
    checkpoints.acquire_lease(60)
    chain = Chain(lease=checkpoints.hand_over_lease(), link=MAX_CHAIN_LINKS)
    report = pool_and_table.reconcile(milliseconds_left=clock_for_checks(8), chain=chain)
    assert (report.status, report.next) == ("unfinished", None)
    assert pool_and_table.reconcile().status == "finished", "the next scheduled run resumes"


def test_run_without_progress_starts_no_other(pool_and_table: PoolAndTable) -> None:
    pool_and_table.add_user(0)
    report = pool_and_table.reconcile(milliseconds_left=lambda: 0.0)
    assert (report.status, report.next) == ("unfinished", None)


def test_interrupted_run_with_progress_starts_the_next(pool_and_table: PoolAndTable) -> None:
    pool_and_table.add_profile(pool_and_table.add_user(0))
    pool_and_table.add_profile(str(uuid.uuid4()))

    class FailingPool(ThrottledUserPool):
        def user_exists(self, sub: str) -> bool:
            return ThrottledUserPool(lambda: pool_and_table.cognito, "us-east-1_none").user_exists(sub)

    failing_pool = FailingPool(lambda: pool_and_table.cognito, pool_and_table.pool_id, UNLIMITED_RATES)
    report = pool_and_table.reconcile(user_pool=failing_pool)
    assert (report.interrupted_by, get_next_chain(report).finished) == ("UpstreamError", ["users"])


class ExpiringCursorPool(ThrottledUserPool):
    """A user pool whose first cursors expire."""

    def __init__(self, pool_and_table: PoolAndTable, times: int) -> None:
        super().__init__(lambda: pool_and_table.cognito, pool_and_table.pool_id, UNLIMITED_RATES)
        self._times = times

    def list_users(self, cursor: str | None) -> tuple[list[PoolUser], str | None]:
        if cursor and self._times:
            self._times -= 1
            raise CursorExpired
        return super().list_users(cursor)


@pytest.fixture
def two_pages(pool_and_table: PoolAndTable) -> PoolAndTable:
    for number in range(61):
        pool_and_table.add_user(number)
    return pool_and_table


def test_expired_cursor_restarts_the_list(two_pages: PoolAndTable) -> None:
    with count_metrics() as count:
        report = two_pages.reconcile(user_pool=ExpiringCursorPool(two_pages, times=1))
    assert (report.status, report.users.users, report.profiles.profiles) == ("finished", 61, 61)
    assert count(Metric.RECONCILIATION_RESTARTED) == 1


def test_second_expired_cursor_ends_the_run(two_pages: PoolAndTable) -> None:
    with count_metrics() as count:
        report = two_pages.reconcile(user_pool=ExpiringCursorPool(two_pages, times=2))
    assert (report.status, report.interrupted_by) == ("unfinished", "UpstreamError")
    assert count(Metric.RECONCILIATION_RESTARTED) == 2
