"""Patches of the `chalice` command. app.py calls `prepare_command` when the command loads it.

`chalice local` is replaced by local/chalice_local.py. `chalice deploy` and `chalice package` require a stage that
`make deploy` has prepared.
"""

import os
import sys
from typing import Any, Final

import click
from chalice import cli

from local.processes import is_child_process

# Set by `chalice local` in its worker process, which loads app.py and restarts at each reload.
_WORKER_VARIABLE: Final = "CHALICE_WORKER"


def prepare_command() -> None:
    """Apply the patches of the running sub-command, before app.py reads its settings.

    Raises click.ClickException if the stage is not prepared. The command shows its message in one line.
    """
    context = click.get_current_context(silent=True)
    if is_child_process():
        from local import chalice_server  # imports packages that `chalice deploy` does not need

        chalice_server.install()
    elif context is None and _WORKER_VARIABLE in os.environ:  # a thread loads app.py, and click has no context there
        _serve_locally({**_parse_local_options(), "parent": os.getppid()})
    elif context is not None and context.info_name == "local":
        _serve_locally(context.params)
    elif context is not None and "stage" in context.params:
        from tools import chalice_deployment  # its import takes 0.2 s, which would delay reloads of `chalice local`

        chalice_deployment.prepare_stage_command(context.params["stage"], is_deploy=context.info_name == "deploy")


def _parse_local_options() -> dict[str, Any]:
    """Return the options of `chalice local`, parsed from the command line of this process."""
    group = cli.cli.make_context("chalice", sys.argv[1:], obj={})
    return cli.local.make_context("local", list(group.args), parent=group).params


def _serve_locally(options: dict[str, Any]) -> None:
    """Replace this process by the local server, so that the embedded AWS and the API are its child processes.

    This works from any thread.
    """
    names = ["--host", str(options["host"]), "--port", str(options["port"])]
    names += [] if options["autoreload"] else ["--no-autoreload"]
    names += ["--parent", str(options["parent"])] if "parent" in options else []
    os.execv(sys.executable, [sys.executable, "-m", "local", "chalice-local", *names])
