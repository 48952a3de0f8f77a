"""Reconciliation and restore of a deployed stage."""

import re

from tests.support.aws import create_users_table, require_item
from tests.support.deployed_stage import STAGE, TABLE, DeployedStage
from tests.support.picture_client import (
    delete_picture,
    download_picture,
    set_picture,
    upload_file,
)
from tests.support.sample_images import open_image
from tests.support.users import User, UserFactory, delete_stored_profile


def test_reconciliation_runs_on_the_deployed_stage(deployed_stage: DeployedStage, user: User) -> None:
    other_region = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1"}
    done = deployed_stage.make("reconcile", f"STAGE={STAGE}", "ARGS=--dry-run", **other_region)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of them without a profile" in done.stdout


def get_count(output: str, label: str) -> int:
    """Return the number that `make restore` prints after a label."""
    match = re.search(rf"{label}\s+(\d+)", output)
    assert match, output
    return int(match[1])


def test_restore_puts_lost_profiles_back(deployed_stage: DeployedStage, signed_up_user: UserFactory) -> None:
    dynamodb, lost, existing = deployed_stage.client("dynamodb"), signed_up_user(), signed_up_user()
    set_picture(lost, upload_file(lost))
    restored = "Users-dev-restored"
    create_users_table(dynamodb, restored)
    for user in (lost, existing):
        item = require_item(dynamodb, TABLE, user.sub)
        dynamodb.put_item(TableName=restored, Item={**item, "name": {"S": "As It Was"}})
    delete_picture(lost)
    delete_stored_profile(lost)
    assert lost.get().body["name"] == "Jane Roe"
    command = ("restore", f"STAGE={STAGE}", f"FROM={restored}")
    dry_run, restore, overwrite = (
        deployed_stage.make(*command, f"ARGS={options}").stdout for options in ("--dry-run", "", "--overwrite")
    )
    assert [get_count(output, "put back") for output in (dry_run, restore, overwrite)] == [1, 1, 0]
    assert lost.get().body["name"] == "As It Was"
    assert open_image(download_picture(lost)).width == lost.get().body["picture"]["width"]
    assert lost.get().body["version"] > 1000  # higher than any version that a client may have read
    assert [get_count(output, "overwritten") for output in (restore, overwrite)] == [0, 1]
    assert existing.get().body["name"] == "As It Was"
    dynamodb.delete_table(TableName=restored)
