"""`make deploy-check`: one command deploys a new stage, and `chalice deploy` updates it."""

import subprocess
import sys
from pathlib import Path

from local.function_definitions import TRIGGERS
from tests.support.deployed_stage import MAKE_TIMEOUT, NAME, STAGE, DeployedStage


def test_one_command_deploys_a_new_stage(
    empty_stage: DeployedStage, first_deploy_result: subprocess.CompletedProcess[str]
) -> None:
    assert first_deploy_result.returncode == 0, first_deploy_result.stdout + first_deploy_result.stderr
    assert "8 functions and the API" in first_deploy_result.stdout
    assert f".execute-api.us-east-1.amazonaws.com/{STAGE}/users" in first_deploy_result.stdout


def test_busy_functions_have_reserved_concurrency(
    deployed_stage: DeployedStage, first_deploy_result: subprocess.CompletedProcess[str]
) -> None:
    """They cannot take the concurrency that triggers need."""
    assert "  ok  concurrency    240 reserved" in first_deploy_result.stdout
    lambda_, prefix = deployed_stage.client("lambda"), NAME
    names = [
        prefix,
        *(f"{prefix}-{name}" for name in ("check_file", "check_picture", *TRIGGERS.values())),
    ]
    reserved = {
        name: lambda_.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") for name in names
    }
    assert {name: runs for name, runs in reserved.items() if runs} == {
        prefix: 200,
        f"{prefix}-check_file": 20,
        f"{prefix}-check_picture": 20,
    }


def test_chalice_deploy_updates_the_stage(deployed_stage: DeployedStage) -> None:
    """The command uses the region of the stage, not that of the shell."""
    before = deployed_stage.api_ids
    done = subprocess.run(
        [str(Path(sys.executable).with_name("chalice")), "deploy", "--stage", STAGE],
        cwd=deployed_stage.tree, env={**deployed_stage.environment, "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True, text=True, timeout=MAKE_TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Rest API URL: https://{before[0]}.execute-api.us-east-1" in done.stdout
    assert deployed_stage.api_ids == before


def test_user_pool_invokes_the_deployed_functions(deployed_stage: DeployedStage) -> None:
    pool = deployed_stage.client("cognito-idp").describe_user_pool(UserPoolId=deployed_stage.outputs["user_pool_id"])[
        "UserPool"
    ]
    called = {trigger: arn.rpartition(":")[2] for trigger, arn in pool["LambdaConfig"].items()}
    assert called == {trigger: f"{NAME}-{handler}" for trigger, handler in TRIGGERS.items()}
