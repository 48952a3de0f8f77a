"""Commands about a deployed stage, such as `chalice deploy`: they need a stage that `make deploy` has prepared."""

import os

import click

from chalicelib.cors import Cors
from chalicelib.errors import SettingsError
from chalicelib.settings import settings
from infra.deploy import api, package, runtime, stage
from infra.deploy.console import Failure


def prepare(name: str, *, is_deploy: bool) -> None:
    """Extend the command by what the project needs.

    Raises click.ClickException if `make deploy` has not prepared the stage.
    """
    section = stage.section_of(name)
    api_handler = section.get("lambda_functions", {}).get("api_handler", {})
    if "iam_role_arn" not in api_handler:
        example = "dev" if name == "local" else name
        raise click.ClickException(f"The stage {name} is not prepared. Run: make deploy STAGE={example}")
    if is_deploy and not stage.has_record(name):
        raise click.ClickException(
            f"This checkout does not know what is deployed for the stage {name}. Run: make deploy STAGE={name}"
        )
    if is_deploy:
        _require_runtime()
    try:
        _ = settings().required_table
        (pool_arn,) = settings().provider_arns
    except SettingsError as exc:
        raise click.ClickException(f"The stage {name} is not complete: {exc}. Run: make deploy STAGE={name}") from exc
    os.environ["AWS_DEFAULT_REGION"] = pool_arn.split(":")[3]  # a stage is in one region, whatever the shell's is
    api.extend(Cors(settings().cors_allow_origins), settings().problems_url)
    package.install()


def _require_runtime() -> None:
    try:
        runtime.require_offered(runtime.CURRENT)
    except Failure as failure:
        raise click.ClickException(str(failure)) from failure
