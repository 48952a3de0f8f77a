"""`make reconcile`: run the reconciliation of a stage now, step by step, and tell how it goes.

    python -m local.reconcile [--stage STAGE] [--dry-run] [--remove-orphans] [--restart]

The stage `local` is the one of `make run`. Any other is a deployed one, by the credentials and the region of
the environment.
"""

import argparse
import json
import sys
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from chalicelib.logs import APP
from local import console, settings
from local.stack import NAME, RECONCILE, Stack, client

_STEP: Final = 10  # seconds of work between two lines of progress
_PATIENCE: Final = Config(read_timeout=120, retries={"total_max_attempts": 1})


def _event(detail: dict[str, Any]) -> bytes:
    """What EventBridge sends for a schedule, with these options as its detail."""
    event = {
        "version": "0",
        "id": "by-hand",
        "detail-type": "Scheduled Event",
        "source": "by-hand",
        "account": "",
        "time": "",
        "region": "",
        "resources": [],
        "detail": detail,
    }
    return json.dumps(event).encode()


def _step(lambda_: Any, function: str, detail: dict[str, Any]) -> dict[str, Any]:
    answer = lambda_.invoke(FunctionName=function, Payload=_event(detail))
    progress: dict[str, Any] = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise RuntimeError(f"{function} failed: {progress.get('errorMessage')}")
    return progress


def _walk(lambda_: Any, function: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Steps until the walk is finished, or AWS is at fault."""
    while True:
        progress = _step(lambda_, function, detail)
        console.note(f"  {progress['users']} users, {progress['profiles']} profiles seen")
        if progress["part"] == "finished" or progress["interrupted_by"]:
            return progress
        detail = {**detail, "restart": False}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make reconcile", description="Give every user a profile.")
    parser.add_argument("--stage", default="local")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only tell")
    parser.add_argument("--remove-orphans", action="store_true", help="delete profiles whose user is gone")
    parser.add_argument("--restart", action="store_true", help="begin at the beginning")
    options = parser.parse_args()
    detail = {
        "dry_run": options.dry_run,
        "remove_orphans": options.remove_orphans,
        "restart": options.restart,
        "seconds": _STEP,
    }
    try:
        if options.stage == "local":
            stack = Stack.read(settings.load().stack_file)
            progress = _walk(client("lambda", stack), f"{NAME}-{RECONCILE}", detail)
        else:
            lambda_ = boto3.client("lambda", config=_PATIENCE)
            progress = _walk(lambda_, f"{APP}-{options.stage}-{RECONCILE}", detail)
    except (FileNotFoundError, EndpointConnectionError) as exc:
        is_local = options.stage == "local"
        console.failure("Nothing is running here: start it with make run." if is_local else str(exc))
        return 1
    except (BotoCoreError, ClientError, RuntimeError) as exc:
        console.failure(str(exc))
        return 1
    return _summary(progress, dry_run=options.dry_run)


def _summary(progress: dict[str, Any], *, dry_run: bool) -> int:
    console.title("Reconciliation, dry run" if dry_run else "Reconciliation")
    console.fact("users", f"{progress['users']}, {progress['missing']} of them without a profile")
    console.fact("profiles made", str(progress["created"]))
    console.fact("profiles", f"{progress['profiles']}, {progress['orphans']} of them without a user")
    console.fact("removed", str(progress["removed"]))
    if progress["interrupted_by"]:
        console.failure(f"Interrupted: {progress['interrupted_by']}. Run it again, and it goes on from there.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
