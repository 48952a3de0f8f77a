"""`make restore`: copy profiles from a restored table to the table of the stage.

    python -m infra.deploy.restore [--user SUB] [--overwrite] [--dry-run]

STAGE_NAME is the stage, and RESTORED_TABLE the restored table. DynamoDB restores a point in time into a new table. It
does so in the background, and the command waits until the table is ready.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import console, preflight
from infra.deploy.console import DeployError
from infra.deploy.restore_pictures import make_picture_restorer
from infra.deploy.restore_profiles import OVERWRITTEN, RESTORED, UNCHANGED, RestoreOptions, restore_profiles
from infra.deploy.stage import Stage
from infra.deploy.terraform import Terraform

_POLL_SECONDS: Final = 15


def wait_until_restored(dynamodb: Any, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until DynamoDB has restored a table. Raises DeployError if the table does not exist."""
    is_announced = False
    while True:
        try:
            status = dynamodb.describe_table(TableName=table)["Table"]["TableStatus"]
        except dynamodb.exceptions.ResourceNotFoundException as exc:
            raise DeployError(f"The table {table} does not exist. Restore it first: see docs/operations.md.") from exc
        if status != "CREATING":
            return
        if not is_announced:
            console.print_line(f"AWS is restoring {table}, which can take some hours. Ctrl-C does not stop it.")
            is_announced = True
        sleep(_POLL_SECONDS)


def restore_stage(name: str, source: str, options: RestoreOptions) -> Counter[str]:
    """Restore the profiles of a stage from a table. Return the number of profiles for each outcome."""
    preflight.check_terraform()
    account, _ = preflight.get_caller_identity()
    terraform = Terraform.for_stage(name)
    terraform.init()
    outputs = terraform.get_outputs()
    preflight.check_account(account, outputs)
    if not outputs or not source:
        raise DeployError(
            "FROM is missing, or the stage is not deployed. Example: make restore STAGE=dev FROM=Users-dev-restored"
        )
    stage = Stage(name, outputs["region"])
    restore_picture = make_picture_restorer(stage.client("s3"), outputs.get("picture_bucket"))
    dynamodb = stage.client("dynamodb")
    wait_until_restored(dynamodb, source)
    return restore_profiles(dynamodb, source, outputs["table"], options, restore_picture)


def _parse_options() -> RestoreOptions:
    parser = argparse.ArgumentParser(prog="make restore")
    parser.add_argument("--user", help="restore only the user with this sub")
    parser.add_argument("--overwrite", action="store_true", help="also replace existing profiles that differ")
    parser.add_argument("--dry-run", action="store_true", help="print the result without writing")
    return RestoreOptions(**vars(parser.parse_args()))


def main() -> int:
    """Run the command. Return the exit code."""
    options = _parse_options()
    try:
        name = preflight.check_stage_name(os.environ.get("STAGE_NAME", ""))
        counts = restore_stage(name, os.environ.get("RESTORED_TABLE", ""), options)
    except DeployError as error:
        return console.print_error(error)
    except (BotoCoreError, ClientError) as exc:
        return console.print_error(DeployError(str(exc)))
    except KeyboardInterrupt:
        return console.print_error(DeployError("Interrupted. Run the same command again; it resumes where it stopped."))
    for outcome in (RESTORED, OVERWRITTEN, UNCHANGED):
        console.print_line(f"  ok  {outcome:<18} {counts[outcome]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
