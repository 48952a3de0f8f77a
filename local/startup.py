"""The first steps of `make run` and `chalice local`: handle signals, reserve ports and state, start the emulator."""

import itertools
import shlex
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from local.config import (
    DEFAULT_API_PORT,
    DEFAULT_AWS_PORT,
    DEFAULT_CONSOLE_PORT,
    DEFAULT_STATE_DIRECTORY,
    HOST,
    NO_PORT,
    ROOT,
    LocalSettings,
)
from local.emulator import READY_PATH
from local.ports import find_free_port, is_port_in_use
from local.processes import ChildProcess
from local.state_lock import StateInUse, lock_directory


class StartupError(Exception):
    """The stack cannot start. The message is one line with the reason and a solution."""


def stop_on_signals() -> threading.Event:
    """Return an event that is set when this process receives SIGINT, SIGTERM or SIGHUP."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def require_free_port(port: int, alternative: str, host: str = HOST) -> None:
    """Raise StartupError if the port is in use. `alternative` is a command that uses another port."""
    if is_port_in_use(port, host):
        raise StartupError(f"Port {port} is in use. Free it, or choose another: {alternative}")


def require_free_ports(local: LocalSettings) -> None:
    """Raise StartupError, with a command that uses free ports, if a port is in use."""
    used = [str(port) for port in (local.api_port, local.aws_port, local.console_port) if is_port_in_use(port)]
    if not used:
        return
    command = f"{format_variables(use_free_ports(local))}make run"
    if len(used) == 1:
        raise StartupError(f"Port {used[0]} is in use. Free it, or choose another: {command}")
    ports = f"{', '.join(used[:-1])} and {used[-1]}"
    raise StartupError(f"Ports {ports} are in use. Free them, or choose others: {command}")


def use_free_ports(local: LocalSettings) -> LocalSettings:
    """Return the settings with each port that is in use replaced by a free one."""
    api_port, aws_port, console_port = local.api_port, local.aws_port, local.console_port
    if is_port_in_use(api_port, local.api_host):
        api_port = find_free_port(api_port, {aws_port, console_port})
    if is_port_in_use(aws_port):
        aws_port = find_free_port(aws_port, {api_port, console_port})
    if is_port_in_use(console_port):
        console_port = find_free_port(console_port, {api_port, aws_port})
    return replace(local, api_port=api_port, aws_port=aws_port, console_port=console_port)


def require_different_ports(local: LocalSettings) -> None:
    """Raise StartupError if two of the API, the embedded AWS and the console have the same port."""
    ports = {"API_PORT": local.api_port, "AWS_PORT": local.aws_port, "CONSOLE_PORT": local.console_port}
    for first, second in itertools.combinations(ports, 2):
        if ports[first] == ports[second]:
            raise StartupError(f"{first} and {second} are the same: choose another for one of them")


def format_variables(local: LocalSettings, *, with_api_port: bool = True) -> str:
    """Return shell variable assignments for all settings that are not the default, with a trailing space."""
    variables = []
    if with_api_port and local.api_port != DEFAULT_API_PORT:
        variables.append(f"API_PORT={local.api_port}")
    if local.aws_port != DEFAULT_AWS_PORT:
        variables.append(f"AWS_PORT={local.aws_port}")
    if local.console_port not in (NO_PORT, DEFAULT_CONSOLE_PORT):
        variables.append(f"CONSOLE_PORT={local.console_port}")
    if local.state_directory != DEFAULT_STATE_DIRECTORY:
        directory = local.state_directory
        short = directory.relative_to(ROOT) if directory.is_relative_to(ROOT) else directory
        variables.append(f"LOCAL_DIR={shlex.quote(str(short))}")
    return "".join(f"{variable} " for variable in variables)


def reserve_state(local: LocalSettings, exit_stack: ExitStack, alternative: str) -> None:
    """Lock the state directory until `exit_stack` closes.

    Raises StartupError if another process uses it. `alternative` is a command that starts a second stack.
    """
    try:
        exit_stack.enter_context(lock_directory(local.state_directory))
    except StateInUse as exc:
        raise StartupError(f"{exc} Stop it, or start a second one: {alternative}") from exc
    local.stack_file.unlink(missing_ok=True)  # a run that was killed did not delete it


def start_emulator(local: LocalSettings, exit_stack: ExitStack, on_line: Callable[[str], None]) -> ChildProcess:
    """Start the embedded AWS, and stop it when `exit_stack` closes. Raises ProcessError with the end of its log."""
    log = local.state_directory / "aws.log"
    log.write_text("")
    command = [sys.executable, "-m", "local.emulator"]
    emulator = ChildProcess("the embedded AWS", command, local.environment(), log, on_line)
    exit_stack.callback(emulator.stop)
    emulator.wait_until_serving(local.aws_endpoint_url + READY_PATH)
    return emulator
