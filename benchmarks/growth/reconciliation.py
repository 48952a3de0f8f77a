"""Measures reconciliation: its calls to AWS for each user, and its duration at the latency of AWS."""

import io
import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from benchmarks.emulator import start_emulator
from benchmarks.growth import seed
from chalicelib.aws.throttled_user_pool import Rates, ThrottledUserPool
from chalicelib.files.checking import FileCheckRequest
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.file_check_starter import FileCheckStarter
from chalicelib.reconciliation.models import Chain, ReconciliationOptions, ReconciliationReport
from chalicelib.reconciliation.service import FileAdapters, Reconciliation, ReconciliationAdapters, make_deadline
from local.config import REGION
from local.emulator_clients import EmulatorConnection
from local.resources.tables import create_records_table

COGNITO_DELAY: Final = 0.035  # seconds added to each call to Cognito; inside an AWS region a call takes 25 to 60 ms
_RUN_SECONDS: Final = 270  # the timeout of the function minus its safety margin
_UNLIMITED_RATES: Final = Rates(1e4, 1e4, 1e4)


def measure_run(aws: EmulatorConnection, size: int) -> dict[str, Any]:
    """Count the calls of a complete run for a pool of `size` users.

    One user in a hundred has no profile, and one in ten has a new file, which is the most expensive one to compare.
    """
    calls = Counter[str]()
    create_client = _counting_client_factory(aws, calls)
    cognito, dynamodb = create_client("cognito-idp"), create_client("dynamodb")
    pool_id, subs = seed.create_pool_with_users(cognito, size)
    table = f"Pool-{size}"
    with_profile = seed.select_with_profile(subs)
    seed.create_table_with_profiles(dynamodb, table, with_profile)
    with_file = with_profile[:: seed.FILE_EVERY]
    files = _create_files(dynamodb, create_client("s3"), table, with_file)
    calls.clear()
    report = _reconcile(dynamodb, cognito, table, pool_id, _UNLIMITED_RATES, None, files)
    _require_complete(report, size, len(with_file))
    return {"size": size, "created": report.users.created, "calls": dict(calls)}


def measure_chain(directory: Path, size: int) -> dict[str, Any]:
    """Measure the runs that one scheduled start causes, at the latency of AWS and at the default rates."""
    directory.mkdir()
    with start_emulator(directory, persistent=True) as (aws, _):
        cognito = _counting_client_factory(aws, Counter())("cognito-idp")
        pool_id, _ = seed.create_pool_with_users(cognito, 1)
    subs = seed.write_users(directory / "state", pool_id, size)
    with start_emulator(directory, persistent=True) as (aws, _):
        create_client = _counting_client_factory(aws, Counter(), COGNITO_DELAY)
        cognito, dynamodb = create_client("cognito-idp"), create_client("dynamodb")
        seed.create_table_with_profiles(dynamodb, "Chain", seed.select_with_profile(subs))
        started, runs, chain = time.monotonic(), 0, None
        while True:
            report = _reconcile(dynamodb, cognito, "Chain", pool_id, Rates(), chain)
            runs += 1
            if report.next is None:
                break
            chain = report.next.chain
    _require_complete(report, size)
    return {"size": size, "seconds": time.monotonic() - started, "runs": runs}


def _create_files(dynamodb: Any, s3: Any, table: str, subs: list[str]) -> FileAdapters:
    records_table, bucket = f"{table}-Records", f"{table.lower()}-files"
    create_records_table(dynamodb, records_table)
    s3.create_bucket(Bucket=bucket)
    repository = FileRepository(dynamodb, records_table, table)
    seed.create_files(repository, s3, bucket, subs)
    return FileAdapters(repository, FileStorage(s3, bucket), _NoChecks())


class _NoChecks(FileCheckStarter):
    """Starts no check. The measured files have no differences."""

    def __init__(self) -> None:
        pass

    def start(self, request: FileCheckRequest) -> None:
        raise RuntimeError(f"unexpected check of {request.file_id}")


class _NoErasures(ErasureStarter):
    """Starts no erasure. The measured tables have no orphans and no scheduled deletions."""

    def __init__(self) -> None:
        pass

    def start(self, user_id: str) -> bool:
        raise RuntimeError(f"unexpected erasure of {user_id}")


def _reconcile(
    dynamodb: Any,
    cognito: Any,
    table: str,
    pool_id: str,
    rates: Rates,
    chain: Chain | None,
    files: FileAdapters | None = None,
) -> ReconciliationReport:
    adapters = ReconciliationAdapters(
        ProfileRepository(dynamodb, table),
        DeletionRepository(dynamodb, table),
        ThrottledUserPool(lambda: cognito, pool_id, rates),
        _NoErasures(),
        files,
    )
    options, deadline = ReconciliationOptions(chain=chain), make_deadline(None, _RUN_SECONDS)
    reconciliation = Reconciliation(Checkpoints(dynamodb, table), adapters, options, deadline)
    with redirect_stdout(io.StringIO()):
        return reconciliation.run()


def _require_complete(report: ReconciliationReport, size: int, files: int = 0) -> None:
    """Raise RuntimeError if the run did not read every user and file, or found a profile without a user."""
    found = (report.status, report.users.users, report.files.objects, report.profiles.orphans)
    if found != ("finished", size, files, 0):
        raise RuntimeError(json.dumps(report.model_dump(mode="json")))


def _counting_client_factory(
    aws: EmulatorConnection, calls: Counter[str], cognito_delay: float = 0.0
) -> Callable[[str], Any]:
    """Return a function that creates clients. They count their calls, and delay those to Cognito."""

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    def create_client(service: str) -> Any:
        client = boto3.client(
            service,  # type: ignore[call-overload]  # any service
            endpoint_url=aws.aws_endpoint_url,
            region_name=REGION,
            aws_access_key_id=aws.access_key.id,
            aws_secret_access_key=aws.access_key.secret,
            config=Config(max_pool_connections=50),
        )
        client.meta.events.register(f"after-call.{service}", count)
        if cognito_delay and service == "cognito-idp":
            client.meta.events.register("before-send", lambda **_: time.sleep(cognito_delay))
        return client

    return create_client
