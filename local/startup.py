"""What `make run` and `chalice local` do first: handle signals, claim ports and state, start the embedded AWS."""

import shlex
import signal
import sys
import threading
from collections.abc import Callable, Container
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain

from local.aws import READY_PATH
from local.processes import Child, InUse, locked, port_in_use
from local.settings import DEFAULT_API_PORT, DEFAULT_AWS_PORT, DEFAULT_DIRECTORY, HOST, ROOT, LocalSettings


class CannotStart(Exception):
    """The text is one line that says why and what to do."""


def stop_on_signals() -> threading.Event:
    """Return an event that is set when this process is asked to end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def require_free_port(port: int, alternative: str, host: str = HOST) -> None:
    """Raise CannotStart if the port is in use. `alternative` is a command that uses another one."""
    if port_in_use(port, host):
        raise CannotStart(f"Port {port} is in use. Free it, or choose another: {alternative}")


def require_free_ports(local: LocalSettings) -> None:
    """Raise CannotStart with a command that works, if the port of the API or of the embedded AWS is in use."""
    taken = [port for port in (local.api_port, local.aws_port) if port_in_use(port)]
    if not taken:
        return
    command = f"{format_variables(use_free_ports(local))}make run"
    if len(taken) == 1:
        raise CannotStart(f"Port {taken[0]} is in use. Free it, or choose another: {command}")
    raise CannotStart(f"Ports {taken[0]} and {taken[1]} are in use. Free them, or choose others: {command}")


def use_free_ports(local: LocalSettings) -> LocalSettings:
    """Return these settings with another port in the place of each that is in use."""
    api_port, aws_port = local.api_port, local.aws_port
    if port_in_use(api_port, local.api_host):
        api_port = find_free_port(api_port, {aws_port})
    if port_in_use(aws_port):
        aws_port = find_free_port(aws_port, {api_port})
    return replace(local, api_port=api_port, aws_port=aws_port)


def find_free_port(after: int, excluded: Container[int] = ()) -> int:
    """Return the next port that is not in use and not excluded."""
    ports = chain(range(after + 1, 65536), range(1024, after))
    return next(port for port in ports if port not in excluded and not port_in_use(port))


def format_variables(local: LocalSettings, *, with_api_port: bool = True) -> str:
    """Return what stands before a command in a shell: each setting that is not the default, and a space."""
    variables = []
    if with_api_port and local.api_port != DEFAULT_API_PORT:
        variables.append(f"API_PORT={local.api_port}")
    if local.aws_port != DEFAULT_AWS_PORT:
        variables.append(f"AWS_PORT={local.aws_port}")
    if local.directory != DEFAULT_DIRECTORY:
        directory = local.directory
        shown = directory.relative_to(ROOT) if directory.is_relative_to(ROOT) else directory
        variables.append(f"LOCAL_DIR={shlex.quote(str(shown))}")
    return "".join(f"{variable} " for variable in variables)


def require_different_ports(local: LocalSettings) -> None:
    """Raise CannotStart if the API and the embedded AWS have the same port."""
    if local.api_port == local.aws_port:
        raise CannotStart("API_PORT and AWS_PORT are the same: choose another for one of them")


def claim_state(local: LocalSettings, opened: ExitStack, alternative: str) -> None:
    """Keep the state directory to this process until `opened` is closed.

    Raises CannotStart if another run uses it. `alternative` is a command that starts a second one beside it.
    """
    try:
        opened.enter_context(locked(local.directory))
    except InUse as exc:
        raise CannotStart(f"{exc} Stop it, or start another one beside it: {alternative}") from exc
    local.stack_file.unlink(missing_ok=True)  # left by a run that was killed


def start_aws(local: LocalSettings, opened: ExitStack, listener: Callable[[str], None]) -> Child:
    """Start the embedded AWS until `opened` is closed. Raises StartError with the end of its log."""
    log = local.directory / "aws.log"
    log.write_text("")
    aws = Child("the embedded AWS", [sys.executable, "-m", "local.aws"], local.environment(), log, listener)
    opened.callback(aws.stop)
    aws.wait_until_serving(local.aws_endpoint_url + READY_PATH)
    return aws
