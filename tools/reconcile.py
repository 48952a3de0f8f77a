"""`make reconcile`: run the reconciliation of a stage now, and print its progress.

    python -m tools.reconcile [--stage STAGE] [--dry-run] [--delete-orphans] [--restart] ...

The stage `local` is the stack of `make run`. Any other stage has been deployed from this checkout. Its region is known,
and the credentials come from the environment. STAGE_NAME is the default of --stage.
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

from chalicelib.core.logs import APP_NAME
from chalicelib.reconciliation.next_run import to_event
from infra.deploy.progress import DeployError
from local import config, terminal
from local.emulator_clients import emulator_client
from local.function_definitions import RECONCILE_FUNCTION
from local.stack import STACK_NAME, Stack

_LOCAL_STAGE: Final = "local"
_SECONDS_PER_INVOCATION: Final = 10  # of work between two lines of progress
_LAMBDA_CONFIG: Final = Config(read_timeout=120, retries={"total_max_attempts": 1})


def _invoke_once(lambda_: Any, function: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Invoke the function and return its report. Raises RuntimeError if the function fails."""
    response = lambda_.invoke(FunctionName=function, Payload=to_event(detail))
    report: dict[str, Any] = json.load(response["Payload"])
    if "FunctionError" in response:
        raise RuntimeError(f"{function} failed: {report.get('errorMessage')}")
    return report


def _run_to_completion(lambda_: Any, function: str, detail: dict[str, Any]) -> dict[str, Any]:
    """Invoke the function until its report has no next step: finished, interrupted, or another run is active."""
    while True:
        report = _invoke_once(lambda_, function, detail)
        if report["next"] is None:
            return report
        users, profiles, files = (report[name][name] for name in ("users", "profiles", "files"))
        terminal.print_note(f"  {users} users, {profiles} profiles and {files} files checked")
        detail = report["next"]


def _find_function(stage: str) -> tuple[Any, str]:
    """Return a Lambda client and the name of the stage's function. Raises DeployError."""
    if stage == _LOCAL_STAGE:
        stack = Stack.read(config.load_settings().stack_file)
        return emulator_client("lambda", stack), f"{STACK_NAME}-{RECONCILE_FUNCTION}"
    from infra.deploy import preflight
    from infra.deploy.chalice_config import get_region

    name = preflight.check_stage_name(stage)
    client = boto3.client("lambda", region_name=get_region(name), config=_LAMBDA_CONFIG)
    return client, f"{APP_NAME}-{name}-{RECONCILE_FUNCTION}"


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make reconcile",
        description="Create missing profiles, start due erasures, and repair differences between users, profiles "
        "and files.",
    )
    parser.add_argument("--stage", default=os.environ.get("STAGE_NAME") or _LOCAL_STAGE)
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only report")
    parser.add_argument(
        "--delete-orphans", action="store_true", help="erase profiles without a user before their grace period is over"
    )
    parser.add_argument("--delete-all-orphans", action="store_true", help="erase them regardless of their number")
    parser.add_argument(
        "--delete-all-unconfirmed", action="store_true", help="delete expired accounts regardless of their number"
    )
    parser.add_argument(
        "--remove-all-differing-files",
        action="store_true",
        help="remove files without content, and content without a file, regardless of their number",
    )
    parser.add_argument("--restart", action="store_true", help="start from the beginning")
    return parser.parse_args()


def main() -> int:
    """Return the exit code."""
    options = _parse_options()
    detail = {
        "dry_run": options.dry_run,
        "delete_orphans": options.delete_orphans,
        "delete_all_orphans": options.delete_all_orphans,
        "delete_all_unconfirmed": options.delete_all_unconfirmed,
        "remove_all_differing_files": options.remove_all_differing_files,
        "restart": options.restart,
        "max_seconds": _SECONDS_PER_INVOCATION,
    }
    try:
        report = _run_to_completion(*_find_function(options.stage), detail)
    except (FileNotFoundError, EndpointConnectionError) as exc:
        is_local = options.stage == _LOCAL_STAGE
        terminal.print_error("Nothing is running here: start it with make run." if is_local else str(exc))
        return 1
    except (BotoCoreError, ClientError, DeployError, RuntimeError) as exc:
        terminal.print_error(str(exc))
        return 1
    if report["status"] == "busy":
        terminal.print_error("Another reconciliation is running. Try again in a few minutes.")
        return 1
    _print_summary(report, dry_run=options.dry_run)
    problems = list(_describe_problems(report))
    for problem in problems:
        terminal.print_error(problem)
    return int(bool(problems))


def _print_summary(report: dict[str, Any], *, dry_run: bool) -> None:
    users, profiles, files = report["users"], report["profiles"], report["files"]
    terminal.print_title("Reconciliation, dry run" if dry_run else "Reconciliation")
    terminal.print_fact("users", f"{users['users']}, {users['missing']} without a profile")
    terminal.print_fact("profiles created", str(users["created"]))
    terminal.print_fact("attributes", f"deleted from the user pool for {users['cleared']} users")
    terminal.print_fact("unconfirmed", f"{users['unconfirmed']} expired accounts, {users['deleted']} deleted")
    terminal.print_fact("profiles", f"{profiles['profiles']}, {profiles['orphans']} without a user")
    terminal.print_fact("erasures", f"{profiles['erasures'] + profiles['orphan_erasures']} started")
    terminal.print_fact(
        "files",
        f"{files['files']} compared, {files['checks']} to check, {files['without_object']} without content",
    )
    terminal.print_fact("content", f"{files['objects']} compared, {files['without_record']} without a file")


def _describe_problems(report: dict[str, Any]) -> Iterator[str]:
    if failed := report["users"]["failed"]:
        yield f"AWS rejected changes of {failed} users. The log of the function contains the reason."
    if report["profiles"]["stopped"]:
        yield (
            "Too many profiles have no user, so no more are erased. Check that this is the right user pool. "
            "--delete-all-orphans erases them regardless."
        )
    if report["files"]["stopped"]:
        yield (
            "Too many files have no content, or too much content has no file, so no more is removed. Check that the "
            "tables and the bucket are the right ones. --remove-all-differing-files removes it regardless."
        )
    if unexplained := report["files"]["unexplained"]:
        yield f"{unexplained} users who were not erased have content, but its records are lost. Restore the records."
    if unreadable := report["files"]["unreadable"]:
        yield f"Files or counters of {unreadable} users cannot be read. The log of the function contains the reason."
    if report["interrupted_by"]:
        yield f"Interrupted: {report['interrupted_by']}. Run the command again; it resumes where it stopped."
    elif report["status"] == "unfinished":
        yield "No progress was made. Run the command again later."


if __name__ == "__main__":
    sys.exit(main())
