"""`python -m infra.deploy deploy` and `destroy`, the commands behind `make deploy` and `make destroy`.

STAGE_NAME is the stage. Every step is idempotent: a rerun after a failure resumes, and a rerun after success changes
nothing.
"""

import argparse
import os
import sys
import time
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import (
    api_logs,
    api_stage,
    chalice_config,
    concurrency,
    locks,
    pillow_layer,
    preflight,
    progress,
    removal,
    runtime,
)
from infra.deploy.progress import DeployError, report_step
from infra.deploy.stage import Stage
from infra.deploy.terraform import Terraform

_MAX_ATTEMPTS: Final = 5
_RETRY_SECONDS: Final = 5


def deploy_stage(name: str) -> None:
    """Deploy a stage. Raises DeployError if a check or a step fails. A rerun resumes."""
    runtime.require_supported(runtime.CURRENT)
    terraform = _run_preflight(name)
    _announce_runtime_change(name, terraform.get_outputs())
    with report_step("infrastructure") as step:
        step.result = terraform.apply()
    outputs = terraform.get_outputs()
    stage = Stage(name, outputs["region"])
    with report_step("API logs") as step:
        step.result = api_logs.ensure_logging_role(stage, outputs["region"])
    layer = _ensure_pillow_layer(stage) if outputs.get("picture_bucket") else None
    url = _write_chalice_config(stage, outputs["chalice_stage"], layer)
    with report_step("code") as step:
        stage.run_chalice("deploy")
        runtime.update_on_deploy_only(stage.client("lambda"), stage.list_functions().values())
        pillow_layer.delete_versions(stage, keep=layer)
        step.result = f"{len(stage.list_functions())} functions and the API"
    with report_step("triggers") as step:
        step.result = _attach_triggers(terraform)
    with report_step("API stage") as step:
        step.result = "logs, throttling and TLS set" if _configure_api_stage(stage, outputs) else "unchanged"
    progress.print_line(f"\n{url}/users\nuser pool {outputs['user_pool_id']}, client {outputs['user_pool_client_id']}")


def destroy_stage(name: str) -> None:
    """Destroy a stage: first the functions that use other resources, last the resources that hold data.

    Raises DeployError if the stage is not deployed or is protected against deletion, or if a step fails.
    """
    terraform = _run_preflight(name)
    if terraform.is_empty():
        if name != "prod" and terraform.exists():
            _delete_local_state(name, terraform)
        raise DeployError(f"The stage {name} is not deployed.")
    outputs = terraform.get_outputs()
    if "chalice_stage" in outputs:  # absent if an interrupted run has removed the code, or has never deployed it
        stage = Stage(name, outputs["region"])
        preflight.check_deletion_protection(name, outputs, stage.client("cognito-idp"), stage.client("dynamodb"))
        with report_step("code") as step:
            removal.remove_code(stage, outputs["chalice_stage"])
            step.result = "functions and API removed"
    with report_step("infrastructure") as step:
        step.result = terraform.destroy()
        _delete_local_state(name, terraform)


def _run_preflight(name: str) -> Terraform:
    preflight.check_terraform()
    account, caller_arn = preflight.get_caller_identity()
    endpoint_url = os.environ.get("AWS_ENDPOINT_URL")
    progress.print_line(f"Stage {name}, as {caller_arn}" + (f", at {endpoint_url}" if endpoint_url else ""))
    terraform = Terraform.for_stage(name)
    terraform.init()
    preflight.check_account(account, terraform.get_outputs())
    return terraform


def _announce_runtime_change(name: str, outputs: dict[str, Any]) -> None:
    """Print a notice if deployed functions will get another runtime."""
    deployed = Stage(name, outputs["region"]).list_runtimes() if "region" in outputs else set()
    if notice := runtime.describe_change(deployed, runtime.CURRENT):
        progress.print_line(notice)


def _ensure_pillow_layer(stage: Stage) -> str:
    with report_step("image library") as step:
        arn, is_published = pillow_layer.ensure_layer(stage)
        step.result = "layer published" if is_published else "unchanged"
    return arn


def _write_chalice_config(stage: Stage, stage_config: dict[str, Any], layer: str | None) -> str:
    """Write the configuration of the stage for Chalice. Return the URL of the API."""
    if layer:
        stage_config = _with_function_settings(stage_config, "check_picture", layers=[layer])
    stage_config = concurrency.reserve_if_possible(stage, stage_config)
    with report_step("configuration") as step:
        url = stage.build_api_url(stage.ensure_api())
        is_changed = stage.write_config(_with_problems_url(stage_config, url))
        step.result = "written to .chalice/config.json" if is_changed else "unchanged"
        stage.write_deployed_record()
    return url


def _with_problems_url(stage_config: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the configuration with the URL of the API's page about problem types, unless it has another one."""
    variables = stage_config["lambda_functions"]["api_handler"]["environment_variables"]
    variables = {"PROBLEMS_URL": f"{url}/problems", **variables}
    return _with_function_settings(stage_config, "api_handler", environment_variables=variables)


def _with_function_settings(stage_config: dict[str, Any], function: str, **settings: Any) -> dict[str, Any]:
    """Return the configuration with more settings for one function."""
    functions = stage_config["lambda_functions"]
    return {**stage_config, "lambda_functions": {**functions, function: {**functions[function], **settings}}}


def _attach_triggers(terraform: Terraform) -> str:
    """Attach the triggers to the functions. Retry, because AWS lists new functions with a delay."""
    for _ in range(_MAX_ATTEMPTS):
        result = terraform.apply()
        if not (missing := terraform.get_outputs()["missing_triggers"]):
            return result
        time.sleep(_RETRY_SECONDS)
    raise DeployError(f"AWS does not list {', '.join(missing)} yet. Run the same command again.")


def _configure_api_stage(stage: Stage, outputs: dict[str, Any]) -> bool:
    """Set logs, throttling and TLS of the API. Return True if the stage or its TLS policy changed."""
    api_id = stage.find_api_id()
    assert api_id is not None  # Chalice has just deployed it
    settings, gateway = outputs["api_stage"], stage.client("apigateway")
    group = api_logs.execution_log_group(api_id, stage.name)
    api_logs.configure_execution_log(stage.client("logs"), group, settings)
    is_changed = api_stage.configure_stage(gateway, api_id, settings)
    return api_stage.set_security_policy(gateway, api_id, settings["security_policy"]) or is_changed


def _delete_local_state(name: str, terraform: Terraform) -> None:
    """Delete the files of a stage in this checkout. The workspace is last, because a rerun looks for it."""
    chalice_config.delete_stage_config(name)
    terraform.delete_workspace()


def main() -> int:
    """Run the command. Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy")
    parser.add_argument("command", choices=["deploy", "destroy"])
    options = parser.parse_args()
    try:
        name = preflight.check_stage_name(os.environ.get("STAGE_NAME", ""))
        with locks.lock_stage(name):
            (deploy_stage if options.command == "deploy" else destroy_stage)(name)
    except DeployError as error:
        return progress.print_error(error)
    except (BotoCoreError, ClientError) as exc:
        return progress.print_error(
            DeployError(f"{exc}\nFix the problem and run the same command again; it resumes where it stopped.")
        )
    except KeyboardInterrupt:
        return progress.print_error(
            DeployError("Interrupted. Run the same command again; it resumes where it stopped.")
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
