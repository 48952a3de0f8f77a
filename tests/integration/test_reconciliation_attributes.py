"""Reconciliation deletes health attributes from the user pool once the profile has them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from chalicelib.aws.throttled_user_pool import ThrottledUserPool
from chalicelib.aws.user_pool import PoolUser
from chalicelib.core.errors import UpstreamError
from chalicelib.core.identity import Caller
from chalicelib.core.metrics import Metric
from chalicelib.profiles.contact_sync import ContactSync
from chalicelib.profiles.service import ProfileService
from tests.support.aws import delete_item
from tests.support.reconciliation import (
    UNLIMITED_RATES,
    PoolAndTable,
    count_metrics,
)
from tests.support.users import attribute_pairs


def test_health_attributes_move_to_the_profile(pool_and_table: PoolAndTable) -> None:
    sub = pool_and_table.add_user(0)
    pool_and_table.reconcile()
    profile = pool_and_table.repository.get_profile(sub)
    assert profile
    assert (str(profile.dob), profile.gender, profile.blood_group) == ("1985-01-31", "Female", "O-")
    assert pool_and_table.get_health_attributes(sub) == set()


def test_health_attributes_are_deleted_in_one_call(pool_and_table: PoolAndTable) -> None:
    pool_and_table.add_profile(pool_and_table.add_user(0))
    calls: list[str] = []
    pool_and_table.cognito.meta.events.register(
        "before-call.cognito-identity-provider",
        lambda model, **_: calls.append(model.name),
        unique_id=pool_and_table.name,
    )
    first, second = pool_and_table.reconcile(), pool_and_table.reconcile()
    pool_and_table.cognito.meta.events.unregister(
        "before-call.cognito-identity-provider", unique_id=pool_and_table.name
    )
    assert (first.users.cleared, second.users.cleared) == (1, 0)
    assert calls.count("AdminDeleteUserAttributes") == 1


def test_user_that_cannot_be_changed_does_not_stop_the_run(pool_and_table: PoolAndTable) -> None:
    first, second = pool_and_table.add_user(0), pool_and_table.add_user(1)

    class RejectingPool(ThrottledUserPool):
        def delete_attributes(self, user: PoolUser, names: Sequence[str]) -> bool:
            if user.sub == first:
                raise UpstreamError
            return super().delete_attributes(user, names)

    with count_metrics() as count:
        report = pool_and_table.reconcile(
            user_pool=RejectingPool(lambda: pool_and_table.cognito, pool_and_table.pool_id, UNLIMITED_RATES)
        )
    assert (report.status, report.users.failed, report.users.cleared) == ("finished", 1, 1)
    assert pool_and_table.get_health_attributes(second) == set()
    assert count(Metric.RECONCILIATION_INTERRUPTED) == 1


def test_reprovisioned_profile_has_no_health_data(pool_and_table: PoolAndTable) -> None:
    sub = pool_and_table.add_user(0)
    pool_and_table.reconcile()
    delete_item(pool_and_table.dynamodb, pool_and_table.name, sub)
    profile = ProfileService(pool_and_table.repository, pool_and_table.directory).get_profile(Caller(sub, sub))
    assert (profile.name, profile.dob, profile.gender, profile.blood_group) == ("Person 0", None, None, None)


def test_contact_data_is_synced_after_the_deletion(pool_and_table: PoolAndTable) -> None:
    """The deletion advances the modification date that orders contact data."""
    sub = pool_and_table.add_user(0)
    pool_and_table.reconcile()
    phone = attribute_pairs({"phone_number": "+4915112345678", "phone_number_verified": "true"})
    pool_and_table.cognito.admin_update_user_attributes(
        UserPoolId=pool_and_table.pool_id, Username=sub, UserAttributes=phone
    )
    user = pool_and_table.directory.get_user(sub)
    assert user
    contact_sync = ContactSync(pool_and_table.repository, pool_and_table.directory)
    contact_sync.sync_at_sign_in(Caller(sub, sub), user.attributes)
    stored = pool_and_table.repository.get_profile(sub)
    assert stored
    assert (stored.phone_number, stored.phone_number_verified) == ("+4915112345678", True)


def test_older_contact_data_is_not_synced_after_the_deletion(pool_and_table: PoolAndTable) -> None:
    sub = pool_and_table.add_user(0)
    pool_and_table.add_profile(sub)
    before = pool_and_table.directory.get_user(sub)
    pool_and_table.reconcile()
    after = pool_and_table.directory.get_user(sub)
    assert before
    assert after
    assert after.last_modified_at >= before.last_modified_at
    now = datetime.now(UTC)
    newer_contact, older_contact = {"phone_number": "+4915112345678"}, {"phone_number": "+8801898765432"}
    assert pool_and_table.repository.update_contact_if_newer(sub, newer_contact, after.last_modified_at, now)
    if before.last_modified_at < after.last_modified_at:
        assert not pool_and_table.repository.update_contact_if_newer(sub, older_contact, before.last_modified_at, now)
