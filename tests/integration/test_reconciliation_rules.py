"""What reconciliation deletes, what stops it, and that one run at a time walks."""

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.aws.throttled_user_pool import CursorExpired, ThrottledUserPool
from chalicelib.aws.user_pool import PoolUser
from chalicelib.core.errors import UpstreamError
from chalicelib.core.identity import Caller
from chalicelib.core.metrics import Metric
from chalicelib.profiles import contact_sync, service
from chalicelib.reconciliation.models import Chain, ReconciliationOptions, ReconciliationReport
from chalicelib.reconciliation.service import MAX_CHAIN_LINKS, start_next_run
from tests.support.reconciliation import (
    HEALTH_ATTRIBUTES,
    UNLIMITED_RATES,
    PoolAndTable,
    clock_for_checks,
    count_metrics,
    get_next_chain,
)
from tests.support.stack import RunningStack


@pytest.fixture
def place(run: RunningStack) -> PoolAndTable:
    return PoolAndTable(run.outputs)


def add_orphans(place: PoolAndTable, count: int) -> list[str]:
    orphans = [str(uuid.uuid4()) for _ in range(count)]
    for orphan in orphans:
        place.add_profile(orphan)
    return orphans


# Profiles without a user


def test_too_many_orphans_stop_the_removal(place: PoolAndTable) -> None:
    for number in range(12):
        place.add_profile(place.add_user(number))
    orphans = add_orphans(place, 11)
    with count_metrics() as count:
        report = place.run(remove_orphans=True)
    assert (report.status, report.profiles.stopped, report.profiles.removed) == ("finished", True, 0)
    assert place.repository.find_existing_ids(orphans) == set(orphans)
    assert count(Metric.RECONCILIATION_STOPPED) == 1


def test_ten_orphans_do_not_stop_the_removal(place: PoolAndTable) -> None:
    for number in range(11):
        place.add_profile(place.add_user(number))
    add_orphans(place, 10)
    with count_metrics() as count:
        report = place.run(remove_orphans=True)
    assert (report.profiles.stopped, report.profiles.removed) == (False, 10)
    assert count(Metric.RECONCILIATION_STOPPED) == 0


def test_all_orphans_are_removed_if_that_is_asked_for(place: PoolAndTable) -> None:
    orphans = add_orphans(place, 120)
    report = place.run(remove_all_orphans=True)
    assert (report.profiles.stopped, report.profiles.removed) == (False, 120)
    assert not place.repository.find_existing_ids(orphans[:100])


@pytest.mark.parametrize("profiles", [1, 3, 150])
def test_nothing_is_removed_against_an_empty_pool(place: PoolAndTable, profiles: int) -> None:
    orphans = add_orphans(place, service)
    report = place.run(remove_orphans=True)
    assert (report.profiles.stopped, report.profiles.removed) == (True, 0)
    assert place.repository.find_existing_ids(orphans[:100]) == set(orphans[:100])


def test_nothing_is_removed_against_another_pool(place: PoolAndTable, run: RunningStack) -> None:
    another = PoolAndTable(run.outputs)
    for number in range(3):
        another.add_user(number)
        place.add_profile(place.add_user(number))
    report = place.run(remove_orphans=True, pool=another.pool)
    assert (report.profiles.stopped, report.profiles.removed, report.profiles.profiles) == (True, 0, 3 + 3)


def test_removal_that_was_not_asked_for_is_not_finished(place: PoolAndTable) -> None:
    place.add_profile(place.add_user(0))
    (orphan,) = add_orphans(place, 1)
    place.checkpoints().save("profiles", '{"part": "removing", "profiles": 2, "orphans": 1}')
    report = place.run()
    assert (report.profiles.part, report.profiles.profiles, report.profiles.removed) == ("finished", 2, 0)
    assert place.repository.get_profile(orphan)


# Accounts that nobody has confirmed


def test_expired_unconfirmed_account_is_deleted(place: PoolAndTable) -> None:
    expired = place.add_unconfirmed(0)
    with count_metrics() as count:
        report = place.run(unconfirmed_hours=0)
    assert (report.users.unconfirmed, report.users.deleted) == (1, 1)
    assert not place.has_account(expired)
    assert count(Metric.UNCONFIRMED_ACCOUNTS_DELETED) == 1
    assert place.add_unconfirmed(0) != expired, "its address is free again"


def test_young_unconfirmed_account_is_kept(place: PoolAndTable) -> None:
    young = place.add_unconfirmed(0)
    assert place.run(unconfirmed_hours=24).users.unconfirmed == 0
    assert place.has_account(young)


def test_no_other_account_is_ever_deleted(place: PoolAndTable) -> None:
    subs = [place.add_user(0), place.add_user(1, signed_in=False), place.add_user(2)]
    place.cognito.admin_disable_user(UserPoolId=place.pool_id, Username=subs[2])
    assert place.run(unconfirmed_hours=0).users.deleted == 0
    assert all(place.has_account(sub) for sub in subs)


class ConfirmingPool(ThrottledUserPool):
    """A pool whose users confirm their accounts between the list and the deletion."""

    def __init__(self, place: PoolAndTable) -> None:
        super().__init__(lambda: place.cognito, place.pool_id, UNLIMITED_RATES)
        self._place = place

    def list_page(self, cursor: str | None) -> tuple[list[PoolUser], str | None]:
        users, following = super().list_page(cursor)
        for user in users:
            self._place.cognito.admin_confirm_sign_up(UserPoolId=self._place.pool_id, Username=user.username)
        return users, following


def test_account_confirmed_after_the_list_is_kept(place: PoolAndTable) -> None:
    sub = place.add_unconfirmed(0)
    report = place.run(pool=ConfirmingPool(place), unconfirmed_hours=0)
    assert (report.users.unconfirmed, report.users.deleted) == (1, 0)
    assert place.has_account(sub)


def test_walk_deletes_ten_unconfirmed_accounts_at_most(place: PoolAndTable) -> None:
    subs = [place.add_unconfirmed(number) for number in range(12)]
    with count_metrics() as count:
        report = place.run(unconfirmed_hours=0)
    assert (report.users.unconfirmed, report.users.deleted, report.users.limited) == (12, 10, True)
    assert sum(place.has_account(sub) for sub in subs) == 2
    assert count(Metric.UNCONFIRMED_ACCOUNTS_REMAINING) == 1
    assert place.run(unconfirmed_hours=0).users.deleted == 2, "the next walk deletes the rest"


def test_all_unconfirmed_are_deleted_if_that_is_asked_for(place: PoolAndTable) -> None:
    for number in range(12):
        place.add_unconfirmed(number)
    report = place.run(unconfirmed_hours=0, delete_all_unconfirmed=True)
    assert (report.users.deleted, report.users.limited) == (12, False)


def test_dry_run_deletes_no_account_and_no_attribute(place: PoolAndTable) -> None:
    unconfirmed, confirmed = place.add_unconfirmed(0), place.add_user(1)
    place.add_profile(confirmed)
    report = place.run(unconfirmed_hours=0, dry_run=True)
    assert (report.users.unconfirmed, report.users.deleted, report.users.cleared) == (1, 0, 0)
    assert place.has_account(unconfirmed)
    assert place.health_attributes(confirmed) == HEALTH_ATTRIBUTES


# Health attributes in the pool


def test_health_attributes_leave_the_pool_with_the_profile(place: PoolAndTable) -> None:
    sub = place.add_user(0)
    place.run()
    profile = place.repository.get_profile(sub)
    assert profile
    assert (str(profile.dob), profile.gender, profile.blood_group) == ("1985-01-31", "Female", "O-")
    assert place.health_attributes(sub) == set()


def test_health_attributes_are_deleted_in_one_call(place: PoolAndTable) -> None:
    place.add_profile(place.add_user(0))
    calls: list[str] = []
    place.cognito.meta.events.register(
        "before-call.cognito-identity-provider",
        lambda model, **_: calls.append(model.name),
        unique_id=place.name,
    )
    first, second = place.run(), place.run()
    place.cognito.meta.events.unregister("before-call.cognito-identity-provider", unique_id=place.name)
    assert (first.users.cleared, second.users.cleared) == (1, 0)
    assert calls.count("AdminDeleteUserAttributes") == 1


def test_user_whom_aws_refuses_to_change_stops_no_walk(place: PoolAndTable) -> None:
    first, second = place.add_user(0), place.add_user(1)

    class Refusing(ThrottledUserPool):
        def delete_attributes(self, user: PoolUser, names: Sequence[str]) -> bool:
            if user.sub == first:
                raise UpstreamError
            return super().delete_attributes(user, names)

    with count_metrics() as count:
        report = place.run(pool=Refusing(lambda: place.cognito, place.pool_id, UNLIMITED_RATES))
    assert (report.status, report.users.failed, report.users.cleared) == ("finished", 1, 1)
    assert place.health_attributes(second) == set()
    assert count(Metric.RECONCILIATION_INTERRUPTED) == 1


def test_profile_provisioned_again_has_no_old_health_data(place: PoolAndTable) -> None:
    sub = place.add_user(0)
    place.run()
    place.repository.delete(sub)
    made = service.ProfileService(place.repository, place.directory, Caller(sub, sub))
    assert (made.name, made.dob, made.gender, made.blood_group) == ("Person 0", None, None, None)


def test_contact_is_followed_after_attributes_were_deleted(place: PoolAndTable) -> None:
    """The deletion moves the date by which states of the contact are ordered, and it moves it forward."""
    sub = place.add_user(0)
    place.run()
    phone = [
        {"Name": "phone_number", "Value": "+4915112345678"},
        {"Name": "phone_number_verified", "Value": "true"},
    ]
    place.cognito.admin_update_user_attributes(UserPoolId=place.pool_id, Username=sub, UserAttributes=phone)
    user = place.directory.get_user(sub)
    assert user
    contact_sync.ContactSync(place.repository, place.directory, Caller(sub, sub), user.attributes)
    stored = place.repository.get_profile(sub)
    assert stored
    assert (stored.phone_number, stored.phone_number_verified) == ("+4915112345678", True)


def test_older_contact_stays_out_after_attributes_were_deleted(place: PoolAndTable) -> None:
    sub = place.add_user(0)
    place.add_profile(sub)
    before = place.directory.get_user(sub)
    place.run()
    after = place.directory.get_user(sub)
    assert before
    assert after
    assert after.last_modified_at >= before.last_modified_at
    now = datetime.now(UTC)
    newer, older = {"phone_number": "+4915112345678"}, {"phone_number": "+8801898765432"}
    assert place.repository.update_contact_if_newer(sub, newer, after.last_modified_at, now)
    if before.last_modified_at < after.last_modified_at:
        assert not place.repository.update_contact_if_newer(sub, older, before.last_modified_at, now)


# The chain


def test_second_run_at_the_same_time_does_nothing(place: PoolAndTable) -> None:
    place.add_user(0)
    assert place.checkpoints().acquire_lease(60)
    report = place.run()
    assert report == ReconciliationReport(status="busy")
    assert place.checkpoints().load("users") is None


def test_lease_of_a_run_that_died_expires(place: PoolAndTable) -> None:
    assert place.checkpoints().acquire_lease(-2)
    assert place.run().status == "finished"


def test_lease_is_free_after_a_walk_is_finished(place: PoolAndTable) -> None:
    assert [place.run().status for _ in range(2)] == ["finished", "finished"]


def test_token_of_a_chain_starts_one_run(place: PoolAndTable) -> None:
    checkpoints = place.checkpoints()
    assert checkpoints.acquire_lease(60)
    token = checkpoints.hand_over_lease()
    assert not place.checkpoints().acquire_lease(60), "only by the token"
    assert [place.checkpoints().acquire_lease(60, token) for _ in range(2)] == [True, False]


def test_dry_run_does_not_wait_for_a_walk(place: PoolAndTable) -> None:
    assert place.checkpoints().acquire_lease(60)
    assert place.run(dry_run=True).status == "finished"


def test_last_link_of_a_chain_starts_no_run(place: PoolAndTable) -> None:
    for number in range(70):
        place.add_profile(place.add_user(number))
    checkpoints = place.checkpoints()
    checkpoints.acquire_lease(60)
    chain = Chain(lease=checkpoints.hand_over_lease(), link=MAX_CHAIN_LINKS)
    report = place.run(left=clock_for_checks(8), chain=chain)
    assert (report.status, report.next) == ("unfinished", None)
    assert place.run().status == "finished", "the next schedule goes on"


def test_run_without_progress_starts_no_run(place: PoolAndTable) -> None:
    place.add_user(0)
    report = place.run(left=lambda: 0.0)
    assert (report.status, report.next) == ("unfinished", None)


def test_interrupted_run_that_made_progress_starts_the_next(place: PoolAndTable) -> None:
    place.add_profile(place.add_user(0))
    place.add_profile(str(uuid.uuid4()))

    class Broken(ThrottledUserPool):
        def has_user(self, sub: str) -> bool:
            return ThrottledUserPool(lambda: place.cognito, "us-east-1_none").user_exists(sub)

    broken = Broken(lambda: place.cognito, place.pool_id, UNLIMITED_RATES)
    report = place.run(pool=broken)
    assert (report.interrupted_by, get_next_chain(report).finished) == ("BackendFailed", ["users"])


class Lambda:
    """Lambda's client, which records what is invoked."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def invoke(self, **arguments: Any) -> None:
        self.calls.append(arguments)


def test_unfinished_run_invokes_the_function_again() -> None:
    chain = Chain(lease="next-1", link=2, finished=["users"])
    report = ReconciliationReport(status="unfinished", next=ReconciliationOptions(chain=chain, delete_orphans=True))
    lambda_: Any = Lambda()
    start_next_run(lambda: lambda_, "healthtech-dev-reconcile", report)
    (call,) = lambda_.calls
    assert (call["FunctionName"], call["InvocationType"]) == ("healthtech-dev-reconcile", "Event")
    assert ReconciliationOptions.model_validate(json.loads(call["Payload"])["detail"]) == report.next


@pytest.mark.parametrize("options", [None, ReconciliationOptions(max_seconds=10)])
def test_finished_or_operated_run_invokes_nothing(options: ReconciliationOptions | None) -> None:
    lambda_: Any = Lambda()
    start_next_run(lambda: lambda_, "healthtech-dev-reconcile", ReconciliationReport(status="unfinished", next=options))
    assert lambda_.calls == []


# A cursor that has expired


class ForgetfulPool(ThrottledUserPool):
    """A pool that forgets the first cursors that it has given."""

    def __init__(self, place: PoolAndTable, times: int) -> None:
        super().__init__(lambda: place.cognito, place.pool_id, UNLIMITED_RATES)
        self._times = times

    def list_page(self, cursor: str | None) -> tuple[list[PoolUser], str | None]:
        if cursor and self._times:
            self._times -= 1
            raise CursorExpired
        return super().list_page(cursor)


@pytest.fixture
def two_pages(place: PoolAndTable) -> PoolAndTable:
    for number in range(61):
        place.add_user(number)
    return place


def test_expired_cursor_restarts_the_walk(two_pages: PoolAndTable) -> None:
    with count_metrics() as count:
        report = two_pages.run(pool=ForgetfulPool(two_pages, times=1))
    assert (report.status, report.users.users, report.profiles.profiles) == ("finished", 61, 61)
    assert count(Metric.RECONCILIATION_RESTARTED) == 1


def test_cursor_that_expires_again_ends_the_run(two_pages: PoolAndTable) -> None:
    with count_metrics() as count:
        report = two_pages.run(pool=ForgetfulPool(two_pages, times=2))
    assert (report.status, report.interrupted_by) == ("unfinished", "BackendFailed")
    assert count(Metric.RECONCILIATION_RESTARTED) == 2
