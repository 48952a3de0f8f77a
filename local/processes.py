"""Child processes that end with their parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from local.config import ROOT
from local.ports import accepts_connections, is_serving

_TIMEOUT_SECONDS: Final = 10  # for a child process to start or to exit
# Set for child processes. Their standard input is a pipe that closes when the parent exits.
PARENT_PIPE_VARIABLE: Final = "LOCAL_PARENT"


class ProcessError(Exception):
    """A child process has exited, or does not serve."""


class ChildProcess:
    """A process in its own process group.

    Ctrl-C in the terminal does not reach it. The parent stops its children in order.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: dict[str, str],
        log: Path,
        on_line: Callable[[str], None],
    ) -> None:
        """Start the process. Append its output to `log`, and call `on_line` with each line."""
        self.name = name
        self._log = log
        self._on_line = on_line
        self._process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**environment, PARENT_PIPE_VARIABLE: "1"},
            stdin=subprocess.PIPE,  # closes when the parent exits for any reason: see exit_with_parent
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        self._output_thread = threading.Thread(target=self._copy_output, daemon=True)
        self._output_thread.start()

    def _copy_output(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output, self._log.open("a") as log:
            for line in output:
                log.write(line)
                log.flush()
                self._on_line(line)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def has_exited(self) -> bool:
        """True if the process has exited."""
        return self._process.poll() is not None

    def require_running(self) -> None:
        """Raise ProcessError with the end of the log if the process has exited."""
        if self.has_exited:
            raise ProcessError(f"{self.name} has ended\n{self.log_tail()}")

    def wait_until_serving(self, url: str) -> None:
        """Wait until the URL returns any HTTP response. Raises ProcessError after 10 s, or if the process exits."""
        self._wait(lambda: is_serving(url), url)

    def wait_until_listening(self, host: str, port: int) -> None:
        """Wait until the process accepts connections. `chalice local` does so once the app is loaded.

        Sends no request, because the request would be in the log. Raises ProcessError after 10 s, or if the process
        exits.
        """
        self._wait(lambda: accepts_connections(host, port), f"{host}:{port}")

    def _wait(self, is_ready: Callable[[], bool], address: str) -> None:
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if self.has_exited:
                self._output_thread.join(1)
                raise ProcessError(f"{self.name} ended with code {self._process.returncode}\n{self.log_tail()}")
            if is_ready():
                return
            time.sleep(0.05)
        raise ProcessError(f"{self.name} does not respond at {address}\n{self.log_tail()}")

    def log_tail(self, lines: int = 5) -> str:
        """Return the last lines of the log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        """Stop the process and its descendants. Kill them if they do not exit within 10 s."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_TIMEOUT_SECONDS)
                break
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a descendant that has not exited
        if self._process.stdin:
            self._process.stdin.close()
        self._output_thread.join(1)


def is_child_process() -> bool:
    """Return True if this process was started as a ChildProcess."""
    return PARENT_PIPE_VARIABLE in os.environ


def exit_with_parent() -> None:
    """In a child process, exit when the parent has exited, even if the parent was killed."""
    if os.environ.pop(PARENT_PIPE_VARIABLE, None) is None:
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):  # returns no bytes when the parent's end of the pipe is closed
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
