"""`chalice local` as a child process, started again whenever its code changes.

Not by Chalice's own reload: that one watches every file below the project, .venv and .local included.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, Final

from watchfiles import PythonFilter, watch

from local import console, settings
from local.processes import Child, StartError, tail
from local.settings import ROOT, LocalSettings
from local.stack import Stack

_CHALICE: Final = (sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())")


class Api:
    """The API on API_PORT while the `with` lasts. Its log goes to api.log; requests are shown once `live`."""

    def __init__(self, local: LocalSettings, stack: Stack) -> None:
        self._url = local.api_url
        self._log = local.directory / "api.log"
        where = ("--host", settings.HOST, "--port", str(local.api_port))
        self._arguments = [*_CHALICE, "local", "--stage", "local", "--no-autoreload", *where]
        self._environment = {
            **local.environment(),
            "USER_POOL_ARN": stack.user_pool_arn,
            "USER_POOL_CLIENT_ID": stack.user_pool_client_id,
        }
        self.live = False

    def __enter__(self) -> "Api":
        self._log.write_text("")
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def _start(self) -> None:
        """Raises StartError, with the end of what the child said."""
        self._child = Child("chalice local", self._arguments, self._environment, subprocess.PIPE)
        threading.Thread(target=self._follow, args=(self._child,), daemon=True).start()
        try:
            self._child.wait_until_serving(self._url)
        except StartError as exc:
            self._child.stop()
            raise StartError(f"{exc}\n{tail(self._log)}") from exc

    def _follow(self, child: Child) -> None:
        with self._log.open("a") as log:
            for line in child.output:
                log.write(line)
                log.flush()
                if self.live:
                    _show(line)

    def reload_until(self, stop: threading.Event) -> None:
        """Serve, and reload at each change; code that does not load waits for the next change."""
        for changed in _changes(stop):
            console.note(f"{', '.join(sorted(changed))} changed, reloading")
            self._child.stop()
            try:
                self._start()
            except StartError as exc:
                console.failure(f"{exc}\nMend the code and save it: the API starts again.")


def _show(line: str) -> None:
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return  # not one of the app's lines
    if event.get("message") == "request":
        console.request(event["method"], event["route"], event["status"], event["ms"])
    elif event.get("level") in ("WARNING", "ERROR"):
        console.failure(line.rstrip())


class _Sources(PythonFilter):
    def __init__(self) -> None:
        super().__init__(extra_extensions=(".json",))


def _changes(stop: threading.Event) -> Iterator[set[str]]:
    """The names of changed source files, each time some change."""
    sources = (ROOT / "app.py", ROOT / "chalicelib", ROOT / ".chalice" / "config.json")
    for found in watch(*sources, stop_event=stop, watch_filter=_Sources(), raise_interrupt=False):
        yield {path.removeprefix(f"{ROOT}/") for _, path in found}
