"""Reconciliation and restore of a deployed stage."""

import re

import requests

from local.resources.tables import create_records_table, create_users_table
from tests.support import file_client
from tests.support.aws import get_item, require_item
from tests.support.data import UNKNOWN_SUB
from tests.support.deployed_stage import BUCKET, RECORDS_TABLE, STAGE, TABLE, DeployedStage
from tests.support.file_bodies import TEXT
from tests.support.picture_client import (
    delete_picture,
    download_picture,
    set_picture,
    upload_file,
)
from tests.support.sample_images import open_image
from tests.support.stack import wait_until
from tests.support.stored_files import FileStore
from tests.support.users import User, UserFactory, delete_stored_profile


def test_reconciliation_runs_on_the_deployed_stage(deployed_stage: DeployedStage, user: User) -> None:
    other_region = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1"}
    done = deployed_stage.make("reconcile", f"STAGE={STAGE}", "ARGS=--dry-run", **other_region)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"  ok  users +\d+, 0 without a profile", done.stdout)


def get_count(output: str, label: str) -> int:
    """Return the number that `make restore` prints after a label."""
    match = re.search(rf"  ok  {label}\s+(\d+)", output)
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
    assert [get_count(output, "restored") for output in (dry_run, restore, overwrite)] == [1, 1, 0]
    assert lost.get().body["name"] == "As It Was"
    assert open_image(download_picture(lost)).width == lost.get().body["picture"]["width"]
    assert lost.get().body["version"] > 1000  # higher than any version that a client may have read
    assert [get_count(output, "overwritten") for output in (restore, overwrite)] == [0, 1]
    assert existing.get().body["name"] == "As It Was"
    dynamodb.delete_table(TableName=restored)


def test_restore_brings_no_erased_user_back(deployed_stage: DeployedStage, signed_up_user: UserFactory) -> None:
    dynamodb, s3, user = deployed_stage.client("dynamodb"), deployed_stage.client("s3"), signed_up_user()
    set_picture(user, upload_file(user))
    restored = "Users-dev-before-erasure"
    create_users_table(dynamodb, restored)
    dynamodb.put_item(TableName=restored, Item=require_item(dynamodb, TABLE, user.sub))
    assert user.client.call("DELETE", "/users/me", user.token).status == 202
    wait_until(lambda: require_item(dynamodb, TABLE, user.sub)["deletion_status"] == {"S": "erased"})
    tombstone = require_item(dynamodb, TABLE, user.sub)
    for options in ("", "--overwrite"):
        output = deployed_stage.make("restore", f"STAGE={STAGE}", f"FROM={restored}", f"ARGS={options}").stdout
        counts = [get_count(output, label) for label in ("restored", "overwritten", "unchanged")]
        assert counts == [0, 0, 1]
    assert require_item(dynamodb, TABLE, user.sub) == tombstone
    assert user.get().status == 410
    assert not s3.list_object_versions(Bucket=BUCKET, Prefix=f"pictures/{user.sub}/").get("Versions")
    dynamodb.delete_table(TableName=restored)


def test_restore_copies_tombstones_and_scheduled_deletions(
    deployed_stage: DeployedStage, signed_up_user: UserFactory
) -> None:
    dynamodb, user = deployed_stage.client("dynamodb"), signed_up_user()
    scheduled = {
        **require_item(dynamodb, TABLE, user.sub),
        "deletion_status": {"S": "scheduled"},
        "deletion_requested_at": {"S": "2026-11-01T00:00:00.000Z"},
        "deletion_requested_by": {"S": "user"},
        "deletion_erase_after": {"S": "2999-01-01T00:00:00.000Z"},
        "deletion_username": {"S": user.sub},
    }
    tombstone = {"user_id": {"S": UNKNOWN_SUB}, "deletion_status": {"S": "erased"}, "ttl": {"N": "32472144000"}}
    restored = "Users-dev-with-deletions"
    create_users_table(dynamodb, restored)
    for item in (scheduled, tombstone):
        dynamodb.put_item(TableName=restored, Item=item)
    delete_stored_profile(user)
    output = deployed_stage.make("restore", f"STAGE={STAGE}", f"FROM={restored}").stdout
    assert get_count(output, "restored") == 2
    assert get_item(dynamodb, TABLE, UNKNOWN_SUB) == tombstone
    assert {**require_item(dynamodb, TABLE, user.sub), "version": scheduled["version"]} == scheduled
    assert user.put({**user.get().body, "name": "Jane R. Roe"}).status == 409
    dynamodb.delete_item(TableName=TABLE, Key={"user_id": {"S": UNKNOWN_SUB}})
    dynamodb.delete_table(TableName=restored)


def test_restore_puts_deleted_files_back(deployed_stage: DeployedStage, signed_up_user: UserFactory) -> None:
    dynamodb, user = deployed_stage.client("dynamodb"), signed_up_user()
    store = FileStore(dynamodb, deployed_stage.client("s3"), RECORDS_TABLE, BUCKET)
    file_id = file_client.upload_file(user)["id"]
    path = f"{file_client.FILES_PATH}/{file_id}"
    item = store.get_file(user.sub, file_id)
    restored = "UserRecords-dev-restored"
    create_records_table(dynamodb, restored)
    dynamodb.put_item(TableName=restored, Item=item)
    assert user.client.call("DELETE", path, user.token).status == 204
    command = ("restore", f"STAGE={STAGE}", f"RECORDS={restored}")
    outputs = [deployed_stage.make(*command, f"ARGS={options}").stdout for options in ("--dry-run", "", "")]
    assert [get_count(output, "files restored") for output in outputs] == [1, 1, 0]
    assert [get_count(output, "files unchanged") for output in outputs] == [0, 0, 1]
    assert (
        file_client.get_file(user, file_id).body["version"] > 1000
    )  # higher than any version that a client may have read
    link = user.client.call("GET", f"{path}/content", user.token).body["url"]
    assert requests.get(link, timeout=20).content == TEXT
    quota = store.get_quota(user.sub)
    assert (quota["files"], quota["bytes"]) == ({"N": "1"}, {"N": str(len(TEXT))})
    dynamodb.delete_table(TableName=restored)
