"""Child processes that end with us, ports that are free, and a directory that is ours."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from local.settings import HOST, ROOT

_PATIENCE: Final = 10  # seconds for a child to end by itself, or to start


LOCK: Final = "lock"  # the file in a directory of state that says which process uses it


class InUse(Exception):
    """Another run keeps its state there."""

    def __init__(self, directory: Path, process: str) -> None:
        super().__init__(f"Process {process} is running with its state in {directory}.")


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keep a directory of state to this process, whose id is written into the lock. Raises InUse."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / LOCK).open("a+") as lock:
        lock.seek(0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUse(directory, lock.read()) from None
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


class StartError(Exception):
    """A child ended, or stayed silent, instead of serving."""


def port_in_use(port: int, host: str = HOST) -> bool:
    """Whether somebody listens there, on this or on every address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


# Below the ports that Linux and macOS give to outgoing connections, one of which could take a free port away.
_FREE_PORTS: Final = range(10_000, 32_768)
_given = set[int]()


def free_port() -> int:
    """Return a port that nothing listens on and that this process has not been given before.

    It is chosen at random, so that processes that start servers at the same time do not choose the same one.
    """
    while True:
        port = random.choice(_FREE_PORTS)
        if port not in _given and not port_in_use(port):
            _given.add(port)
            return port


def is_serving(url: str) -> bool:
    """Whether the URL answers anything at all within a second."""
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _accepts_connections(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


class Child:
    """A process in a group of its own: Ctrl-C reaches us only, and we end children in order."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: dict[str, str],
        log: Path,
        listener: Callable[[str], None],
    ) -> None:
        """Start it. What it prints goes to the end of `log` and, line by line, to the listener."""
        self.name = name
        self._log = log
        self._listener = listener
        self._process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**environment, PARENT: "1"},
            stdin=subprocess.PIPE,  # it closes when we end, however we end: see end_with_parent
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )
        self._follower = threading.Thread(target=self._follow, daemon=True)
        self._follower.start()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output, self._log.open("a") as log:
            for line in output:
                log.write(line)
                log.flush()
                self._listener(line)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def require_running(self) -> None:
        """Raise StartError with the end of its log if the process has ended."""
        if self.ended:
            raise StartError(f"{self.name} has ended\n{self.last_words()}")

    def wait_until_serving(self, url: str) -> None:
        """Return when the URL answers anything at all. Raises StartError."""
        self._wait(lambda: is_serving(url), url)

    def wait_until_listening(self, host: str, port: int) -> None:
        """Return when the process accepts connections: `chalice local` does so once the app is loaded.

        No request is sent, which would be in the log. Raises StartError.
        """
        self._wait(lambda: _accepts_connections(host, port), f"{host}:{port}")

    def _wait(self, is_ready: Callable[[], bool], place: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            if self.ended:
                self._follower.join(1)
                raise StartError(f"{self.name} ended with code {self._process.returncode}\n{self.last_words()}")
            if is_ready():
                return
            time.sleep(0.05)
        raise StartError(f"{self.name} does not answer at {place}\n{self.last_words()}")

    def last_words(self, lines: int = 5) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

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
        if self._process.stdin:
            self._process.stdin.close()
        self._follower.join(1)


PARENT: Final = "LOCAL_PARENT"  # set for our children: their standard input tells whether we are there


def has_parent() -> bool:
    """Whether this process was started as a Child."""
    return PARENT in os.environ


def end_with_parent() -> None:
    """In a child: end when the parent has, even if it was killed and could tell nobody."""
    if os.environ.pop(PARENT, None) is None:
        return

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1):  # until the parent's end of the pipe is closed
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
