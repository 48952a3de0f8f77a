"""Shows on the console what a developer looks for in the logs of the API and of the embedded AWS."""

import json
from typing import Any

from local import console


class LogView:
    """Called with each line of a log. Shows problems, and once it is `live` requests too."""

    def __init__(self) -> None:
        self.live = False

    def __call__(self, line: str) -> None:
        try:
            event: Any = json.loads(line)
        except ValueError:
            return  # not written by the application
        if not isinstance(event, dict):
            return
        if event.keys() >= {"request", "status", "ms"}:
            if self.live:
                console.request(event["request"], event["status"], event["ms"], event.get("note", ""))
        elif event.get("level") in ("WARNING", "ERROR"):
            console.failure(line.rstrip())
