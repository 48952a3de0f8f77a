"""Reconciliation of a pool: what it asks of AWS for each user, and how long it takes at the latency of AWS."""

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
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.models import Chain, ReconciliationOptions, ReconciliationReport
from chalicelib.reconciliation.service import Reconciliation, make_deadline
from local.config import REGION
from local.emulator_clients import EmulatorConnection

LATENCY: Final = 0.035  # seconds that each call to Cognito takes longer: in AWS's own region it takes 25 to 60 ms
RUN_SECONDS: Final = 270  # the function's timeout less its margin
_UNBOUNDED: Final = Rates(1e4, 1e4, 1e4)


def measure_run(aws: EmulatorConnection, size: int) -> dict[str, Any]:
    """Count the calls of a whole walk over a pool of so many, one in a hundred of them without a profile."""
    calls = Counter[str]()
    client = _watched(aws, calls)
    cognito, dynamodb = client("cognito-idp"), client("dynamodb")
    pool_id, subs = seed.pool(cognito, size)
    name = f"Pool-{size}"
    seed.table(dynamodb, name, seed.with_profile(subs))
    calls.clear()
    report = _run(dynamodb, cognito, name, pool_id, _UNBOUNDED, None)
    _check(report, size)
    return {"size": size, "created": report.users.created, "calls": dict(calls)}


def measure_chain(directory: Path, size: int) -> dict[str, Any]:
    """Time the runs that one scheduled start leads to, at the latency of AWS and at the default rates."""
    directory.mkdir()
    with start_emulator(directory, persistent=True) as (aws, _):
        pool_id, _ = seed.pool(_watched(aws, Counter())("cognito-idp"), 1)
    subs = seed.write_pool(directory / "state", pool_id, size)
    with start_emulator(directory, persistent=True) as (aws, _):
        client = _watched(aws, Counter(), LATENCY)
        cognito, dynamodb = client("cognito-idp"), client("dynamodb")
        seed.table(dynamodb, "Chain", seed.with_profile(subs))
        started, runs, link = time.monotonic(), 0, None
        while True:
            report = _run(dynamodb, cognito, "Chain", pool_id, Rates(), link)
            runs += 1
            if report.next is None:
                break
            link = report.next.chain
    _check(report, size)
    return {"size": size, "seconds": time.monotonic() - started, "runs": runs}


def _run(
    dynamodb: Any, cognito: Any, table: str, pool_id: str, rates: Rates, link: Chain | None
) -> ReconciliationReport:
    run = Reconciliation(
        Checkpoints(dynamodb, table),
        ProfileRepository(dynamodb, table),
        ThrottledUserPool(lambda: cognito, pool_id, rates),
        ReconciliationOptions(chain=link),
        make_deadline(None, RUN_SECONDS),
    )
    with redirect_stdout(io.StringIO()):
        return run.run()


def _check(report: ReconciliationReport, size: int) -> None:
    if (report.status, report.users.users, report.profiles.orphans) != ("finished", size, 0):
        raise RuntimeError(json.dumps(report.model_dump(mode="json")))


def _watched(aws: EmulatorConnection, calls: Counter[str], latency: float = 0.0) -> Callable[[str], Any]:
    """Return what makes clients that count their calls, and delay those to Cognito."""

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    def make(service: str) -> Any:
        made = boto3.client(
            service,  # type: ignore[call-overload]  # any service
            endpoint_url=aws.aws_endpoint_url,
            region_name=REGION,
            aws_access_key_id=aws.access_key.id,
            aws_secret_access_key=aws.access_key.secret,
            config=Config(max_pool_connections=50),
        )
        made.meta.events.register(f"after-call.{service}", count)
        if latency and service == "cognito-idp":
            made.meta.events.register("before-send", lambda **_: time.sleep(latency))
        return made

    return make
