"""Reconciliation of profiles without a user: when it erases them and when it stops."""

import uuid
from datetime import timedelta

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.metrics import Metric
from tests.support.reconciliation import (
    PoolAndTable,
    count_metrics,
)
from tests.support.stack import RunningStack


def add_orphans(pool_and_table: PoolAndTable, count: int) -> list[str]:
    orphans = [str(uuid.uuid4()) for _ in range(count)]
    for orphan in orphans:
        pool_and_table.add_profile(orphan)
    return orphans


def test_too_many_orphans_stop_the_deletion(pool_and_table: PoolAndTable) -> None:
    for number in range(12):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    orphans = add_orphans(pool_and_table, 11)
    with count_metrics() as count:
        report = pool_and_table.reconcile(delete_orphans=True)
    assert (report.status, report.profiles.stopped, report.profiles.orphan_erasures) == ("finished", True, 0)
    assert pool_and_table.repository.find_existing_ids(orphans) == set(orphans)
    assert count(Metric.RECONCILIATION_STOPPED) == 1


def test_too_many_due_orphans_stop_the_erasure(pool_and_table: PoolAndTable) -> None:
    """The limit applies to scheduled runs too, which have no options."""
    for number in range(12):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    orphans = add_orphans(pool_and_table, 11)
    for orphan in orphans:
        pool_and_table.repository.set_orphaned_since(orphan, utc_now() - timedelta(hours=100))
    with count_metrics() as count:
        report = pool_and_table.reconcile()
    assert (report.profiles.due, report.profiles.stopped, report.profiles.orphan_erasures) == (11, True, 0)
    assert pool_and_table.repository.find_existing_ids(orphans) == set(orphans)
    assert count(Metric.RECONCILIATION_STOPPED) == 1


def test_ten_orphans_do_not_stop_the_deletion(pool_and_table: PoolAndTable) -> None:
    for number in range(11):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    add_orphans(pool_and_table, 10)
    with count_metrics() as count:
        report = pool_and_table.reconcile(delete_orphans=True)
    assert (report.profiles.stopped, report.profiles.orphan_erasures) == (False, 10)
    assert count(Metric.RECONCILIATION_STOPPED) == 0


def test_delete_all_orphans_deletes_any_number(pool_and_table: PoolAndTable) -> None:
    orphans = add_orphans(pool_and_table, 120)
    report = pool_and_table.reconcile(delete_all_orphans=True)
    assert (report.profiles.stopped, report.profiles.orphan_erasures) == (False, 120)
    assert all(pool_and_table.is_erased(orphan) for orphan in orphans)


@pytest.mark.parametrize("profiles", [1, 3, 150])
def test_no_profile_is_deleted_for_an_empty_user_pool(pool_and_table: PoolAndTable, profiles: int) -> None:
    orphans = add_orphans(pool_and_table, profiles)
    report = pool_and_table.reconcile(delete_orphans=True)
    assert (report.profiles.stopped, report.profiles.orphan_erasures) == (True, 0)
    assert pool_and_table.repository.find_existing_ids(orphans[:100]) == set(orphans[:100])


def test_no_profile_is_deleted_for_another_user_pool(pool_and_table: PoolAndTable, stack: RunningStack) -> None:
    other = PoolAndTable(stack.outputs)
    for number in range(3):
        other.add_user(number)
        pool_and_table.add_profile(pool_and_table.add_user(number))
    report = pool_and_table.reconcile(delete_orphans=True, user_pool=other.user_pool)
    assert (report.profiles.stopped, report.profiles.orphan_erasures, report.profiles.profiles) == (True, 0, 3 + 3)


def test_orphan_is_erased_after_the_grace_period(pool_and_table: PoolAndTable) -> None:
    for number in range(2):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    (orphan,) = add_orphans(pool_and_table, 1)
    pool_and_table.repository.set_orphaned_since(orphan, utc_now() - timedelta(hours=71))
    assert pool_and_table.reconcile().profiles.orphan_erasures == 0
    pool_and_table.repository.set_orphaned_since(orphan, utc_now() - timedelta(hours=73))
    assert pool_and_table.reconcile().profiles.orphan_erasures == 1
    assert pool_and_table.is_erased(orphan)


def test_first_scan_marks_an_orphan_only(pool_and_table: PoolAndTable) -> None:
    for number in range(2):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    (orphan,) = add_orphans(pool_and_table, 1)
    report = pool_and_table.reconcile()
    assert (report.profiles.orphans, report.profiles.due, report.profiles.orphan_erasures) == (1, 0, 0)
    accounts, _ = pool_and_table.repository.scan_accounts(None)
    assert [account.user_id for account in accounts if account.orphaned_since] == [orphan]


def test_orphan_whose_user_exists_again_is_unmarked(pool_and_table: PoolAndTable) -> None:
    sub = pool_and_table.add_user(0)
    pool_and_table.add_profile(sub)
    pool_and_table.repository.set_orphaned_since(sub, utc_now() - timedelta(hours=100))
    assert pool_and_table.reconcile().profiles.orphans == 0
    accounts, _ = pool_and_table.repository.scan_accounts(None)
    assert [account.orphaned_since for account in accounts] == [None]


def test_dry_run_neither_marks_nor_erases(pool_and_table: PoolAndTable) -> None:
    for number in range(2):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    (orphan,) = add_orphans(pool_and_table, 1)
    report = pool_and_table.reconcile(dry_run=True, delete_orphans=True)
    assert (report.profiles.orphans, report.profiles.due, report.profiles.orphan_erasures) == (1, 1, 0)
    assert pool_and_table.repository.get_profile(orphan)
    accounts, _ = pool_and_table.repository.scan_accounts(None)
    assert not any(account.orphaned_since for account in accounts)
