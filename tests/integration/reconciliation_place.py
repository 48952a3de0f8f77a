"""A pool and a table for one test of reconciliation, in the embedded AWS of a running stack."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from chalicelib.aws.throttled_user_pool import Rates, ThrottledUserPool
from chalicelib.aws.user_pool import UserPool
from chalicelib.core import logs, metrics
from chalicelib.pictures.storage import PictureStorage
from chalicelib.profiles.models import Profile
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.models import Chain, ReconciliationOptions, ReconciliationReport
from chalicelib.reconciliation.service import Reconciliation
from local.emulator_clients import emulator_client
from local.stack import Stack
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD

UNLIMITED_RATES = Rates(1e4, 1e4, 1e4)
HEALTH_ATTRIBUTES = {"custom:dob", "custom:gender", "custom:blood_group"}


class PoolAndTable:
    """A pool and a table of their own in the embedded AWS, and both ends of them."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.cognito, self.dynamodb = emulator_client("cognito-idp", stack), emulator_client("dynamodb", stack)
        self.name = name = f"reconciliation-{uuid.uuid4().hex[:8]}"
        created = self.cognito.create_user_pool(PoolName=name, UsernameAttributes=["email"])
        self.pool_id = created["UserPool"]["Id"]
        app_client = self.cognito.create_user_pool_client(UserPoolId=self.pool_id, ClientName="web")
        self.client_id = app_client["UserPoolClient"]["ClientId"]
        self.dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.repository = ProfileRepository(self.dynamodb, name)
        self.pool = ThrottledUserPool(lambda: self.cognito, self.pool_id, UNLIMITED_RATES)
        self.directory = UserPool(lambda: self.cognito, self.pool_id)
        self.s3 = emulator_client("s3", stack)
        self.s3.create_bucket(Bucket=name)
        self.bucket = PictureStorage(self.s3, name)

    def checkpoints(self, *, dry_run: bool = False) -> Checkpoints:
        return Checkpoints(self.dynamodb, self.name, dry_run=dry_run)

    def add_user(self, number: int, *, signed_in: bool = True) -> str:
        """Add a confirmed user, or one who was invited and has not signed in. Return their sub."""
        email = f"user-{number}@example.com"
        form = {**sign_up_attributes(email, name=f"Person {number}"), "email_verified": "true"}
        pairs = [{"Name": name, "Value": value} for name, value in form.items()]
        made = self.cognito.admin_create_user(
            UserPoolId=self.pool_id, Username=email, UserAttributes=pairs, MessageAction="SUPPRESS"
        )["User"]
        sub = str(made["Username"])
        if signed_in:
            self.cognito.admin_set_user_password(
                UserPoolId=self.pool_id, Username=sub, Password=PASSWORD, Permanent=True
            )
        return sub

    def add_unconfirmed(self, number: int) -> str:
        """Add a user who has signed up and sent no code. Return their sub."""
        email = f"user-{number}@example.com"
        pairs = [{"Name": name, "Value": value} for name, value in sign_up_attributes(email).items()]
        made = self.cognito.sign_up(ClientId=self.client_id, Username=email, Password=PASSWORD, UserAttributes=pairs)
        return str(made["UserSub"])

    def add_profile(self, sub: str) -> Profile:
        now = datetime.now(UTC)
        return self.repository.create_if_absent(
            Profile(id=sub, name="There Before", created_at=now, updated_at=now, version=7)
        )

    def has_account(self, sub: str) -> bool:
        return self.directory.get_user(sub) is not None

    def health_attributes(self, sub: str) -> set[str]:
        user = self.directory.get_user(sub)
        return HEALTH_ATTRIBUTES & set(user.attributes) if user else set()

    def run(
        self,
        left: Callable[[], float] = lambda: 60_000.0,
        bucket: PictureStorage | None = None,
        pool: ThrottledUserPool | None = None,
        unconfirmed_hours: float = 24,
        **options: Any,
    ) -> ReconciliationReport:
        """Run once."""
        chosen = ReconciliationOptions(**options)
        checkpoints = self.checkpoints(dry_run=chosen.dry_run)
        pool, bucket = pool or self.pool, bucket or self.bucket
        return Reconciliation(checkpoints, self.repository, pool, chosen, left, bucket, unconfirmed_hours).run()


def clock_for_checks(looks: int) -> Callable[[], float]:
    """Return a clock that is over after it was looked at so often."""
    left = iter([60_000.0] * looks)
    return lambda: next(left, 0.0)


def get_next_chain(report: ReconciliationReport) -> Chain:
    """Return what a run has passed on to the next."""
    assert report.next is not None
    assert report.next.chain is not None
    return report.next.chain


@contextmanager
def count_metrics() -> Iterator[Callable[[metrics.Metric], int]]:
    """Count the metrics that are written meanwhile."""
    lines: list[str] = []
    logs.sinks.append(lines.append)

    def count(metric: metrics.Metric) -> int:
        return sum(json.loads(line).get(metric, 0) for line in lines)

    try:
        yield count
    finally:
        logs.sinks.pop()
