"""Serve the API for `chalice local`: tools/chalice_cli.py replaces Chalice's own server by this program.

    python -m local chalice-local [--host HOST] [--port PORT] [--no-autoreload] [--parent PID]

It uses the embedded AWS of a `make run` that keeps its state in LOCAL_DIR. If there is none, it starts one, and
ends it with itself.
"""

import argparse
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from local import console, settings
from local.api import Api
from local.aws import READY_PATH
from local.log_view import LogView
from local.processes import StartError, is_serving
from local.settings import LocalSettings
from local.stack import Stack, build
from local.startup import (
    CannotStart,
    claim_state,
    find_free_port,
    format_variables,
    require_different_ports,
    require_free_port,
    start_aws,
    stop_on_signals,
    use_free_ports,
)


@dataclass(frozen=True)
class Backend:
    """The embedded AWS that the API uses, and where the API logs."""

    local: LocalSettings
    stack: Stack
    log: str
    note: str
    require_running: Callable[[], None]


def main(arguments: Sequence[str]) -> int:
    """Return the exit code."""
    stop = stop_on_signals()
    options = _parse(arguments)
    try:
        port = settings.parse_port(options.port, "--port")
        local = replace(settings.load(), api_host=options.host, api_port=port)
        with ExitStack() as opened:
            _serve(local, options, stop, opened)
    except (CannotStart, StartError, settings.PortError) as exc:
        console.failure(str(exc))
        _end_parent(options.parent)
        return 1
    return 0


def _end_parent(parent: int | None) -> None:
    """End Chalice's reloader, if this is its worker. By itself it exits with 0, although the worker has failed."""
    if parent is not None and parent == os.getppid():
        os.kill(parent, signal.SIGTERM)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chalice local")
    parser.add_argument("--host", default=settings.HOST)
    parser.add_argument("--port", default="8000")
    parser.add_argument("--autoreload", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--parent", type=int, help="stop when this is no longer the parent process")
    return parser.parse_args(arguments)


def _serve(local: LocalSettings, options: argparse.Namespace, stop: threading.Event, opened: ExitStack) -> None:
    other = replace(local, api_port=find_free_port(local.api_port, {local.aws_port}))
    require_free_port(local.api_port, _format_command(other), local.api_host)
    view = LogView()
    backend = use_running_aws(local) or start_own_aws(local, opened, view)
    console.fact("embedded AWS", backend.stack.aws_endpoint_url + backend.note)
    console.fact("user pool", f"{backend.stack.user_pool_id}, client {backend.stack.user_pool_client_id}")
    api = opened.enter_context(Api(backend.local, backend.stack, backend.log, view))
    view.live = True
    console.fact("API", f"{backend.stack.api_url}/users/{{user_id}}")
    console.note(f"  Ctrl-C stops it. Logs are in {local.directory}.")

    def check() -> None:
        backend.require_running()
        if options.parent and os.getppid() != options.parent:
            stop.set()

    api.serve_until(stop, check, autoreload=options.autoreload)


def _format_command(local: LocalSettings) -> str:
    """Return the command that starts `chalice local` with these settings."""
    return f"{format_variables(local, with_api_port=False)}chalice local --port {local.api_port}"


def use_running_aws(local: LocalSettings) -> Backend | None:
    """Return the embedded AWS of a run that keeps its state in LOCAL_DIR, or None if none answers."""
    try:
        stack = Stack.read(local.stack_file)
    except FileNotFoundError:
        return None
    if not is_serving(stack.aws_endpoint_url + READY_PATH):
        return None

    def require_running() -> None:
        if not local.stack_file.exists():
            raise StartError("The embedded AWS has ended with the command that started it.")

    port = urlsplit(stack.aws_endpoint_url).port
    assert port is not None  # written by a run
    local = replace(local, aws_port=port, access_key=stack.access_key)
    return Backend(
        local, replace(stack, api_url=local.api_url), f"api-{local.api_port}.log", ", already running", require_running
    )


def start_own_aws(local: LocalSettings, opened: ExitStack, view: LogView) -> Backend:
    """Start an embedded AWS that ends when `opened` is closed. Raises CannotStart and StartError."""
    require_different_ports(local)
    other = use_free_ports(local)
    claim_state(local, opened, _format_command(replace(other, directory=settings.ROOT / f".local-{other.aws_port}")))
    require_free_port(local.aws_port, _format_command(other))
    aws = start_aws(local, opened, view)
    stack = build(local)
    stack.write(local.stack_file)
    opened.callback(local.stack_file.unlink, missing_ok=True)
    return Backend(local, stack, "api.log", "", aws.require_running)
