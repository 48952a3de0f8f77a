"""Reconciliation finishes what sign-ups left, in steps, and removes nothing unasked."""

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
from chalicelib.profiles import service
from chalicelib.profiles.fields import PictureType
from chalicelib.reconciliation.models import ReconciliationReport
from chalicelib.reconciliation.profile_scan import ProfileProgress, ProfileScan, ProfileScanOptions
from chalicelib.reconciliation.scan import MAX_THREADS
from chalicelib.reconciliation.service import make_deadline
from chalicelib.reconciliation.user_scan import UserProgress
from local.config import ROOT
from local.emulator_clients import emulator_client
from local.stack import STACK_NAME
from tests.support.reconciliation import HEALTH_ATTRIBUTES, PoolAndTable, clock_for_checks, get_next_chain
from tests.support.stack import RunningStack, start_stack

USERS = 130  # more than two pages of the pool


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as run:
        yield run


@pytest.fixture(scope="module")
def peopled(run: RunningStack) -> tuple[PoolAndTable, list[str]]:
    """Users, every tenth without a profile, and two profiles without a user. Never changed by a test."""
    place = PoolAndTable(run.outputs)
    subs = [place.add_user(number) for number in range(USERS)]
    for number, sub in enumerate(subs):
        if number % 10:
            place.add_profile(sub)
    for _ in range(2):
        place.add_profile(str(uuid.uuid4()))
    return place, subs


def test_a_dry_run_tells_and_changes_nothing(peopled: tuple[PoolAndTable, list[str]]) -> None:
    place, subs = peopled
    told = place.run(dry_run=True, remove_orphans=True)
    users = UserProgress(finished=True, users=USERS, missing=13)
    walked = ProfileProgress(part="finished", profiles=USERS - 13 + 2, orphans=2)
    assert told == ReconciliationReport(status="finished", users=users, profiles=walked)
    assert place.repository.get_profile(subs[0]) is None
    assert place.health_attributes(subs[1]) == HEALTH_ATTRIBUTES


@pytest.fixture
def small(run: RunningStack) -> tuple[PoolAndTable, list[str], str]:
    """Three users, one without a profile, and a profile without a user."""
    place = PoolAndTable(run.outputs)
    subs = [place.add_user(number) for number in range(3)]
    orphan = str(uuid.uuid4())
    for sub in (*subs[1:], orphan):
        place.add_profile(sub)
    return place, subs, orphan


def test_who_has_no_profile_gets_one_and_who_has_keeps_it(small: tuple[PoolAndTable, list[str], str]) -> None:
    place, subs, orphan = small
    told = place.run()
    users = UserProgress(finished=True, users=3, missing=1, created=1, cleared=3)
    assert told == ReconciliationReport(
        status="finished", users=users, profiles=ProfileProgress(part="finished", profiles=4, orphans=1)
    )
    made = place.repository.get_profile(subs[0])
    assert made is not None
    assert (made.name, made.email_verified, made.version) == ("Person 0", True, 1)
    kept = place.repository.get_profile(subs[1])
    assert kept is not None
    assert (kept.name, kept.version) == ("There Before", 7)
    assert place.repository.get_profile(orphan) is not None


def test_a_first_request_finds_a_user_whose_name_in_the_pool_is_not_their_sub(
    small: tuple[PoolAndTable, list[str], str],
) -> None:
    """As a federated user's is not."""
    place, subs, _ = small
    made = service.ProfileService(place.repository, place.directory, Caller(subs[0], "user-0@example.com"))
    assert (made.id, made.name) == (subs[0], "Person 0")
    with pytest.raises(NotFound):
        service.ProfileService(place.repository, place.directory, Caller(str(uuid.uuid4()), "user-0@example.com"))


def test_profiles_without_a_user_are_removed_only_when_asked(small: tuple[PoolAndTable, list[str], str]) -> None:
    place, subs, orphan = small
    for sub in (orphan, subs[0]):
        place.bucket.put_picture(create_picture_key(sub, "1"), b"x", PictureType.JPEG)
    nowhere = PictureStorage(place.s3, "nowhere")
    first = place.run(bucket=nowhere, remove_orphans=True)
    assert first.interrupted_by == "BackendFailed"
    assert place.repository.get_profile(orphan), "it is met again, as its picture may be there yet"
    assert place.run(remove_orphans=True, chain=get_next_chain(first)).profiles.removed == 1
    assert place.repository.get_profile(orphan) is None
    assert [len(place.bucket.list_picture_keys(sub)) for sub in (orphan, subs[0])] == [0, 1]
    assert all(place.repository.get_profile(sub) for sub in subs)


def test_nobody_unconfirmed_or_disabled_gets_a_profile(small: tuple[PoolAndTable, list[str], str]) -> None:
    place, subs, _ = small
    place.cognito.admin_disable_user(UserPoolId=place.pool_id, Username=subs[0])
    waiting = [place.add_unconfirmed(10), place.add_user(11, signed_in=False)]
    assert place.run().users.created == 0
    assert not place.repository.find_existing_ids([subs[0], *waiting])
    assert place.health_attributes(waiting[1]) == HEALTH_ATTRIBUTES, "the first request makes the profile of these"


def test_a_fault_of_aws_ends_the_run_and_not_the_walk(small: tuple[PoolAndTable, list[str], str]) -> None:
    place, subs, _ = small
    closed = replace(place.stack, aws_endpoint_url="http://127.0.0.1:9")
    nowhere = ThrottledUserPool(lambda: emulator_client("cognito-idp", closed), place.pool_id)
    told = place.run(pool=nowhere)
    assert (told.interrupted_by, told.status, told.next) == ("Unanswered", "unfinished", None)
    assert place.run().users.created == 1
    assert place.repository.get_profile(subs[0]) is not None


def test_the_kept_place_is_no_profile(small: tuple[PoolAndTable, list[str], str]) -> None:
    place, _, _ = small
    place.run()
    again = place.run()
    assert (again.users.users, again.profiles.profiles, again.profiles.orphans) == (3, 4, 1)


def test_time_is_up_before_the_function_s_own_timeout() -> None:
    assert make_deadline(None, 0)() <= 30_000
    assert make_deadline(None, 5)() > 30_000


def test_a_walk_goes_on_where_the_last_run_was_stopped(run: RunningStack) -> None:
    place = PoolAndTable(run.outputs)
    subs = [place.add_user(number) for number in range(USERS)]
    seen, chain, reports = [], None, 0
    while reports < 40:
        report = place.run(left=clock_for_checks(40), chain=chain)
        reports += 1
        seen.append((report.users.users, report.profiles.profiles))
        if report.status == "finished":
            break
        chain = get_next_chain(report)
    assert reports >= 3
    assert seen == sorted(seen)
    assert seen[-1] == (USERS, USERS)
    assert len({users for users, _ in seen}) > 1
    assert place.repository.find_existing_ids(subs[:100]) == set(subs[:100])
    assert place.run().users.users == USERS  # and then from the beginning


def test_finished_user_walk_is_not_repeated_in_its_chain(small: tuple[PoolAndTable, list[str], str]) -> None:
    place, _, _ = small

    def until_users_are_done() -> float:
        return 0.0 if '"finished":true' in (place.checkpoints().load("users") or "") else 60_000.0

    first = place.run(left=until_users_are_done)
    assert (first.users.users, first.profiles.profiles, first.status) == (3, 0, "unfinished")
    place.add_user(99)
    second = place.run(chain=get_next_chain(first))
    assert (second.status, second.users.users, second.profiles.profiles) == ("finished", 3, 4)


def test_time_is_checked_inside_a_page_of_profiles(run: RunningStack) -> None:
    place = PoolAndTable(run.outputs)
    for _ in range(40):
        place.add_profile(str(uuid.uuid4()))
    looks = itertools.count()  # threads share it
    with ThreadPoolExecutor(MAX_THREADS) as threads:
        options = (place.repository, place.pool, threads, ProfileScanOptions(), None)
        walk = ProfileScan(place.checkpoints(), *options)
        walk.run(lambda: next(looks) > 20)
        assert 0 < walk.progress.profiles <= 20
        again = ProfileScan(place.checkpoints(), *options)
        again.load()
        again.run(lambda: False)
    assert (again.progress.profiles, again.progress.orphans) == (40, 40)


def test_the_scheduled_event_runs_it(run: RunningStack) -> None:
    """As EventBridge sends it: https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html"""
    event = {
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "123456789012", "time": "2015-10-08T16:53:06Z", "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"], "detail": {},
    }  # fmt: skip
    lambda_ = emulator_client("lambda", run.outputs)
    answer = lambda_.invoke(FunctionName=f"{STACK_NAME}-reconcile", Payload=json.dumps(event))
    assert json.load(answer["Payload"])["status"] == "finished"


def reconcile(run: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-s", "reconcile", f"ARGS={' '.join(arguments)}"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "LOCAL_DIR": str(run.directory), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_operator_can_run_it_at_once(run: RunningStack) -> None:
    stack = run.outputs
    dynamodb = emulator_client("dynamodb", stack)
    cognito = emulator_client("cognito-idp", stack)
    john = cognito.admin_get_user(UserPoolId=stack.user_pool_id, Username="john@example.com")["Username"]
    dynamodb.delete_item(TableName=stack.table, Key={"user_id": {"S": john}})
    dry = reconcile(run, "--dry-run", "--restart")
    assert dry.returncode == 0, dry.stderr
    assert "Reconciliation, dry run" in dry.stdout
    assert "1, 1 without a profile" in dry.stdout
    real = reconcile(run, "--restart")
    assert "profiles created 1" in real.stdout
    assert len(real.stdout.splitlines()) < 24
    assert dynamodb.get_item(TableName=stack.table, Key={"user_id": {"S": john}})["Item"]["name"]["S"] == "John Doe"
