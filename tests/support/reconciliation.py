"""A user pool, a table and a bucket for one test of reconciliation, in the embedded AWS of a running stack."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.aws.throttled_user_pool import Rates, ThrottledUserPool
from chalicelib.aws.user_pool import UserPool
from chalicelib.core import logs, metrics
from chalicelib.core.errors import UpstreamError
from chalicelib.files.checking import FileChecker, FileCheckRequest
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.pictures.storage import PictureStorage
from chalicelib.privacy.erasure import ErasureService
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.items import to_item
from chalicelib.profiles.models import Profile
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.file_check_starter import FileCheckStarter
from chalicelib.reconciliation.models import Chain, ReconciliationOptions, ReconciliationReport
from chalicelib.reconciliation.service import FileAdapters, GracePeriods, Reconciliation, ReconciliationAdapters
from local.emulator_clients import emulator_client
from local.resources.tables import create_records_table, create_users_table
from local.stack import Stack
from tests.support.aws import get_item
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD, attribute_pairs

UNLIMITED_RATES: Final = Rates(1e4, 1e4, 1e4)
HEALTH_ATTRIBUTES: Final = {"custom:dob", "custom:gender", "custom:blood_group"}
_BATCH_SIZE: Final = 25  # items, DynamoDB's limit for BatchWriteItem


class SynchronousErasures(ErasureStarter):
    """Runs an erasure in this process. Lambda repeats a failed one later, so a failure is not an error here."""

    def __init__(self, service: ErasureService) -> None:
        self._service = service

    def start(self, user_id: str) -> bool:
        with suppress(UpstreamError):
            self._service.erase(user_id)
        return True


class SynchronousFileChecks(FileCheckStarter):
    """Runs the checks of files in this process."""

    def __init__(self, checker: FileChecker) -> None:
        self._checker = checker

    def start(self, request: FileCheckRequest) -> None:
        self._checker.check(request)


class PoolAndTable:
    """A user pool, tables and a bucket of their own in the embedded AWS, with the clients of each."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.cognito, self.dynamodb, self.s3 = (
            emulator_client(name, stack) for name in ("cognito-idp", "dynamodb", "s3")
        )
        self.name = name = f"reconciliation-{uuid.uuid4().hex[:8]}"  # of the user pool, the table and the bucket
        pool = self.cognito.create_user_pool(PoolName=name, UsernameAttributes=["email"])
        self.pool_id = pool["UserPool"]["Id"]
        app_client = self.cognito.create_user_pool_client(UserPoolId=self.pool_id, ClientName="web")
        self.client_id = app_client["UserPoolClient"]["ClientId"]
        create_users_table(self.dynamodb, name)
        self.repository = ProfileRepository(self.dynamodb, name)
        self.deletions = DeletionRepository(self.dynamodb, name)
        self.user_pool = ThrottledUserPool(lambda: self.cognito, self.pool_id, UNLIMITED_RATES)
        self.directory = UserPool(lambda: self.cognito, self.pool_id)
        self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.bucket = PictureStorage(self.s3, name)
        self.records_table = f"{name}-records"
        create_records_table(self.dynamodb, self.records_table)
        self.files = FileRepository(self.dynamodb, self.records_table, name)
        self.file_storage = FileStorage(self.s3, name)

    def checkpoints(self, *, dry_run: bool = False) -> Checkpoints:
        return Checkpoints(self.dynamodb, self.name, dry_run=dry_run)

    def add_user(self, number: int, *, signed_in: bool = True) -> str:
        """Add a confirmed user, or an invited user before the first sign-in. Return their sub."""
        email = f"user-{number}@example.com"
        attributes = {**sign_up_attributes(email, name=f"Person {number}"), "email_verified": "true"}
        created = self.cognito.admin_create_user(
            UserPoolId=self.pool_id,
            Username=email,
            UserAttributes=attribute_pairs(attributes),
            MessageAction="SUPPRESS",
        )["User"]
        sub = str(created["Username"])
        if signed_in:
            self.cognito.admin_set_user_password(
                UserPoolId=self.pool_id, Username=sub, Password=PASSWORD, Permanent=True
            )
        return sub

    def add_unconfirmed(self, number: int) -> str:
        """Add a user that has not confirmed the account. Return their sub."""
        email = f"user-{number}@example.com"
        pairs = attribute_pairs(sign_up_attributes(email))
        created = self.cognito.sign_up(ClientId=self.client_id, Username=email, Password=PASSWORD, UserAttributes=pairs)
        return str(created["UserSub"])

    def add_profile(self, sub: str) -> Profile:
        now = datetime.now(UTC)
        profile = Profile(id=sub, name="Stored Before", created_at=now, updated_at=now, version=7)
        stored, _ = self.repository.create_if_absent(profile)
        return stored

    def is_erased(self, sub: str) -> bool:
        """Return True if the tombstone of an erased account is stored."""
        item = get_item(self.dynamodb, self.name, sub) or {}
        return item.get("deletion_status") == {"S": "erased"}

    def has_account(self, sub: str) -> bool:
        return self.directory.get_user(sub) is not None

    def get_health_attributes(self, sub: str) -> set[str]:
        """Return the names of a user's health attributes in the user pool."""
        user = self.directory.get_user(sub)
        return HEALTH_ATTRIBUTES & set(user.attributes) if user else set()

    def reconcile(
        self,
        milliseconds_left: Callable[[], float] = lambda: 60_000.0,
        bucket: PictureStorage | None = None,
        user_pool: ThrottledUserPool | None = None,
        files: FileAdapters | None = None,
        unconfirmed_hours: float = 24,
        orphan_grace_hours: float = 72,
        **options: Any,
    ) -> ReconciliationReport:
        """Run reconciliation once, over files too if there are `files`. Erasures run in this process, with `bucket`."""
        parsed = ReconciliationOptions(**options)
        erasures = SynchronousErasures(ErasureService(self.deletions, self.directory, bucket or self.bucket))
        adapters = ReconciliationAdapters(self.repository, self.deletions, user_pool or self.user_pool, erasures, files)
        grace_periods = GracePeriods(unconfirmed_hours, orphan_grace_hours)
        checkpoints = self.checkpoints(dry_run=parsed.dry_run)
        return Reconciliation(checkpoints, adapters, parsed, milliseconds_left, grace_periods).run()

    def file_adapters(self) -> FileAdapters:
        """Return the adapters of the scan over files. The checks run in this process, without malware protection."""
        checker = FileChecker(self.files, self.file_storage, malware_protection=False)
        return FileAdapters(self.files, self.file_storage, SynchronousFileChecks(checker))


def clock_for_checks(count: int) -> Callable[[], float]:
    """Return a clock that has time left for this number of checks."""
    remaining = iter([60_000.0] * count)
    return lambda: next(remaining, 0.0)


def get_next_chain(report: ReconciliationReport) -> Chain:
    """Return the chain that a run passes to the next run."""
    assert report.next is not None
    assert report.next.chain is not None
    return report.next.chain


@contextmanager
def count_metrics() -> Iterator[Callable[[metrics.Metric], int]]:
    """Record metrics and yield a function that returns the sum of one."""
    lines: list[str] = []
    logs.sinks.append(lines.append)

    def count(metric: metrics.Metric) -> int:
        return sum(json.loads(line).get(metric, 0) for line in lines)

    try:
        yield count
    finally:
        logs.sinks.pop()


def get_checkpoint(stack: Stack, name: str) -> dict[str, Any]:
    """Return a checkpoint of reconciliation, or an empty dict."""
    item = get_item(emulator_client("dynamodb", stack), stack.table, f"#reconciliation-{name}") or {}
    return dict(json.loads(item["checkpoint"]["S"])) if "checkpoint" in item else {}


def store_profiles(stack: Stack, subs: list[str]) -> None:
    """Store a profile for each sub."""
    now = datetime.now(UTC)
    profiles = [Profile(id=sub, created_at=now, updated_at=now, version=1) for sub in subs]
    requests = [{"PutRequest": {"Item": to_item(profile)}} for profile in profiles]
    for start in range(0, len(requests), _BATCH_SIZE):
        batch = requests[start : start + _BATCH_SIZE]
        emulator_client("dynamodb", stack).batch_write_item(RequestItems={stack.table: batch})
