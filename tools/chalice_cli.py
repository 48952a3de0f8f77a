"""The `chalice` command in this project: app.py calls `prepare` when that command loads it.

`chalice local` is replaced by local/chalice_local.py. `chalice deploy` and `chalice package` need a stage that
`make deploy` has prepared.
"""

import os
import sys
from typing import Any, Final

import click
from chalice import cli

from chalicelib.cors import Cors
from chalicelib.errors import SettingsError
from chalicelib.settings import settings
from infra.deploy import api, package, runtime, stage
from infra.deploy.console import Failure
from local.processes import has_parent

# Set by `chalice local` for the process that loads app.py, which ends and starts again at each reload.
_RELOADER_MARK: Final = "CHALICE_WORKER"


def prepare() -> None:
    """Do what the running sub-command needs before app.py reads its settings.

    Raises click.ClickException, which the command shows as one line, for a stage that was not prepared.
    """
    context = click.get_current_context(silent=True)
    if has_parent():
        from local import gateway  # needs packages that `chalice deploy` can do without

        gateway.install()
    elif context is None and _RELOADER_MARK in os.environ:  # app.py is loaded in a thread, where click has no context
        _serve_locally({**_parse_local_again(), "parent": os.getppid()})
    elif context is not None and context.info_name == "local":
        _serve_locally(context.params)
    elif context is not None and "stage" in context.params:
        _prepare_deployment(context.params["stage"], is_deploy=context.info_name == "deploy")


def _parse_local_again() -> dict[str, Any]:
    """Return the options of `chalice local` from the command line."""
    group = cli.cli.make_context("chalice", sys.argv[1:], obj={})
    return cli.local.make_context("local", list(group.args), parent=group).params


def _serve_locally(options: dict[str, Any]) -> None:
    """Replace this process, so that the embedded AWS and the API are its children, whichever thread this is."""
    names = ["--host", str(options["host"]), "--port", str(options["port"])]
    names += [] if options["autoreload"] else ["--no-autoreload"]
    names += ["--parent", str(options["parent"])] if "parent" in options else []
    os.execv(sys.executable, [sys.executable, "-m", "local", "chalice-local", *names])


def _prepare_deployment(name: str, *, is_deploy: bool) -> None:
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
