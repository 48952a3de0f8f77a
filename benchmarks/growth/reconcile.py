"""Reconciliation of a pool, counted: what it asks of AWS for each user, and how long it takes."""

import io
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any, Final

import boto3

from benchmarks.growth import people
from chalicelib.reconciliation import Options, Reconciliation
from chalicelib.reconciliation_checkpoints import Checkpoints
from chalicelib.repository import ProfileRepository
from chalicelib.user_pool import UserPool
from local.settings import REGION
from local.stack import EmbeddedAws

_ONE_IN: Final = 100  # is without a profile


def walk(aws: EmbeddedAws, size: int) -> dict[str, Any]:
    """A whole walk over a pool of so many, one in a hundred of them without a profile."""
    calls = Counter[str]()
    client = _watched(aws, calls)
    cognito, dynamodb = client("cognito-idp"), client("dynamodb")
    pool_id, subs = people.pool(cognito, size)
    name = f"Pool-{size}"
    people.table(dynamodb, name, [sub for number, sub in enumerate(subs) if number % _ONE_IN])
    calls.clear()
    run = Reconciliation(
        Checkpoints(dynamodb, name),
        ProfileRepository(dynamodb, name),
        UserPool(lambda: cognito, pool_id),
        Options(),
        lambda: 60_000.0,
    )
    started = time.monotonic()
    with redirect_stdout(io.StringIO()):
        report = run.run()
    seconds = time.monotonic() - started
    if (report.status, report.users.users, report.profiles.orphans) != ("finished", size, 0):
        raise RuntimeError(report)
    return {"size": size, "seconds": seconds, "created": report.users.created, "calls": dict(calls)}


def _watched(aws: EmbeddedAws, calls: Counter[str]) -> Callable[[str], Any]:
    """Makes clients that count their calls."""

    def count(model: Any, **_: Any) -> None:
        calls[model.name] += 1

    def make(service: str) -> Any:
        made = boto3.client(
            service,  # type: ignore[call-overload]  # any service
            endpoint_url=aws.aws_endpoint_url,
            region_name=REGION,
            aws_access_key_id=aws.access_key.id,
            aws_secret_access_key=aws.access_key.secret,
        )
        made.meta.events.register(f"after-call.{service}", count)
        return made

    return make
