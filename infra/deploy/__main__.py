"""`python -m infra.deploy up` and `down`: behind `make deploy` and `make destroy`. STAGE_NAME is the stage.

Each step finds out what is there and does what is missing, so that running it again mends an interrupted
run, and changes nothing after a whole one.
"""

import argparse
import os
import sys
import time
from contextlib import suppress
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import api, checks, concurrency, console, layer, locks, runtime
from infra.deploy.console import Failure, step
from infra.deploy.stage import Stage, forget
from infra.deploy.terraform import Terraform

_LOOKS: Final = 5
_PAUSE: Final = 5  # seconds


def up(name: str) -> None:
    """Deploy a stage."""
    runtime.require_offered(runtime.CURRENT)
    terraform = _begin(name)
    _announce_runtime(name, terraform.outputs())
    with step("infrastructure") as it:
        it.result = terraform.apply()
    outputs = terraform.outputs()
    stage = Stage(name, outputs["region"])
    with step("API logs") as it:
        it.result = _account(stage, outputs["region"])
    section = outputs["chalice_stage"]
    library = _image_library(stage) if outputs.get("picture_bucket") else None
    if library:
        section = _with(section, "check_picture", layers=[library])
    section = concurrency.reserve_if_possible(stage, section)
    with step("configuration") as it:
        url = stage.url(stage.ensured_api())
        section = _told_its_address(section, url)
        it.result = "written to .chalice/config.json" if stage.configure(section) else "as it was"
        stage.remember()
    with step("code") as it:
        stage.chalice("deploy")
        runtime.update_on_deploy_only(stage.client("lambda"), stage.functions().values())
        layer.remove(stage, but=library)
        it.result = f"{len(stage.functions())} functions and the API"
    with step("triggers") as it:
        it.result = _attach(terraform)
    with step("API stage") as it:
        it.result = "logs, throttling and TLS set" if _settle(stage, outputs) else "as it was"
    console.say(f"\n{url}/users\nuser pool {outputs['user_pool_id']}, client {outputs['user_pool_client_id']}")


def down(name: str) -> None:
    """Take a stage down: first what calls, then what is called, at last what holds data."""
    terraform = _begin(name)
    if terraform.is_empty():
        if name != "prod" and terraform.exists():
            _forget(name, terraform)
        raise Failure(f"Nothing is deployed as {name}.")
    outputs = terraform.outputs()
    if "chalice_stage" in outputs:  # else an earlier run has come further than the code, or never to it
        stage = Stage(name, outputs["region"])
        checks.unprotected(name, outputs, stage.client("cognito-idp"), stage.client("dynamodb"))
        with step("code") as it:
            remove_code(stage, outputs["chalice_stage"])
            it.result = "functions and API removed"
    with step("infrastructure") as it:
        it.result = terraform.destroy()
        _forget(name, terraform)


def _forget(name: str, terraform: Terraform) -> None:
    """Remove what this checkout knows of a stage: last the workspace, which shows an interruption to the next run."""
    forget(name)
    terraform.forget_workspace()


def remove_code(stage: Stage, section: dict[str, Any]) -> None:
    """Remove functions, API and layer, and the log that API Gateway has made for the API."""
    api_id = stage.api_id()
    stage.configure(section)
    stage.remember()
    # Before the API, whose number is in its name: a run after an interrupted one would not find it. After it again, for
    # what API Gateway has logged meanwhile.
    _remove_execution_log(stage, api_id)
    stage.chalice("delete")
    layer.remove(stage)
    _remove_execution_log(stage, api_id)


def _remove_execution_log(stage: Stage, api_id: str | None) -> None:
    if api_id:
        logs = stage.client("logs")
        with suppress(logs.exceptions.ResourceNotFoundException):
            logs.delete_log_group(logGroupName=api.execution_log(api_id, stage.name))


def _announce_runtime(name: str, outputs: dict[str, Any]) -> None:
    """Tell the operator if functions that are there will get another runtime."""
    deployed = Stage(name, outputs["region"]).runtimes() if "region" in outputs else set()
    if notice := runtime.describe_change(deployed, runtime.CURRENT):
        console.say(notice)


def _begin(name: str) -> Terraform:
    checks.tools()
    account, who = checks.credentials()
    elsewhere = os.environ.get("AWS_ENDPOINT_URL")
    console.say(f"Stage {name}, as {who}" + (f", at {elsewhere}" if elsewhere else ""))
    terraform = Terraform.of_stage(name)
    terraform.init()
    checks.same_account(account, terraform.outputs())
    return terraform


def _attach(terraform: Terraform) -> str:
    """Attach the triggers to the functions, which AWS may take a moment to list."""
    for _ in range(_LOOKS):
        result = terraform.apply()
        if not (missing := terraform.outputs()["missing_triggers"]):
            return result
        time.sleep(_PAUSE)
    raise Failure(f"AWS does not list {', '.join(missing)}: run the same command again.")


def _account(stage: Stage, region: str) -> str:
    """API Gateway's role for logs, which an account has once a region."""
    gateway, iam = stage.client("apigateway"), stage.client("iam")
    if gateway.get_account().get("cloudwatchRoleArn"):
        return "the account has a role for them"
    try:  # made by a run that was interrupted, or from another machine
        role = iam.get_role(RoleName=f"api-gateway-logs-{region}")["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        terraform = Terraform.of_account(region)
        terraform.init()
        return terraform.apply()
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    return "the account's role is set"


def _image_library(stage: Stage) -> str:
    with step("image library") as it:
        arn, built = layer.ensured(stage)
        it.result = "built, a layer of its own" if built else "as it was"
    return arn


def _told_its_address(section: dict[str, Any], url: str) -> dict[str, Any]:
    """The stage's configuration, in which the API knows where its page about problem types is."""
    variables = section["lambda_functions"]["api_handler"]["environment_variables"]
    return _with(section, "api_handler", environment_variables={"PROBLEMS_URL": f"{url}/problems", **variables})


def _with(section: dict[str, Any], function: str, **more: Any) -> dict[str, Any]:
    """The section, with more settings of one function."""
    functions = section["lambda_functions"]
    return {**section, "lambda_functions": {**functions, function: {**functions[function], **more}}}


def _settle(stage: Stage, outputs: dict[str, Any]) -> bool:
    api_id = stage.api_id()
    assert api_id is not None  # Chalice has just deployed it
    wanted, gateway = outputs["api_stage"], stage.client("apigateway")
    _keep_execution_log(stage.client("logs"), api.execution_log(api_id, stage.name), wanted)
    is_changed = api.settle(gateway, api_id, wanted)
    return api.secure(gateway, api_id, wanted["security_policy"]) or is_changed


def _keep_execution_log(logs: Any, group: str, wanted: dict[str, Any]) -> None:
    """Encrypt and keep API Gateway's log of its own errors as the other logs; it may have made it by itself."""
    try:
        logs.create_log_group(logGroupName=group, kmsKeyId=wanted["key_arn"])
    except logs.exceptions.ResourceAlreadyExistsException:
        (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if found.get("kmsKeyId") != wanted["key_arn"]:
            logs.associate_kms_key(logGroupName=group, kmsKeyId=wanted["key_arn"])
    logs.put_retention_policy(logGroupName=group, retentionInDays=wanted["retention_days"])


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy")
    parser.add_argument("command", choices=["up", "down"])
    options = parser.parse_args()
    try:
        name = checks.stage_name(os.environ.get("STAGE_NAME", ""))
        with locks.locked_stage(name):
            (up if options.command == "up" else down)(name)
    except Failure as failure:
        return console.failed(failure)
    except (BotoCoreError, ClientError) as exc:
        return console.failed(Failure(f"{exc}\nMend it and run the same command again: it goes on from there."))
    except KeyboardInterrupt:
        return console.failed(Failure("Interrupted. Run the same command again: it goes on from there."))
    return 0


if __name__ == "__main__":
    sys.exit(main())
