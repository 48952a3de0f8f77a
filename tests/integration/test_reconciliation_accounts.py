"""Reconciliation of unconfirmed accounts: which ones it deletes."""

from chalicelib.aws.throttled_user_pool import ThrottledUserPool
from chalicelib.aws.user_pool import PoolUser
from chalicelib.core.metrics import Metric
from tests.support.reconciliation import (
    HEALTH_ATTRIBUTES,
    UNLIMITED_RATES,
    PoolAndTable,
    count_metrics,
)


def test_expired_unconfirmed_account_is_deleted(pool_and_table: PoolAndTable) -> None:
    expired = pool_and_table.add_unconfirmed(0)
    with count_metrics() as count:
        report = pool_and_table.reconcile(unconfirmed_hours=0)
    assert (report.users.unconfirmed, report.users.deleted) == (1, 1)
    assert not pool_and_table.has_account(expired)
    assert count(Metric.UNCONFIRMED_ACCOUNTS_DELETED) == 1
    assert pool_and_table.add_unconfirmed(0) != expired, "the address can sign up again"


def test_recent_unconfirmed_account_is_not_deleted(pool_and_table: PoolAndTable) -> None:
    young = pool_and_table.add_unconfirmed(0)
    assert pool_and_table.reconcile(unconfirmed_hours=24).users.unconfirmed == 0
    assert pool_and_table.has_account(young)


def test_other_accounts_are_never_deleted(pool_and_table: PoolAndTable) -> None:
    subs = [pool_and_table.add_user(0), pool_and_table.add_user(1, signed_in=False), pool_and_table.add_user(2)]
    pool_and_table.cognito.admin_disable_user(UserPoolId=pool_and_table.pool_id, Username=subs[2])
    assert pool_and_table.reconcile(unconfirmed_hours=0).users.deleted == 0
    assert all(pool_and_table.has_account(sub) for sub in subs)


class ConfirmingPool(ThrottledUserPool):
    """A user pool whose users confirm their accounts between the list and the deletion."""

    def __init__(self, pool_and_table: PoolAndTable) -> None:
        super().__init__(lambda: pool_and_table.cognito, pool_and_table.pool_id, UNLIMITED_RATES)
        self._pool_and_table = pool_and_table

    def list_users(self, cursor: str | None) -> tuple[list[PoolUser], str | None]:
        users, next_cursor = super().list_users(cursor)
        for user in users:
            self._pool_and_table.cognito.admin_confirm_sign_up(
                UserPoolId=self._pool_and_table.pool_id, Username=user.username
            )
        return users, next_cursor


def test_account_confirmed_after_the_list_is_not_deleted(pool_and_table: PoolAndTable) -> None:
    sub = pool_and_table.add_unconfirmed(0)
    report = pool_and_table.reconcile(user_pool=ConfirmingPool(pool_and_table), unconfirmed_hours=0)
    assert (report.users.unconfirmed, report.users.deleted) == (1, 0)
    assert pool_and_table.has_account(sub)


def test_run_deletes_at_most_ten_unconfirmed_accounts(pool_and_table: PoolAndTable) -> None:
    subs = [pool_and_table.add_unconfirmed(number) for number in range(12)]
    with count_metrics() as count:
        report = pool_and_table.reconcile(unconfirmed_hours=0)
    assert (report.users.unconfirmed, report.users.deleted, report.users.limited) == (12, 10, True)
    assert sum(pool_and_table.has_account(sub) for sub in subs) == 2
    assert count(Metric.UNCONFIRMED_ACCOUNTS_REMAINING) == 1
    assert pool_and_table.reconcile(unconfirmed_hours=0).users.deleted == 2, "the next run deletes the rest"


def test_delete_all_unconfirmed_deletes_any_number(pool_and_table: PoolAndTable) -> None:
    for number in range(12):
        pool_and_table.add_unconfirmed(number)
    report = pool_and_table.reconcile(unconfirmed_hours=0, delete_all_unconfirmed=True)
    assert (report.users.deleted, report.users.limited) == (12, False)


def test_dry_run_deletes_no_account_and_no_attribute(pool_and_table: PoolAndTable) -> None:
    unconfirmed, confirmed = pool_and_table.add_unconfirmed(0), pool_and_table.add_user(1)
    pool_and_table.add_profile(confirmed)
    report = pool_and_table.reconcile(unconfirmed_hours=0, dry_run=True)
    assert (report.users.unconfirmed, report.users.deleted, report.users.cleared) == (1, 0, 0)
    assert pool_and_table.has_account(unconfirmed)
    assert pool_and_table.get_health_attributes(confirmed) == HEALTH_ATTRIBUTES
