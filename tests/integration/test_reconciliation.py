"""Reconciliation of a user pool and a table, in one run and in several."""

import itertools
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.aws.throttled_user_pool import ThrottledUserPool
from chalicelib.core.errors import NotFound
from chalicelib.core.identity import Caller
from chalicelib.pictures.storage import PictureStorage, create_picture_key
from chalicelib.privacy.erasure import ErasureService
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.service import ProfileService
from chalicelib.reconciliation.models import ReconciliationReport
from chalicelib.reconciliation.profile_scan import ProfileProgress, ProfileScan, ProfileScanOptions
from chalicelib.reconciliation.scan import MAX_THREADS
from chalicelib.reconciliation.service import make_deadline
from chalicelib.reconciliation.user_scan import UserProgress
from local.config import ROOT
from local.emulator_clients import emulator_client
from local.stack import STACK_NAME
from tests.support.aws import require_item
from tests.support.events import SCHEDULED_EVENT
from tests.support.reconciliation import (
    HEALTH_ATTRIBUTES,
    PoolAndTable,
    SynchronousErasures,
    clock_for_checks,
    get_next_chain,
)
from tests.support.stack import RunningStack, start_stack

USERS = 130  # more than two pages of ListUsers


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack


@pytest.fixture(scope="module")
def populated(stack: RunningStack) -> tuple[PoolAndTable, list[str]]:
    """Add users, every tenth of them without a profile, and two profiles without a user. Tests must not change them."""
    pool_and_table = PoolAndTable(stack.outputs)
    subs = [pool_and_table.add_user(number) for number in range(USERS)]
    for number, sub in enumerate(subs):
        if number % 10:
            pool_and_table.add_profile(sub)
    for _ in range(2):
        pool_and_table.add_profile(str(uuid.uuid4()))
    return pool_and_table, subs


def test_dry_run_reports_and_changes_nothing(populated: tuple[PoolAndTable, list[str]]) -> None:
    pool_and_table, subs = populated
    report = pool_and_table.reconcile(dry_run=True, delete_orphans=True)
    users = UserProgress(finished=True, users=USERS, missing=13)
    profiles = ProfileProgress(phase="finished", profiles=USERS - 13 + 2, orphans=2, due=2)
    assert report == ReconciliationReport(status="finished", users=users, profiles=profiles)
    assert pool_and_table.repository.get_profile(subs[0]) is None
    assert pool_and_table.get_health_attributes(subs[1]) == HEALTH_ATTRIBUTES


@pytest.fixture
def three_users(stack: RunningStack) -> tuple[PoolAndTable, list[str], str]:
    """Three users, one without a profile, and a profile without a user."""
    pool_and_table = PoolAndTable(stack.outputs)
    subs = [pool_and_table.add_user(number) for number in range(3)]
    orphan = str(uuid.uuid4())
    for sub in (*subs[1:], orphan):
        pool_and_table.add_profile(sub)
    return pool_and_table, subs, orphan


def test_missing_profile_is_created_and_others_are_unchanged(three_users: tuple[PoolAndTable, list[str], str]) -> None:
    pool_and_table, subs, orphan = three_users
    report = pool_and_table.reconcile()
    users = UserProgress(finished=True, users=3, missing=1, created=1, cleared=3)
    assert report == ReconciliationReport(
        status="finished", users=users, profiles=ProfileProgress(phase="finished", profiles=4, orphans=1)
    )
    created = pool_and_table.repository.get_profile(subs[0])
    assert created is not None
    assert (created.name, created.email_verified, created.version) == ("Person 0", True, 1)
    existing = pool_and_table.repository.get_profile(subs[1])
    assert existing is not None
    assert (existing.name, existing.version) == ("Stored Before", 7)
    assert pool_and_table.repository.get_profile(orphan) is not None


def test_profile_is_provisioned_for_another_username_than_sub(
    three_users: tuple[PoolAndTable, list[str], str],
) -> None:
    """The username of a federated user is not their sub."""
    pool_and_table, subs, _ = three_users
    service = ProfileService(pool_and_table.repository, pool_and_table.directory)
    profile = service.get_profile(Caller(subs[0], "user-0@example.com"))
    assert (profile.id, profile.name) == (subs[0], "Person 0")
    with pytest.raises(NotFound):
        service.get_profile(Caller(str(uuid.uuid4()), "user-0@example.com"))


def test_orphans_and_their_pictures_are_erased_on_request(three_users: tuple[PoolAndTable, list[str], str]) -> None:
    pool_and_table, subs, orphan = three_users
    for sub in (orphan, subs[0]):
        pool_and_table.bucket.put_picture(create_picture_key(sub, "1"), b"x", PictureType.JPEG)
    missing_bucket = PictureStorage(pool_and_table.s3, "nowhere")
    first = pool_and_table.reconcile(bucket=missing_bucket, delete_orphans=True)
    assert first.profiles.orphan_erasures == 1
    assert not pool_and_table.is_erased(orphan), "the profile is erased after its picture"
    assert pool_and_table.reconcile().profiles.erasures == 1
    assert pool_and_table.is_erased(orphan)
    assert [len(pool_and_table.bucket.list_picture_keys(sub)) for sub in (orphan, subs[0])] == [0, 1]
    assert all(pool_and_table.repository.get_profile(sub) for sub in subs)


def test_unconfirmed_and_disabled_users_get_no_profile(three_users: tuple[PoolAndTable, list[str], str]) -> None:
    pool_and_table, subs, _ = three_users
    pool_and_table.cognito.admin_disable_user(UserPoolId=pool_and_table.pool_id, Username=subs[0])
    inactive = [pool_and_table.add_unconfirmed(10), pool_and_table.add_user(11, signed_in=False)]
    assert pool_and_table.reconcile().users.created == 0
    assert not pool_and_table.repository.find_existing_ids([subs[0], *inactive])
    assert pool_and_table.get_health_attributes(inactive[1]) == HEALTH_ATTRIBUTES, (
        "the first request provisions the profile of an invited user"
    )


def test_next_run_resumes_after_a_fault_of_aws(three_users: tuple[PoolAndTable, list[str], str]) -> None:
    pool_and_table, subs, _ = three_users
    closed = replace(pool_and_table.stack, aws_endpoint_url="http://127.0.0.1:9")
    unreachable_pool = ThrottledUserPool(lambda: emulator_client("cognito-idp", closed), pool_and_table.pool_id)
    report = pool_and_table.reconcile(user_pool=unreachable_pool)
    assert (report.interrupted_by, report.status, report.next) == ("NoResponse", "unfinished", None)
    assert pool_and_table.reconcile().users.created == 1
    assert pool_and_table.repository.get_profile(subs[0]) is not None


def test_checkpoints_are_not_counted_as_profiles(three_users: tuple[PoolAndTable, list[str], str]) -> None:
    pool_and_table, _, _ = three_users
    pool_and_table.reconcile()
    report = pool_and_table.reconcile()
    assert (report.users.users, report.profiles.profiles, report.profiles.orphans) == (3, 4, 1)


def test_time_left_ends_before_the_function_times_out() -> None:
    assert make_deadline(None, 0)() <= 30_000
    assert make_deadline(None, 5)() > 30_000


def test_run_resumes_where_the_last_one_stopped(stack: RunningStack) -> None:
    pool_and_table = PoolAndTable(stack.outputs)
    subs = [pool_and_table.add_user(number) for number in range(USERS)]
    counts, chain, runs = [], None, 0
    while runs < 40:
        report = pool_and_table.reconcile(milliseconds_left=clock_for_checks(40), chain=chain)
        runs += 1
        counts.append((report.users.users, report.profiles.profiles))
        if report.status == "finished":
            break
        chain = get_next_chain(report)
    assert runs >= 3
    assert counts == sorted(counts)
    assert counts[-1] == (USERS, USERS)
    assert len({users for users, _ in counts}) > 1
    assert pool_and_table.repository.find_existing_ids(subs[:100]) == set(subs[:100])
    assert pool_and_table.reconcile().users.users == USERS  # the next chain starts from the beginning


def test_finished_user_list_is_not_repeated_in_its_chain(three_users: tuple[PoolAndTable, list[str], str]) -> None:
    pool_and_table, _, _ = three_users

    def milliseconds_left() -> float:
        return 0.0 if '"finished":true' in (pool_and_table.checkpoints().load("users") or "") else 60_000.0

    first = pool_and_table.reconcile(milliseconds_left=milliseconds_left)
    assert (first.users.users, first.profiles.profiles, first.status) == (3, 0, "unfinished")
    pool_and_table.add_user(99)
    second = pool_and_table.reconcile(chain=get_next_chain(first))
    assert (second.status, second.users.users, second.profiles.profiles) == ("finished", 3, 4)


def test_time_is_checked_within_a_page_of_profiles(stack: RunningStack) -> None:
    pool_and_table = PoolAndTable(stack.outputs)
    for _ in range(40):
        pool_and_table.add_profile(str(uuid.uuid4()))
    checks = itertools.count()  # shared by the threads
    with ThreadPoolExecutor(MAX_THREADS) as threads:
        first, second = (
            ProfileScan(
                pool_and_table.checkpoints(),
                pool_and_table.repository,
                pool_and_table.deletions,
                pool_and_table.user_pool,
                SynchronousErasures(
                    ErasureService(pool_and_table.deletions, pool_and_table.directory, pool_and_table.bucket)
                ),
                threads,
                ProfileScanOptions(),
            )
            for _ in range(2)
        )
        first.run(lambda: next(checks) > 20)
        assert 0 < first.progress.profiles <= 20
        second.load()
        second.run(lambda: False)
    assert (second.progress.profiles, second.progress.orphans) == (40, 40)


def test_scheduled_event_runs_reconciliation(stack: RunningStack) -> None:
    lambda_ = emulator_client("lambda", stack.outputs)
    response = lambda_.invoke(FunctionName=f"{STACK_NAME}-reconcile", Payload=json.dumps(SCHEDULED_EVENT))
    assert json.load(response["Payload"])["status"] == "finished"


def run_make_reconcile(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-s", "reconcile", f"ARGS={' '.join(arguments)}"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "LOCAL_DIR": str(stack.directory), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_operator_can_run_reconciliation(stack: RunningStack) -> None:
    outputs = stack.outputs
    dynamodb = emulator_client("dynamodb", outputs)
    cognito = emulator_client("cognito-idp", outputs)
    john = cognito.admin_get_user(UserPoolId=outputs.user_pool_id, Username="john@example.com")["Username"]
    dynamodb.delete_item(TableName=outputs.table, Key={"user_id": {"S": john}})
    dry = run_make_reconcile(stack, "--dry-run", "--restart")
    assert dry.returncode == 0, dry.stderr
    assert "Reconciliation, dry run" in dry.stdout
    assert "1, 1 without a profile" in dry.stdout
    real = run_make_reconcile(stack, "--restart")
    assert "profiles created 1" in real.stdout
    assert len(real.stdout.splitlines()) < 24
    assert require_item(dynamodb, outputs.table, john)["name"] == {"S": "John Doe"}
