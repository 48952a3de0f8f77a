"""`make reconcile`: run the reconciliation of a stage now, step by step, and tell how it goes.

    python -m local.reconcile [--stage STAGE] [--dry-run] [--remove-orphans] [--restart] ...

The stage `local` is the one of `make run`. Any other is one that was deployed from this checkout, in its own region, by
the credentials of the environment. STAGE_NAME is the stage unless there is an option.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from chalicelib.logs import APP
from chalicelib.reconciliation import to_event
from infra.deploy.console import Failure
from local import console, settings
from local.stack import NAME, RECONCILE, Stack, client

_STEP: Final = 10  # seconds of work between two lines of progress
_PATIENCE: Final = Config(read_timeout=120, retries={"total_max_attempts": 1})


def _run(lambda_: Any, function: str, detail: dict[str, Any]) -> dict[str, Any]:
    answer = lambda_.invoke(FunctionName=function, Payload=to_event(detail))
    report: dict[str, Any] = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise RuntimeError(f"{function} failed: {report.get('errorMessage')}")
    return report


def _walk(lambda_: Any, function: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Invoke the function until both walks are finished, AWS is at fault, or another run is walking."""
    while True:
        report = _run(lambda_, function, detail)
        if report["next"] is None:
            return report
        console.note(f"  {report['users']['users']} users, {report['profiles']['profiles']} profiles seen")
        detail = report["next"]


def _find(stage: str) -> tuple[Any, str]:
    """Return a client of Lambda and the name of the stage's function. Raises Failure."""
    if stage == "local":
        return client("lambda", Stack.read(settings.load().stack_file)), f"{NAME}-{RECONCILE}"
    from infra.deploy import checks
    from infra.deploy.stage import region_of

    name = checks.stage_name(stage)
    return boto3.client("lambda", region_name=region_of(name), config=_PATIENCE), f"{APP}-{name}-{RECONCILE}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make reconcile", description="Give every user a profile.")
    parser.add_argument("--stage", default=os.environ.get("STAGE_NAME") or "local")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only tell")
    parser.add_argument("--remove-orphans", action="store_true", help="delete profiles whose user is gone")
    parser.add_argument("--remove-all-orphans", action="store_true", help="delete them, however many there are")
    parser.add_argument(
        "--delete-all-unconfirmed", action="store_true", help="delete expired accounts, however many there are"
    )
    parser.add_argument("--restart", action="store_true", help="begin at the beginning")
    options = parser.parse_args()
    detail = {
        "dry_run": options.dry_run,
        "remove_orphans": options.remove_orphans,
        "remove_all_orphans": options.remove_all_orphans,
        "delete_all_unconfirmed": options.delete_all_unconfirmed,
        "restart": options.restart,
        "seconds": _STEP,
    }
    try:
        report = _walk(*_find(options.stage), detail)
    except (FileNotFoundError, EndpointConnectionError) as exc:
        is_local = options.stage == "local"
        console.failure("Nothing is running here: start it with make run." if is_local else str(exc))
        return 1
    except (BotoCoreError, ClientError, Failure, RuntimeError) as exc:
        console.failure(str(exc))
        return 1
    return _summary(report, dry_run=options.dry_run)


def _summary(report: dict[str, Any], *, dry_run: bool) -> int:
    if report["status"] == "busy":
        console.failure("Another reconciliation is running. Try again in some minutes.")
        return 1
    users, profiles = report["users"], report["profiles"]
    console.title("Reconciliation, dry run" if dry_run else "Reconciliation")
    console.fact("users", f"{users['users']}, {users['missing']} of them without a profile")
    console.fact("profiles made", str(users["created"]))
    console.fact("attributes", f"deleted from the pool for {users['cleared']} users")
    console.fact("unconfirmed", f"{users['unconfirmed']} accounts have expired, {users['deleted']} of them deleted")
    console.fact("profiles", f"{profiles['profiles']}, {profiles['orphans']} of them without a user")
    console.fact("removed", str(profiles["removed"]))
    for failure in _failures(report):
        console.failure(failure)
    return int(any(True for _ in _failures(report)))


def _failures(report: dict[str, Any]) -> Iterator[str]:
    if failed := report["users"]["failed"]:
        yield f"AWS has refused to change {failed} users. The log of the function says why."
    if report["profiles"]["stopped"]:
        yield (
            "Too many profiles have no user, so none was removed. Is this the right pool? "
            "--remove-all-orphans removes them nevertheless."
        )
    if report["interrupted_by"]:
        yield f"Interrupted: {report['interrupted_by']}. Run it again, and it goes on from there."
    elif report["status"] == "unfinished":
        yield "It has made no progress. Run it again later."


if __name__ == "__main__":
    sys.exit(main())
