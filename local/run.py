"""`make run`: start the embedded AWS, its resources, the API and the console, run the demo, and serve until Ctrl-C."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from local import config, terminal
from local.api_server import ApiServer
from local.config import LocalSettings
from local.demo import run_demo
from local.log_view import LogView
from local.openapi_route import OPENAPI_PATH
from local.printed_commands import print_commands
from local.processes import ProcessError
from local.resources.builder import create_stack
from local.startup import (
    StartupError,
    format_variables,
    require_different_ports,
    require_free_ports,
    reserve_state,
    start_emulator,
    stop_on_signals,
    use_free_ports,
)
from local.user_client import UserClient
from local.web_console.server import WebConsole


def main() -> int:
    """Return the exit code."""
    stop = stop_on_signals()
    try:
        local = config.load_settings()
        with ExitStack() as exit_stack:
            serve(local, stop, exit_stack)
    except (StartupError, ProcessError, config.InvalidPort) as exc:
        terminal.print_error(str(exc))
        return 1
    terminal.print_note("\nStopped.")
    return 0


def serve(local: LocalSettings, stop: threading.Event, exit_stack: ExitStack) -> None:
    """Start the stack, run the demo, and serve until `stop` is set. Raises StartupError and ProcessError."""
    started = time.monotonic()
    reserve_ports_and_state(local, exit_stack)
    web_console = exit_stack.enter_context(WebConsole(local))
    terminal.print_first_line(f"Console: {local.console_url}")
    terminal.print_title("HealthTech users, all on this machine")
    view = LogView()
    emulator = start_emulator(local, exit_stack, _call_both(view, web_console.history.read_aws_line))
    stack = create_stack(local)
    terminal.print_fact("embedded AWS", stack.aws_endpoint_url)
    terminal.print_fact("user pool", f"{stack.user_pool_id}, client {stack.user_pool_client_id}")
    terminal.print_fact("tables, bucket", f"{stack.table}, {stack.records_table}, {stack.bucket}")
    on_line = _call_both(view, web_console.history.read_api_line)
    api = exit_stack.enter_context(ApiServer(local, stack, on_line=on_line))
    web_console.serve(stack)
    terminal.print_fact("API", f"{stack.api_url}/users/{{user_id}}")
    terminal.print_fact("OpenAPI", stack.api_url + OPENAPI_PATH)
    stack.write(local.stack_file)
    exit_stack.callback(local.stack_file.unlink, missing_ok=True)
    startup_seconds = time.monotonic() - started
    client = UserClient(stack)
    run_demo(client)
    print_commands(local, client)
    terminal.print_title(f"Ready in {startup_seconds:.1f} s. Press Ctrl-C to stop. Users are saved for the next run.")
    terminal.print_note(f"  The API reloads when app.py or chalicelib/ changes. Logs are in {local.state_directory}.")
    view.show_requests = True
    api.watch_and_reload(stop, emulator.require_running)


def _call_both(first: Callable[[str], None], second: Callable[[str], None]) -> Callable[[str], None]:
    def call(line: str) -> None:
        first(line)
        second(line)

    return call


def reserve_ports_and_state(local: LocalSettings, exit_stack: ExitStack) -> None:
    """Check the ports, and lock the state directory. Raises StartupError.

    The state is checked first. A run that uses the state also uses the ports, and other ports alone would not help.
    """
    require_different_ports(local)
    other = use_free_ports(local)
    other = replace(other, state_directory=config.ROOT / f".local-{other.api_port}")
    reserve_state(local, exit_stack, f"{format_variables(other)}make run")
    require_free_ports(local)
