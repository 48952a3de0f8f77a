"""Reconciliation of profiles without a user: when it deletes them and when it stops."""

import uuid

import pytest

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
    assert (report.status, report.profiles.stopped, report.profiles.deleted) == ("finished", True, 0)
    assert pool_and_table.repository.find_existing_ids(orphans) == set(orphans)
    assert count(Metric.RECONCILIATION_STOPPED) == 1


def test_ten_orphans_do_not_stop_the_deletion(pool_and_table: PoolAndTable) -> None:
    for number in range(11):
        pool_and_table.add_profile(pool_and_table.add_user(number))
    add_orphans(pool_and_table, 10)
    with count_metrics() as count:
        report = pool_and_table.reconcile(delete_orphans=True)
    assert (report.profiles.stopped, report.profiles.deleted) == (False, 10)
    assert count(Metric.RECONCILIATION_STOPPED) == 0


def test_delete_all_orphans_deletes_any_number(pool_and_table: PoolAndTable) -> None:
    orphans = add_orphans(pool_and_table, 120)
    report = pool_and_table.reconcile(delete_all_orphans=True)
    assert (report.profiles.stopped, report.profiles.deleted) == (False, 120)
    assert not pool_and_table.repository.find_existing_ids(orphans[:100])


@pytest.mark.parametrize("profiles", [1, 3, 150])
def test_no_profile_is_deleted_for_an_empty_user_pool(pool_and_table: PoolAndTable, profiles: int) -> None:
    orphans = add_orphans(pool_and_table, profiles)
    report = pool_and_table.reconcile(delete_orphans=True)
    assert (report.profiles.stopped, report.profiles.deleted) == (True, 0)
    assert pool_and_table.repository.find_existing_ids(orphans[:100]) == set(orphans[:100])


def test_no_profile_is_deleted_for_another_user_pool(pool_and_table: PoolAndTable, stack: RunningStack) -> None:
    other = PoolAndTable(stack.outputs)
    for number in range(3):
        other.add_user(number)
        pool_and_table.add_profile(pool_and_table.add_user(number))
    report = pool_and_table.reconcile(delete_orphans=True, user_pool=other.user_pool)
    assert (report.profiles.stopped, report.profiles.deleted, report.profiles.profiles) == (True, 0, 3 + 3)


def test_deletion_ends_if_the_option_is_not_set_any_more(pool_and_table: PoolAndTable) -> None:
    pool_and_table.add_profile(pool_and_table.add_user(0))
    (orphan,) = add_orphans(pool_and_table, 1)
    pool_and_table.checkpoints().save("profiles", '{"phase": "deleting", "profiles": 2, "orphans": 1}')
    report = pool_and_table.reconcile()
    assert (report.profiles.phase, report.profiles.profiles, report.profiles.deleted) == ("finished", 2, 0)
    assert pool_and_table.repository.get_profile(orphan)
