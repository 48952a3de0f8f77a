"""`chalice local` as a child process, started again whenever its code changes.

Not by Chalice's own reload: that one watches every file below the project, .venv and .local included.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from watchfiles import Change, watch

from local import console
from local.processes import Child, StartError
from local.settings import ROOT, LocalSettings
from local.stack import Stack

CHALICE: Final = (sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())")


class Api:
    """The API on API_PORT while the `with` lasts. Its log goes to a file and, line by line, to the listener."""

    def __init__(
        self,
        local: LocalSettings,
        stack: Stack,
        log: str = "api.log",
        listener: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._local = local
        self._log = local.directory / log
        self._listener = listener
        where = ("--host", local.api_host, "--port", str(local.api_port))
        self._arguments = [*CHALICE, "local", "--stage", "local", "--no-autoreload", *where]
        self._environment = {
            **local.environment(),
            "PICTURE_FUNCTION": stack.picture_function,
            "PROBLEMS_URL": f"{local.api_url}/problems",
            "USER_POOL_ARN": stack.user_pool_arn,
            "USER_POOL_CLIENT_ID": stack.user_pool_client_id,
        }
        self._serving = False

    def __enter__(self) -> "Api":
        self._log.write_text("")
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    @property
    def pid(self) -> int:
        return self._child.pid

    def _start(self) -> None:
        """Raises StartError, with the end of what the child said."""
        self._child = Child("chalice local", self._arguments, self._environment, self._log, self._listener)
        try:
            self._child.wait_until_listening(self._local.api_host, self._local.api_port)
            self._serving = True
        except StartError:
            self._serving = False
            self._child.stop()
            raise

    def serve_until(self, stop: threading.Event, check: Callable[[], None], *, autoreload: bool = True) -> None:
        """Serve, and reload at each change; code that does not load waits for the next change.

        `check` is called twice a second, and ends this by what it raises.
        """
        for changed in _changes(stop):
            if not stop.is_set():
                check()
            died = self._serving and self._child.ended
            if died or (changed and autoreload):
                reason = f"{', '.join(sorted(changed))} changed" if changed else "chalice local has ended"
                console.note(f"{reason}, reloading")
                self._reload()

    def _reload(self) -> None:
        self._child.stop()
        try:
            self._start()
        except StartError as exc:
            console.failure(f"{exc}\nMend the code and save it: the API starts again.")


def _is_source(_: Change, path: str) -> bool:
    file = Path(path)
    if file.parent == ROOT:
        return file.name == "app.py"
    return file.suffix == ".py" or file.name == "config.json"


def _changes(stop: threading.Event) -> Iterator[set[str]]:
    """The names of changed source files, each time some change; an empty set now and then.

    Directories are watched rather than files: an editor that saves by renaming puts a new file there.
    """
    packages = [path for path in (ROOT / "chalicelib").rglob("*") if path.is_dir() and path.name != "__pycache__"]
    places = (ROOT, ROOT / ".chalice", ROOT / "chalicelib", *packages)
    for found in watch(
        *places,
        recursive=False,
        watch_filter=_is_source,
        stop_event=stop,
        raise_interrupt=False,
        rust_timeout=500,  # milliseconds
        yield_on_timeout=True,
    ):
        yield {path.removeprefix(f"{ROOT}/") for _, path in found}
