"""Child processes that end with us, and ports that are free."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from local.settings import HOST, ROOT

_PATIENCE: Final = 10  # seconds for a child to end by itself, or to start


class StartError(Exception):
    """A child ended, or stayed silent, instead of serving."""


def port_in_use(port: int) -> bool:
    """Whether somebody listens there, on this or on every address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


class Child:
    """A process in a group of its own: Ctrl-C reaches us only, and we end children in order."""

    def __init__(self, name: str, arguments: Sequence[str], environment: dict[str, str], output: IO[str] | int) -> None:
        self.name = name
        self._process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )

    @property
    def output(self) -> IO[str]:
        """What it prints, if `output` was subprocess.PIPE."""
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait_until_serving(self, url: str) -> None:
        """Return when the URL answers anything at all. Raises StartError."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self.ended:
                raise StartError(f"{self.name} ended with code {self._process.returncode}")
            try:
                urllib.request.urlopen(url, timeout=1).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        raise StartError(f"{self.name} does not answer at {url}")

    def stop(self) -> None:
        """End the process and whatever it started; by force if it takes too long."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE)
                break
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # a grandchild that outlived it


def tail(file: Path, lines: int = 5) -> str:
    """The last lines of a log."""
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:])
