"""`make restore`: copy profiles and files from restored tables to the tables of the stage.

    python -m infra.deploy.restore [--user SUB] [--overwrite] [--dry-run]

STAGE_NAME is the stage. RESTORED_TABLE is the restored table of profiles, and RESTORED_RECORDS that of records. One of
them is sufficient. DynamoDB restores a point in time into a new table. It does so in the background, and the command
waits until the table is ready.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import preflight, progress
from infra.deploy.progress import DeployError
from infra.deploy.restore_files import LOST, FileTables, restore_files
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
            raise DeployError(f"The table {table} does not exist. Restore it first: see docs/deployment.md.") from exc
        if status != "CREATING":
            return
        if not is_announced:
            progress.print_line(f"AWS is restoring {table}, which can take some hours. Ctrl-C does not stop it.")
            is_announced = True
        sleep(_POLL_SECONDS)


@dataclass(frozen=True)
class RestoredTables:
    """The names of the restored tables of profiles and of records. An empty name restores none of them."""

    profiles: str
    records: str


def restore_stage(name: str, restored: RestoredTables, options: RestoreOptions) -> list[tuple[str, int]]:
    """Restore profiles, then files of a stage. Return the lines of the report: outcomes with their numbers.

    Raises DeployError if the stage is not deployed or has no files to restore, or if a restored table is missing.
    """
    preflight.check_terraform()
    account, _ = preflight.get_caller_identity()
    terraform = Terraform.for_stage(name)
    terraform.init()
    outputs = terraform.get_outputs()
    preflight.check_account(account, outputs)
    if not outputs or not (restored.profiles or restored.records):
        raise DeployError(
            "FROM is missing, or the stage is not deployed. Example: make restore STAGE=dev FROM=Users-dev-restored"
        )
    if restored.records and not outputs.get("records_table"):
        raise DeployError(f"The stage {name} has no files, so RECORDS cannot be restored. Set picture_bucket first.")
    stage = Stage(name, outputs["region"])
    dynamodb, s3 = stage.client("dynamodb"), stage.client("s3")
    for table in filter(None, (restored.profiles, restored.records)):
        wait_until_restored(dynamodb, table)
    report = []
    if restored.profiles:
        restore_picture = make_picture_restorer(s3, outputs.get("picture_bucket"))
        counts = restore_profiles(dynamodb, restored.profiles, outputs["table"], options, restore_picture)
        report += [(outcome, counts[outcome]) for outcome in (RESTORED, OVERWRITTEN, UNCHANGED)]
    if restored.records:
        tables = FileTables(restored.records, outputs["records_table"], outputs["table"])
        counts = restore_files(dynamodb, tables, options, s3, outputs["picture_bucket"])
        report += [(f"files {outcome}", counts[outcome]) for outcome in (RESTORED, UNCHANGED, LOST)]
    return report


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
        restored = RestoredTables(os.environ.get("RESTORED_TABLE", ""), os.environ.get("RESTORED_RECORDS", ""))
        report = restore_stage(name, restored, options)
    except DeployError as error:
        return progress.print_error(error)
    except (BotoCoreError, ClientError) as exc:
        return progress.print_error(DeployError(str(exc)))
    except KeyboardInterrupt:
        return progress.print_error(
            DeployError("Interrupted. Run the same command again; it resumes where it stopped.")
        )
    for outcome, count in report:
        progress.print_line(f"  ok  {outcome:<18} {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
