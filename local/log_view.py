"""Show selected log lines of the API and the embedded AWS on the console."""

import json
from typing import Any, Final

from local import terminal

# Events that the input of a client causes. The response has the reason, and the line is in the log file.
_CLIENT_EVENTS: Final = ("file rejected", "picture rejected", "sign-up rejected")


class LogView:
    """A callable for log lines. Prints warnings and errors, and requests if `show_requests` is True.

    Rejections of a client's input are not printed.
    """

    def __init__(self) -> None:
        self.show_requests = False

    def __call__(self, line: str) -> None:
        """Print the line if it is relevant to a developer."""
        try:
            event: Any = json.loads(line)
        except ValueError:
            return  # not a log line of the application
        if not isinstance(event, dict):
            return
        if event.keys() >= {"request", "status", "ms"}:
            if self.show_requests and not event.get("console"):
                terminal.print_request(event["request"], event["status"], event["ms"], event.get("note", ""))
        elif event.get("level") in ("WARNING", "ERROR") and event.get("message") not in _CLIENT_EVENTS:
            terminal.print_error(line.rstrip())
