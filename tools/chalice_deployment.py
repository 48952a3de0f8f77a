"""Patches of the commands for a deployed stage, such as `chalice deploy`. They require a prepared stage."""

import os

import click

from chalicelib.api.cors import CorsPolicy
from chalicelib.core.errors import SettingsError
from chalicelib.core.settings import get_settings
from infra.deploy import chalice_config, gateway_config, package, runtime
from infra.deploy.progress import DeployError


def prepare_stage_command(stage: str, *, is_deploy: bool) -> None:
    """Check the stage, set its region, and patch the Swagger document and the packager of Chalice.

    Raises click.ClickException if `make deploy` has not prepared the stage.
    """
    _require_prepared_stage(stage)
    if is_deploy:
        _require_record(stage)
        _require_supported_runtime()
    try:
        _ = get_settings().require_table_name()
        (pool_arn,) = get_settings().provider_arns
    except SettingsError as exc:
        raise click.ClickException(f"The stage {stage} is not complete: {exc}. Run: make deploy STAGE={stage}") from exc
    os.environ["AWS_DEFAULT_REGION"] = pool_arn.split(":")[3]  # the region of the stage, not that of the shell
    gateway_config.patch_swagger_generator(CorsPolicy(get_settings().cors_allow_origins), get_settings().problems_url)
    package.patch_packager()


def _require_prepared_stage(stage: str) -> None:
    api_handler = chalice_config.get_stage_config(stage).get("lambda_functions", {}).get("api_handler", {})
    if "iam_role_arn" not in api_handler:
        example = "dev" if stage == "local" else stage
        raise click.ClickException(f"The stage {stage} is not prepared. Run: make deploy STAGE={example}")


def _require_record(stage: str) -> None:
    if not chalice_config.has_deployed_record(stage):
        raise click.ClickException(
            f"This checkout has no record of the deployed stage {stage}. Run: make deploy STAGE={stage}"
        )


def _require_supported_runtime() -> None:
    try:
        runtime.require_supported(runtime.CURRENT)
    except DeployError as error:
        raise click.ClickException(str(error)) from error
