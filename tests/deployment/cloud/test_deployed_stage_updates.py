"""Updates of a deployed stage: which changes are rejected, and that a deploy can be repeated."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.function_archive import build_function_archive
from tests.support.deployed_stage import NAME, STAGE, TABLE, DeployedStage
from tests.support.token_forger import send_request
from tests.support.users import User


@pytest.fixture
def pool_file(deployed_stage: DeployedStage) -> Iterator[Path]:
    """Return cognito.tf. Its content is restored afterwards."""
    file = deployed_stage.tree / "infra" / "cognito.tf"
    original = file.read_text()
    yield file
    file.write_text(original)


def test_change_that_replaces_the_user_pool_is_rejected(
    deployed_stage: DeployedStage, pool_file: Path, user: User
) -> None:
    pool_file.write_text(pool_file.read_text().replace("case_sensitive = false", "case_sensitive = true"))
    done = deployed_stage.make("deploy", f"STAGE={STAGE}")
    assert done.returncode != 0
    assert "The plan would delete aws_cognito_user_pool.users" in done.stderr
    assert "Nothing was changed" in done.stderr
    assert user.get().status == 200


def test_change_of_pool_attributes_needs_no_replacement(deployed_stage: DeployedStage, pool_file: Path) -> None:
    schema = 'schema {\n    name                = "height"\n    attribute_data_type = "Number"\n  }\n\n  lifecycle {'
    pool_file.write_text(pool_file.read_text().replace("lifecycle {", schema, 1))
    done = deployed_stage.terraform(
        "plan", "-input=false", "-no-color", "-detailed-exitcode", f"-var-file={STAGE}.tfvars"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def list_pool_ids(deployed_stage: DeployedStage) -> set[str]:
    pools = deployed_stage.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
    return {pool["Id"] for pool in pools}


def test_checkout_without_the_state_is_rejected(deployed_stage: DeployedStage, user: User) -> None:
    pools_before = list_pool_ids(deployed_stage)
    states = deployed_stage.tree / "infra" / "terraform.tfstate.d"
    states.rename(deployed_stage.tree / "elsewhere")
    try:
        done = deployed_stage.make("deploy", f"STAGE={STAGE}")
    finally:
        shutil.rmtree(states, ignore_errors=True)
        (deployed_stage.tree / "elsewhere").rename(states)
    assert done.returncode != 0
    assert f"{TABLE} exists, but it is not in Terraform's state" in done.stderr
    assert list_pool_ids(deployed_stage) == pools_before
    assert user.get().status == 200


def test_manually_deleted_table_is_not_recreated(deployed_stage: DeployedStage) -> None:
    """The state looks the same with the credentials of another account."""
    state = json.loads(deployed_stage.terraform("state", "pull").stdout)
    (table,) = [
        resource
        for resource in state["resources"]
        if (resource["type"], resource["name"]) == ("aws_dynamodb_table", "profiles")
    ]
    table["instances"][0]["attributes"] |= {"id": "Users-gone", "name": "Users-gone"}
    changed = deployed_stage.tree / "changed.tfstate"
    changed.write_text(json.dumps({**state, "serial": state["serial"] + 1}))
    assert deployed_stage.terraform("state", "push", "-force", str(changed)).returncode == 0
    try:
        done = deployed_stage.make("deploy", f"STAGE={STAGE}")
    finally:
        table["instances"][0]["attributes"] |= {"id": TABLE, "name": TABLE}
        changed.write_text(json.dumps({**state, "serial": state["serial"] + 2}))
        assert deployed_stage.terraform("state", "push", "-force", str(changed)).returncode == 0
    assert done.returncode != 0
    assert "aws_dynamodb_table.profiles does not exist in this account and region" in done.stderr


def test_invalid_variable_is_reported_in_one_line(deployed_stage: DeployedStage) -> None:
    done = deployed_stage.make("deploy", f"STAGE={STAGE}", TF_VAR_log_level="LOUD")
    assert done.returncode != 0
    assert "log_level must be DEBUG, INFO, WARNING or ERROR." in done.stderr.splitlines()[0]
    assert "ok" not in done.stdout.split()


@pytest.fixture
def foreign_function(deployed_stage: DeployedStage) -> Iterator[str]:
    """Create a function of another application in the same account, with a similar name."""
    lambda_, name = deployed_stage.client("lambda"), f"{NAME}-thumbnailer"
    lambda_.create_function(
        FunctionName=name,
        Role=f"arn:aws:iam::000000000000:role/{NAME}-pre_sign_up",
        Runtime="python3.12",
        Handler="foreign.handler",
        Code={"ZipFile": build_function_archive("foreign.py", "def handler(event, context): ...")},
    )
    yield name
    lambda_.delete_function(FunctionName=name)  # fails if the deploy has deleted it


def test_second_deploy_changes_nothing(deployed_stage: DeployedStage, user: User, foreign_function: str) -> None:
    before = (deployed_stage.api_ids, (deployed_stage.tree / ".chalice" / "config.json").read_text())
    done = deployed_stage.make("deploy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("no changes") == 2
    assert done.stdout.count("unchanged") == 3
    assert "8 functions and the API" in done.stdout
    assert (deployed_stage.api_ids, (deployed_stage.tree / ".chalice" / "config.json").read_text()) == before
    assert deployed_stage.client("lambda").get_function(FunctionName=foreign_function)
    assert user.get().status == 200


def test_killed_deploy_is_completed_by_the_next(deployed_stage: DeployedStage, user: User) -> None:
    """Kill a deploy during Chalice's step. Delete Chalice's record and taint the user pool before the next deploy.

    Users and profiles are unchanged.
    """
    profile, api_ids_before = user.get().body, deployed_stage.api_ids
    errors = deployed_stage.tree / "chalicelib" / "core" / "errors.py"
    errors.write_text(errors.read_text().replace("The resource does not exist.", "There is nothing here."))
    command, options = deployed_stage.make_command("deploy", f"STAGE={STAGE}")
    process = subprocess.Popen(command, **options, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    assert any("configuration" in line for line in process.stdout)
    time.sleep(2)
    subprocess.run(["kill", "-KILL", "--", f"-{process.pid}"], check=True)
    process.communicate()
    (deployed_stage.tree / ".chalice" / "deployed" / f"{STAGE}.json").unlink(missing_ok=True)
    assert deployed_stage.terraform("taint", "aws_cognito_user_pool.users").returncode == 0
    done = deployed_stage.make("deploy", f"STAGE={STAGE}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployed_stage.api_ids == api_ids_before
    assert user.get().body == profile
    assert send_request(user.client.stack, "GET", "/elsewhere", {})[2]["detail"] == "There is nothing here."
