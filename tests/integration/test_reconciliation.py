"""Reconciliation finishes what sign-ups left, in steps, and removes nothing unasked."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import profiles
from chalicelib.auth import Caller
from chalicelib.bucket import PictureBucket, picture_key
from chalicelib.cognito import UserDirectory
from chalicelib.errors import NotFound
from chalicelib.models import Profile
from chalicelib.reconciliation import Options, Progress, Reconciliation, time_left
from chalicelib.repository import ProfileRepository
from chalicelib.values import PictureType
from local.settings import ROOT
from local.stack import NAME, Stack, client
from tests.integration.conftest import PASSWORD, Run, attributes, running

USERS = 130  # more than two pages of the pool


class Place:
    """A pool and a table of their own in the embedded AWS, and both ends of them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.cognito, self.dynamodb = client("cognito-idp", stack), client("dynamodb", stack)
        name = f"reconciliation-{uuid.uuid4().hex[:8]}"
        self.pool_id = self.cognito.create_user_pool(PoolName=name)["UserPool"]["Id"]
        self.dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.repository = ProfileRepository(self.dynamodb, name)
        self.directory = UserDirectory(lambda: self.cognito, self.pool_id)
        self.s3 = client("s3", stack)
        self.s3.create_bucket(Bucket=name)
        self.bucket = PictureBucket(self.s3, name)

    def add_user(self, number: int) -> str:
        """A confirmed user; their sub."""
        username = f"user-{number}"
        form = {**attributes(f"{username}@example.com", name=f"Person {number}"), "email_verified": "true"}
        pairs = [{"Name": name, "Value": value} for name, value in form.items()]
        made = self.cognito.admin_create_user(
            UserPoolId=self.pool_id, Username=username, UserAttributes=pairs, MessageAction="SUPPRESS"
        )["User"]
        self.cognito.admin_set_user_password(
            UserPoolId=self.pool_id, Username=username, Password=PASSWORD, Permanent=True
        )
        return next(str(pair["Value"]) for pair in made["Attributes"] if pair["Name"] == "sub")

    def add_profile(self, sub: str) -> Profile:
        now = datetime.now(UTC)
        return self.repository.create(Profile(id=sub, name="There Before", created_at=now, updated_at=now, version=7))

    def run(
        self, left: Callable[[], float] = lambda: 60_000.0, bucket: PictureBucket | None = None, **options: Any
    ) -> Progress:
        bucket = bucket or self.bucket
        return Reconciliation(self.repository, self.directory, Options(**options), left, bucket).run()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with running(tmp_path_factory.mktemp("local")) as run:
        yield run


@pytest.fixture(scope="module")
def peopled(run: Run) -> tuple[Place, list[str]]:
    """Users, every tenth without a profile, and two profiles without a user. Never changed by a test."""
    place = Place(run.stack)
    subs = [place.add_user(number) for number in range(USERS)]
    for number, sub in enumerate(subs):
        if number % 10:
            place.add_profile(sub)
    for _ in range(2):
        place.add_profile(str(uuid.uuid4()))
    return place, subs


def test_a_dry_run_tells_and_changes_nothing(peopled: tuple[Place, list[str]]) -> None:
    place, subs = peopled
    told = place.run(dry_run=True, remove_orphans=True)
    assert told == Progress(part="finished", users=USERS, missing=13, profiles=USERS - 13 + 2, orphans=2)
    assert place.repository.get(subs[0]) is None


@pytest.fixture
def small(run: Run) -> tuple[Place, list[str], str]:
    """Three users, one without a profile, and a profile without a user."""
    place = Place(run.stack)
    subs = [place.add_user(number) for number in range(3)]
    orphan = str(uuid.uuid4())
    for sub in (*subs[1:], orphan):
        place.add_profile(sub)
    return place, subs, orphan


def test_who_has_no_profile_gets_one_and_who_has_keeps_it(small: tuple[Place, list[str], str]) -> None:
    place, subs, orphan = small
    told = place.run()
    assert told == Progress(part="finished", users=3, missing=1, created=1, profiles=4, orphans=1)
    made = place.repository.get(subs[0])
    assert made is not None
    assert (made.name, made.email_verified, made.version) == ("Person 0", True, 1)
    kept = place.repository.get(subs[1])
    assert kept is not None
    assert (kept.name, kept.version) == ("There Before", 7)
    assert place.repository.get(orphan) is not None


def test_a_first_request_finds_a_user_whose_name_in_the_pool_is_not_their_sub(
    small: tuple[Place, list[str], str],
) -> None:
    """As a federated user's is not."""
    place, subs, _ = small
    made = profiles.read(place.repository, place.directory, Caller(subs[0], "user-0"))
    assert (made.id, made.name) == (subs[0], "Person 0")
    with pytest.raises(NotFound):
        profiles.read(place.repository, place.directory, Caller(str(uuid.uuid4()), "user-0"))


def test_profiles_without_a_user_are_removed_only_when_asked(small: tuple[Place, list[str], str]) -> None:
    place, subs, orphan = small
    for sub in (orphan, subs[0]):
        place.bucket.write(picture_key(sub, "1"), b"x", PictureType.JPEG)
    nowhere = PictureBucket(place.s3, "nowhere")
    assert place.run(bucket=nowhere, remove_orphans=True).interrupted_by == "BackendFailed"
    assert place.repository.get(orphan), "it is met again, as its picture may be there yet"
    assert place.run(remove_orphans=True).removed == 1
    assert place.repository.get(orphan) is None
    assert [len(place.bucket.pictures_of(sub)) for sub in (orphan, subs[0])] == [0, 1]
    assert all(place.repository.get(sub) for sub in subs)


def test_nobody_unconfirmed_or_disabled_gets_a_profile(small: tuple[Place, list[str], str]) -> None:
    place, subs, _ = small
    place.cognito.admin_disable_user(UserPoolId=place.pool_id, Username="user-0")
    assert place.run().created == 0
    assert place.repository.get(subs[0]) is None


def test_a_walk_goes_on_where_the_last_run_was_stopped(run: Run) -> None:
    place = Place(run.stack)
    subs = [place.add_user(number) for number in range(USERS)]
    seen = []
    while True:
        looks = iter([60_000.0])  # time for one page, then none
        progress = place.run(left=lambda looks=looks: next(looks, 0.0))  # type: ignore[misc]
        seen.append((progress.part, progress.users, progress.profiles))
        if progress.part == "finished":
            break
    assert seen == [
        ("users", 60, 0),
        ("users", 120, 0),
        ("profiles", 130, 0),
        ("profiles", 130, seen[3][2]),
        ("finished", 130, 130),
    ]
    assert place.repository.existing(subs[:100]) == set(subs[:100])
    assert place.run().users == USERS  # and then from the beginning


def test_a_fault_of_aws_ends_the_run_and_not_the_walk(small: tuple[Place, list[str], str]) -> None:
    place, subs, _ = small
    closed = replace(place.stack, aws_endpoint_url="http://127.0.0.1:9")
    nowhere = UserDirectory(lambda: client("cognito-idp", closed), place.pool_id)
    told = Reconciliation(place.repository, nowhere, Options(), lambda: 60_000.0).run()
    assert (told.interrupted_by, told.part) == ("Unavailable", "users")
    assert place.run().created == 1
    assert place.repository.get(subs[0]) is not None


def test_the_kept_place_is_no_profile(small: tuple[Place, list[str], str]) -> None:
    place, _, _ = small
    place.run()
    again = place.run()
    assert (again.users, again.profiles, again.orphans) == (3, 4, 1)


def test_time_is_up_before_the_function_s_own_timeout() -> None:
    assert time_left(None, 0)() <= 30_000
    assert time_left(None, 5)() > 30_000


def test_the_scheduled_event_runs_it(run: Run) -> None:
    """As EventBridge sends it: https://docs.aws.amazon.com/lambda/latest/dg/with-eventbridge-scheduler.html"""
    event = {
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "123456789012", "time": "2015-10-08T16:53:06Z", "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"], "detail": {},
    }  # fmt: skip
    lambda_ = client("lambda", run.stack)
    answer = lambda_.invoke(FunctionName=f"{NAME}-reconcile", Payload=json.dumps(event))
    assert json.load(answer["Payload"])["part"] == "finished"


def reconcile(run: Run, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-s", "reconcile", f"ARGS={' '.join(arguments)}"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "LOCAL_DIR": str(run.directory), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_operator_can_run_it_at_once(run: Run) -> None:
    stack = run.stack
    dynamodb = client("dynamodb", stack)
    cognito = client("cognito-idp", stack)
    john = cognito.admin_get_user(UserPoolId=stack.user_pool_id, Username="john@example.com")["Username"]
    dynamodb.delete_item(TableName=stack.table, Key={"user_id": {"S": john}})
    dry = reconcile(run, "--dry-run", "--restart")
    assert dry.returncode == 0, dry.stderr
    assert "Reconciliation, dry run" in dry.stdout
    assert "1, 1 of them without a profile" in dry.stdout
    real = reconcile(run, "--restart")
    assert "profiles made    1" in real.stdout
    assert len(real.stdout.splitlines()) < 24
    assert dynamodb.get_item(TableName=stack.table, Key={"user_id": {"S": john}})["Item"]["name"]["S"] == "John Doe"
