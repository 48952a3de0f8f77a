"""`make restore`: profiles of a restored table, back into the stage's table.

    python -m infra.deploy.restore [--user SUB] [--overwrite] [--dry-run]

STAGE_NAME is the stage, and RESTORED_TABLE the restored table. AWS restores it in the background: this waits for it.

A point in time is restored into a new table. What is gone from the one in use is put back; what is there
stays as it is, unless it is to be overwritten.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.repository import KEY
from infra.deploy import checks, console
from infra.deploy.console import Failure
from infra.deploy.stage import Stage
from infra.deploy.terraform import Terraform

# More versions than a profile gets between a backup and its loss: a version never comes twice.
_GAP: Final = 1000
_AS_IT_IS: Final = "left as they are"
_PAUSE: Final = 15  # seconds between two looks at a table that AWS is restoring


Pictures = Callable[[dict[str, Any]], dict[str, Any]]


def wait_until_restored(dynamodb: Any, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait while AWS restores a table. Raises Failure for a table that there is not."""
    told = False
    while True:
        try:
            status = dynamodb.describe_table(TableName=table)["Table"]["TableStatus"]
        except dynamodb.exceptions.ResourceNotFoundException as exc:
            raise Failure(f"There is no table {table}. Restore one first: see the README.") from exc
        if status != "CREATING":
            return
        if not told:
            console.say(f"AWS is restoring {table}, which may take some hours. Ctrl-C does not stop it.")
            told = True
        sleep(_PAUSE)


def restore(
    dynamodb: Any, source: str, target: str, options: argparse.Namespace, with_picture: Pictures
) -> Counter[str]:
    """Copy items; how many were what. Each write is conditional: what changes meanwhile is left as it is."""
    told = Counter[str]()
    for item in _items(dynamodb, source, options.user):
        if item[KEY]["S"].startswith("#"):
            continue  # reconciliation's own
        there = dynamodb.get_item(TableName=target, Key={KEY: item[KEY]}, ConsistentRead=True).get("Item")
        outcome = _AS_IT_IS
        if there is None or there["created_at"]["S"] > item["created_at"]["S"]:
            outcome = "put back"  # gone, or made anew from the sign-up since it was gone
        elif options.overwrite and _content(there) != _content(item):
            outcome = "overwritten"
        if outcome != _AS_IT_IS and not options.dry_run:
            if _write(dynamodb, target, with_picture(item), there):
                with_picture(item)  # again: who was replacing it may have cleared up meanwhile
            else:
                outcome = _AS_IT_IS
        told[outcome] += 1
    return told


def pictures_of(s3: Any, bucket: str | None) -> Pictures:
    """An item with its picture brought back, or without one where that is gone for good."""

    def with_picture(item: dict[str, Any]) -> dict[str, Any]:
        key = item.get("picture_key", {}).get("S")
        if key is None or (bucket is not None and _brought_back(s3, bucket, key)):
            return item
        return {name: value for name, value in item.items() if name not in ("picture", "picture_key")}

    return with_picture


def _brought_back(s3: Any, bucket: str, key: str) -> bool:
    """Undo the removal of an object; whether it is there now."""
    told = s3.list_object_versions(Bucket=bucket, Prefix=key)
    for marker in told.get("DeleteMarkers", []):
        if told.get("Versions"):
            s3.delete_object(Bucket=bucket, Key=key, VersionId=marker["VersionId"])
    return bool(told.get("Versions"))


def _content(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("version", "picture_changes")}


def _write(dynamodb: Any, table: str, item: dict[str, Any], there: dict[str, Any] | None) -> bool:
    condition: dict[str, Any] = {
        "ConditionExpression": "attribute_not_exists(#key)",
        "ExpressionAttributeNames": {"#key": KEY},
    }
    item = {**item, "version": {"N": str(int(item["version"]["N"]) + _GAP)}}
    if changes := max((int(it.get("picture_changes", {"N": "0"})["N"]) for it in (item, there or {})), default=0):
        item = {**item, "picture_changes": {"N": str(changes + _GAP)}}
    if there is not None:
        newest = max(int(it["version"]["N"]) for it in (item, there))
        item = {**item, "version": {"N": str(newest + 1)}}
        condition = {
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": there["version"]},
        }
    try:
        dynamodb.put_item(TableName=table, Item=item, **condition)
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def _items(dynamodb: Any, table: str, user: str | None) -> Iterator[dict[str, Any]]:
    if user is None:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            yield from page["Items"]
    elif item := dynamodb.get_item(TableName=table, Key={KEY: {"S": user}}).get("Item"):
        yield item


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make restore")
    parser.add_argument("--user", help="the sub of the only user to restore")
    parser.add_argument("--overwrite", action="store_true", help="undo what was edited since, too")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, only tell")
    options = parser.parse_args()
    source = os.environ.get("RESTORED_TABLE", "")
    try:
        name = checks.stage_name(os.environ.get("STAGE_NAME", ""))
        checks.tools()
        account, _ = checks.credentials()
        terraform = Terraform.of_stage(name)
        terraform.init()
        outputs = terraform.outputs()
        checks.same_account(account, outputs)
        if not outputs or not source:
            raise Failure("Which? For example: make restore STAGE=dev FROM=Users-dev-restored")
        stage = Stage(name, outputs["region"])
        pictures, dynamodb = pictures_of(stage.client("s3"), outputs.get("picture_bucket")), stage.client("dynamodb")
        wait_until_restored(dynamodb, source)
        told = restore(dynamodb, source, outputs["table"], options, pictures)
    except Failure as failure:
        return console.failed(failure)
    except (BotoCoreError, ClientError) as exc:
        return console.failed(Failure(str(exc)))
    except KeyboardInterrupt:
        return console.failed(Failure("Interrupted. Run the same command again: it goes on from there."))
    for outcome in ("put back", "overwritten", _AS_IT_IS):
        console.say(f"  ok  {outcome:<18} {told[outcome]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
