"""`chalice local` as a child process. It restarts when the code changes.

Chalice's own reloader is not used, because it watches every file in the project, including .venv and .local.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from watchfiles import Change, watch

from local import terminal
from local.config import ROOT, LocalSettings
from local.processes import ChildProcess, ProcessError
from local.stack import Stack
from tools.chalice_program import CHALICE_PROGRAM

CHALICE_COMMAND: Final = (sys.executable, "-c", CHALICE_PROGRAM)
_WATCH_TIMEOUT_MS: Final = 500


class ApiServer:
    """A context manager that runs the API on API_PORT.

    Writes the server's output to a log file in the state directory and calls `on_line` with each line.
    """

    def __init__(
        self,
        local: LocalSettings,
        stack: Stack,
        log_name: str = "api.log",
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._local = local
        self._log = local.state_directory / log_name
        self._on_line = on_line
        address = ("--host", local.api_host, "--port", str(local.api_port))
        self._arguments = [*CHALICE_COMMAND, "local", "--stage", "local", "--no-autoreload", *address]
        self._environment = {
            **local.environment(),
            "ERASE_FUNCTION": stack.erase_function,
            "PICTURE_FUNCTION": stack.picture_function,
            "PROBLEMS_URL": f"{local.api_url}/problems",
            "USER_POOL_ARN": stack.user_pool_arn,
            "USER_POOL_CLIENT_ID": stack.user_pool_client_id,
        }
        self._is_serving = False

    def __enter__(self) -> "ApiServer":
        """Start the server. Raises ProcessError with the end of its log."""
        self._log.write_text("")
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self._process.stop()

    @property
    def pid(self) -> int:
        """The process id of the server. It changes when the server restarts."""
        return self._process.pid

    def _start(self) -> None:
        """Start the process and wait until it listens. Raises ProcessError with the end of its log."""
        self._process = ChildProcess("chalice local", self._arguments, self._environment, self._log, self._on_line)
        try:
            self._process.wait_until_listening(self._local.api_host, self._local.api_port)
            self._is_serving = True
        except ProcessError:
            self._is_serving = False
            self._process.stop()
            raise

    def watch_and_reload(self, stop: threading.Event, check: Callable[[], None], *, autoreload: bool = True) -> None:
        """Serve until `stop` is set, and reload when the code changes. After an error in the code, wait for a change.

        Calls `check` twice a second. An exception of `check` ends this method.
        """
        for changed in _watch_changes(stop):
            if not stop.is_set():
                check()
            has_crashed = self._is_serving and self._process.has_exited
            if has_crashed or (changed and autoreload):
                reason = f"{', '.join(sorted(changed))} changed" if changed else "chalice local has ended"
                terminal.print_note(f"{reason}, reloading")
                self._reload()

    def _reload(self) -> None:
        self._process.stop()
        try:
            self._start()
        except ProcessError as exc:
            terminal.print_error(f"{exc}\nFix the code and save it: the API starts again.")


def _is_source(_: Change, path: str) -> bool:
    file = Path(path)
    if file.parent == ROOT:
        return file.name == "app.py"
    return file.suffix == ".py" or file.name == "config.json"


def _watch_changes(stop: threading.Event) -> Iterator[set[str]]:
    """Yield the names of changed source files after each change, and an empty set every 500 ms without a change.

    Watches directories instead of files: an editor that saves by renaming replaces the file.
    """
    packages = [path for path in (ROOT / "chalicelib").rglob("*") if path.is_dir() and path.name != "__pycache__"]
    directories = (ROOT, ROOT / ".chalice", ROOT / "chalicelib", *packages)
    for changes in watch(
        *directories,
        recursive=False,
        watch_filter=_is_source,
        stop_event=stop,
        raise_interrupt=False,
        rust_timeout=_WATCH_TIMEOUT_MS,
        yield_on_timeout=True,
    ):
        yield {path.removeprefix(f"{ROOT}/") for _, path in changes}
