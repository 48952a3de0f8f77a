"""The `chalice` command in this project: app.py calls `prepare` when that command loads it.

`chalice local` is replaced by local/chalice_local.py. `chalice deploy` and `chalice package` need a stage that
`make deploy` has prepared.
"""

import os
import sys
from typing import Any, Final

import click
from chalice import cli

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
        from tools import chalice_deployment  # takes 0.2 s to import, in which `chalice local` can be restarted

        chalice_deployment.prepare(context.params["stage"], is_deploy=context.info_name == "deploy")


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
