"""Reconciliation of a large user pool, with a run that is killed half-way."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.growth.seed import MISSING_EVERY, write_users
from local.config import ROOT
from local.emulator_clients import emulator_client
from tests.resilience.check_result import CheckResult
from tests.support.reconciliation import get_checkpoint, store_profiles
from tests.support.stack import start_stack

_RECONCILIATION_ITEMS: Final = 3  # items in the table that are not profiles
_MAX_MEMORY_KIB: Final = 100 * 1024
_RECONCILE: Final = """
import re, sys, time
from pathlib import Path
from chalicelib.aws.async_functions import AsyncFunction
from chalicelib.aws.throttled_user_pool import Rates, ThrottledUserPool
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.models import ReconciliationOptions
from chalicelib.reconciliation.service import ReconciliationAdapters, Reconciliation
from local.emulator_clients import emulator_client
from local.stack import Stack

class ShortLeaseCheckpoints(Checkpoints):
    def acquire_lease(self, seconds, previous=None):
        return super().acquire_lease(2, previous)  # the lease of the killed run has to expire

stack = Stack.read(Path(sys.argv[1]))
dynamodb = emulator_client("dynamodb", stack)
adapters = ReconciliationAdapters(
    ProfileRepository(dynamodb, stack.table),
    DeletionRepository(dynamodb, stack.table),
    ThrottledUserPool(lambda: emulator_client("cognito-idp", stack), stack.user_pool_id, Rates(1e4, 1e4, 1e4)),
    ErasureStarter(AsyncFunction(lambda: emulator_client("lambda", stack), stack.erase_function)),
)
while True:
    checkpoints = ShortLeaseCheckpoints(dynamodb, stack.table)
    report = Reconciliation(checkpoints, adapters, ReconciliationOptions(), lambda: 60_000.0).run()
    if report.status != "busy":
        break
    time.sleep(0.2)
print(report.model_dump_json(), file=sys.stderr)
# getrusage would include the memory of the parent process at the fork.
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


def reconcile_large_pool(directory: Path, count: int) -> list[CheckResult]:
    """Reconcile a user pool in which 1 % of the users have no profile. Kill the run half-way and start another.

    The second run completes the first one, in bounded memory.
    """
    with start_stack(directory) as stack:
        user_pool_id = stack.outputs.user_pool_id
    subs = write_users(directory / "state", user_pool_id, count)[1:]
    missing = set(subs[::MISSING_EVERY])
    with start_stack(directory) as stack:
        outputs = stack.outputs
        dynamodb = emulator_client("dynamodb", outputs)
        store_profiles(outputs, [sub for sub in subs if sub not in missing])
        command = [sys.executable, "-c", _RECONCILE, str(directory / "stack.json")]

        def start_run() -> subprocess.Popen[str]:
            return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        started = time.monotonic()
        killed = start_run()
        while (users_at_kill := get_checkpoint(outputs, "users").get("users", 0)) < count // 2:
            time.sleep(0.05)
        killed.kill()
        killed.communicate()
        _, output = start_run().communicate()
        report, peak_kib = json.loads(output.splitlines()[-2]), int(output.splitlines()[-1])
        seconds = time.monotonic() - started
        keys = {"Keys": [{"user_id": {"S": sub}} for sub in list(missing)[:100]]}
        provisioned = len(dynamodb.batch_get_item(RequestItems={outputs.table: keys})["Responses"][outputs.table])
        pages = dynamodb.get_paginator("scan").paginate(TableName=outputs.table, Select="COUNT")
        profiles = sum(page["Count"] for page in pages) - _RECONCILIATION_ITEMS
    created = report["users"]["created"]
    return [
        CheckResult(
            f"reconciliation of {count:,} users, 1 % without a profile, killed at user", f"{users_at_kill:,}", True
        ),
        CheckResult("  users read", f"{report['users']['users']:,}", report["users"]["users"] == count),
        CheckResult(
            "  profiles created",
            f"{created}",
            created <= len(missing) and provisioned == min(100, len(missing)),
        ),
        CheckResult("  profiles in the table", f"{profiles:,}", profiles == count),
        CheckResult("  peak memory of a run", f"{peak_kib // 1024} MiB", peak_kib < _MAX_MEMORY_KIB),
        CheckResult("  duration", f"{seconds:.0f} s, {seconds / count * 1000:.1f} ms per user", True),
    ]
