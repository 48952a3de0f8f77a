"""What `make run` and `chalice local` do first: handle signals, claim ports and state, start the embedded AWS."""

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack

from local.aws import READY_PATH
from local.processes import Child, InUse, locked, port_in_use
from local.settings import HOST, LocalSettings


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
