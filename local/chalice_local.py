"""Serve the API for `chalice local`. tools/chalice_cli.py replaces Chalice's own server with this program.

    python -m local chalice-local [--host HOST] [--port PORT] [--no-autoreload] [--parent PID]

Uses the embedded AWS of a `make run` with the same LOCAL_DIR. If no such run is active, starts an embedded AWS and
stops it at the end.
"""

import argparse
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from local import config, terminal
from local.api_server import ApiServer
from local.config import LocalSettings
from local.emulator import READY_PATH
from local.log_view import LogView
from local.ports import find_free_port, is_serving
from local.processes import ProcessError
from local.resources.builder import create_stack
from local.stack import Stack
from local.startup import (
    StartupError,
    format_variables,
    require_different_ports,
    require_free_port,
    reserve_state,
    start_emulator,
    stop_on_signals,
    use_free_ports,
)


@dataclass(frozen=True)
class Backend:
    """The embedded AWS that the API uses, and the API's settings for it."""

    local: LocalSettings
    stack: Stack
    log_name: str
    note: str
    require_running: Callable[[], None]


def main(arguments: Sequence[str]) -> int:
    """Return the exit code."""
    stop = stop_on_signals()
    options = _parse(arguments)
    try:
        port = config.parse_port(options.port, "--port")
        settings = config.load_settings()
        local = replace(settings, api_host=options.host, api_port=port, console_port=config.NO_PORT)
        with ExitStack() as exit_stack:
            _serve(local, options, stop, exit_stack)
    except (StartupError, ProcessError, config.InvalidPort) as exc:
        terminal.print_error(str(exc))
        _stop_reloader(options.parent)
        return 1
    return 0


def _stop_reloader(parent: int | None) -> None:
    """Stop Chalice's reloader if this process is its worker. Otherwise it would exit with 0 after a failure."""
    if parent is not None and parent == os.getppid():
        os.kill(parent, signal.SIGTERM)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="chalice local")
    parser.add_argument("--host", default=config.HOST)
    parser.add_argument("--port", default="8000")
    parser.add_argument("--autoreload", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--parent", type=int, help="stop when this is no longer the parent process")
    return parser.parse_args(arguments)


def _serve(local: LocalSettings, options: argparse.Namespace, stop: threading.Event, exit_stack: ExitStack) -> None:
    other = replace(local, api_port=find_free_port(local.api_port, {local.aws_port}))
    require_free_port(local.api_port, _format_command(other), local.api_host)
    view = LogView()
    backend = find_running_emulator(local) or start_own_emulator(local, exit_stack, view)
    terminal.print_fact("embedded AWS", backend.stack.aws_endpoint_url + backend.note)
    terminal.print_fact("user pool", f"{backend.stack.user_pool_id}, client {backend.stack.user_pool_client_id}")
    api = exit_stack.enter_context(ApiServer(backend.local, backend.stack, backend.log_name, view))
    view.show_requests = True
    terminal.print_fact("API", f"{backend.stack.api_url}/users/{{user_id}}")
    terminal.print_note(f"  Press Ctrl-C to stop. Logs are in {local.state_directory}.")

    def check() -> None:
        backend.require_running()
        if options.parent and os.getppid() != options.parent:
            stop.set()

    api.watch_and_reload(stop, check, autoreload=options.autoreload)


def _format_command(local: LocalSettings) -> str:
    """Return the command that starts `chalice local` with these settings."""
    return f"{format_variables(local, with_api_port=False)}chalice local --port {local.api_port}"


def find_running_emulator(local: LocalSettings) -> Backend | None:
    """Return the embedded AWS of a run with the same state directory, or None if none responds."""
    try:
        stack = Stack.read(local.stack_file)
    except FileNotFoundError:
        return None
    if not is_serving(stack.aws_endpoint_url + READY_PATH):
        return None

    def require_running() -> None:
        if not local.stack_file.exists():
            raise ProcessError("The embedded AWS has ended with the command that started it.")

    port = urlsplit(stack.aws_endpoint_url).port
    assert port is not None  # the run has written it
    local = replace(local, aws_port=port, access_key=stack.access_key)
    return Backend(
        local, replace(stack, api_url=local.api_url), f"api-{local.api_port}.log", ", already running", require_running
    )


def start_own_emulator(local: LocalSettings, exit_stack: ExitStack, view: LogView) -> Backend:
    """Start an embedded AWS, and stop it when `exit_stack` closes. Raises StartupError and ProcessError."""
    require_different_ports(local)
    other = use_free_ports(local)
    second_state = config.ROOT / f".local-{other.aws_port}"
    reserve_state(local, exit_stack, _format_command(replace(other, state_directory=second_state)))
    require_free_port(local.aws_port, _format_command(other))
    emulator = start_emulator(local, exit_stack, view)
    stack = create_stack(local)
    stack.write(local.stack_file)
    exit_stack.callback(local.stack_file.unlink, missing_ok=True)
    return Backend(local, stack, "api.log", "", emulator.require_running)
