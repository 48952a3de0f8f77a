"""`python -m infra.deploy up STAGE` and `down STAGE`: behind `make deploy` and `make destroy`.

Each step finds out what is there and does what is missing, so that running it again mends an interrupted
run, and changes nothing after a whole one.
"""

import argparse
import os
import sys
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import api, checks, console
from infra.deploy.console import Failure, step
from infra.deploy.stage import Stage
from infra.deploy.terraform import Terraform


def up(name: str) -> None:
    """Deploy a stage."""
    terraform = _begin(name)
    with step("infrastructure") as it:
        it.result = terraform.apply()
    outputs = terraform.outputs()
    stage = Stage(name, outputs["region"])
    with step("API logs") as it:
        it.result = _account(stage, outputs["region"])
    with step("configuration") as it:
        it.result = "written to .chalice/config.json" if stage.configure(outputs["chalice_stage"]) else "as it was"
        stage.remember()
    with step("code") as it:
        stage.chalice("deploy")
        it.result = f"{len(stage.functions())} functions and the API"
    with step("triggers") as it:
        it.result = terraform.apply()
    with step("API stage") as it:
        it.result = "log and throttling set" if _settle(stage, outputs) else "as it was"
    console.say(f"\n{stage.url}\nuser pool {outputs['user_pool_id']}, client {outputs['user_pool_client_id']}")


def down(name: str) -> None:
    """Take a stage down: first what calls, then what is called, at last what holds data."""
    terraform = _begin(name)
    outputs = terraform.outputs()
    if not outputs:
        raise Failure(f"Nothing is deployed as {name}.")
    stage = Stage(name, outputs["region"])
    checks.unprotected(name, outputs, stage.client("cognito-idp"), stage.client("dynamodb"))
    with step("code") as it:
        api_id = stage.api_id()
        stage.configure(outputs["chalice_stage"])
        stage.remember()
        stage.chalice("delete")
        if api_id:
            _forget_log(stage.client("logs"), api.execution_log(api_id, name))
        it.result = "functions and API removed"
    with step("infrastructure") as it:
        it.result = terraform.destroy()
        terraform.forget_workspace()
        stage.forget()


def _begin(name: str) -> Terraform:
    checks.stage_name(name)
    checks.tools()
    who = checks.credentials()
    elsewhere = os.environ.get("AWS_ENDPOINT_URL")
    console.say(f"Stage {name}, as {who}" + (f", at {elsewhere}" if elsewhere else ""))
    terraform = Terraform.of_stage(name)
    terraform.init()
    return terraform


def _account(stage: Stage, region: str) -> str:
    """API Gateway's role for logs, which an account has once a region."""
    if stage.client("apigateway").get_account().get("cloudwatchRoleArn"):
        return "the account has a role for them"
    terraform = Terraform.of_account(region)
    terraform.init()
    return terraform.apply()


def _settle(stage: Stage, outputs: dict[str, Any]) -> bool:
    api_id = stage.api_id()
    assert api_id is not None  # Chalice has just deployed it
    wanted = outputs["api_stage"]
    logs = stage.client("logs")
    with suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=api.execution_log(api_id, stage.name))
        logs.put_retention_policy(
            logGroupName=api.execution_log(api_id, stage.name), retentionInDays=wanted["retention_days"]
        )
    return api.settle(stage.client("apigateway"), api_id, wanted)


def _forget_log(logs: Any, group: str) -> None:
    with suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=group)


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy")
    parser.add_argument("command", choices=["up", "down"])
    parser.add_argument("stage")
    options = parser.parse_args()
    try:
        (up if options.command == "up" else down)(options.stage)
    except Failure as failure:
        return console.failed(failure)
    except (BotoCoreError, ClientError) as exc:
        return console.failed(Failure(f"{exc}\nMend it and run the same command again: it goes on from there."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
