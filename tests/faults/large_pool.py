"""Reconciliation of a large pool, killed in the middle."""

import json
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from chalicelib.profiles.items import to_item
from chalicelib.profiles.models import Profile
from local.config import ROOT
from local.emulator_clients import emulator_client
from tests.resilience.check_result import CheckResult
from tests.support.stack import start_stack

_ONE_IN: Final = 100  # has no profile
_OURS: Final = 3  # items of reconciliation in the table
RECONCILE: Final = """
import re, sys, time
from pathlib import Path
from chalicelib.reconciliation import Options, Reconciliation
from chalicelib.reconciliation_checkpoints import Checkpoints
from chalicelib.repository import ProfileRepository
from chalicelib.user_pool import Rates, UserPool
from local.stack import Stack, client

class BriefLease(Checkpoints):
    def acquire_lease(self, seconds, previous=None):
        return super().acquire_lease(2, previous)  # a run that was killed blocks the next one no longer

stack = Stack.read(Path(sys.argv[1]))
dynamodb = client("dynamodb", stack)
while True:
    run = Reconciliation(
        BriefLease(dynamodb, stack.table),
        ProfileRepository(dynamodb, stack.table),
        UserPool(lambda: client("cognito-idp", stack), stack.user_pool_id, Rates(1e4, 1e4, 1e4)),
        Options(),
        lambda: 60_000.0,
    )
    report = run.run()
    if report.status != "busy":
        break
    time.sleep(0.2)
print(report.model_dump_json(), file=sys.stderr)
# Not getrusage, which begins with what the parent had when it started us.
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


def seed_user_pool(state: Path, pool_id: str, count: int) -> list[str]:
    """Write users into the stopped emulator's state: its own calls would take hours for so many.

    Every hundredth has health attributes, as a user has until reconciliation has met them.
    """
    file = state / "cognito.json"
    document = json.loads(file.read_text())
    pools = document["payload"]["user_pools"]["data"]
    (pool,) = [pool for pool in pools.values() if pool["Id"] == pool_id]
    template = json.dumps(next(iter(pool["_users"].values())))
    (username,) = pool["_users"]
    subs = [str(uuid.UUID(int=number + 1)) for number in range(count - 1)]
    for number, sub in enumerate(subs):
        user = json.loads(template.replace(username, sub).replace("john@example.com", f"u{number}@example.com"))
        if number % _ONE_IN:
            user["Attributes"] = [pair for pair in user["Attributes"] if not pair["Name"].startswith("custom:")]
        pool["_users"][sub] = user
    file.write_text(json.dumps(document))
    return subs


def reconcile_large_pool(directory: Path, count: int) -> list[CheckResult]:
    """A pool of this many with 1% missing, the run killed in the middle: complete, in bounded memory."""
    with start_stack(directory) as run:
        stack = run.outputs
    subs = seed_user_pool(directory / "state", stack.user_pool_id, count)
    missing = set(subs[::_ONE_IN])
    with start_stack(directory) as run:
        stack, now = run.outputs, datetime.now(UTC)
        dynamodb = emulator_client("dynamodb", stack)
        there = [sub for sub in subs if sub not in missing]
        for start in range(0, len(there), 25):
            profiles = (Profile(id=sub, created_at=now, updated_at=now, version=9) for sub in there[start : start + 25])
            puts = [{"PutRequest": {"Item": to_item(profile)}} for profile in profiles]
            dynamodb.batch_write_item(RequestItems={stack.table: puts})
        command = [sys.executable, "-c", RECONCILE, str(directory / "stack.json")]

        def start_one() -> subprocess.Popen[str]:
            return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        started = time.monotonic()
        killed = start_one()
        place: dict[str, Any] = {}
        while place.get("users", 0) < count // 2:
            time.sleep(0.05)
            item = dynamodb.get_item(TableName=stack.table, Key={"user_id": {"S": "#reconciliation-users"}}).get("Item")
            place = json.loads(item["place"]["S"]) if item else {}
        killed.kill()
        killed.communicate()
        _, told = start_one().communicate()
        report, peak = json.loads(told.splitlines()[-2]), int(told.splitlines()[-1])
        seconds = time.monotonic() - started
        keys = {"Keys": [{"user_id": {"S": sub}} for sub in list(missing)[:100]]}
        made = len(dynamodb.batch_get_item(RequestItems={stack.table: keys})["Responses"][stack.table])
        total = dynamodb.scan(TableName=stack.table, Select="COUNT")
        while "LastEvaluatedKey" in total:
            more = dynamodb.scan(TableName=stack.table, Select="COUNT", ExclusiveStartKey=total["LastEvaluatedKey"])
            total = {**more, "Count": total["Count"] + more["Count"]}
    return [
        CheckResult(f"reconciliation of {count:,} users, 1% missing, killed at", f"{place['users']:,}", True),
        CheckResult("  users seen in all", f"{report['users']['users']:,}", report["users"]["users"] == count),
        CheckResult(
            "  profiles made",
            f"{report['users']['created']}",
            report["users"]["created"] <= len(missing) and made == min(100, len(missing)),
        ),
        CheckResult("  profiles in the table", f"{total['Count'] - _OURS:,}", total["Count"] - _OURS == count),
        CheckResult("  peak memory of a run", f"{peak // 1024} MiB", peak < 100 * 1024),
        CheckResult("  took", f"{seconds:.0f} s, {seconds / count * 1000:.1f} ms a user", True),
    ]
