"""The last requests of clients and the log lines of each, from the logs of the API and of the embedded AWS."""

import itertools
import json
import re
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

MAX_REQUESTS: Final = 200
MAX_PREFLIGHTS: Final = 200  # stored apart from other requests, because the page hides them unless they are selected
_MAX_LINES: Final = 100  # log lines of one request
_MAX_PENDING: Final = 500  # requests whose log lines have arrived before the line of the request itself
_REJECTED_SIGN_UP: Final = "sign-up rejected"  # log line of a trigger that fails because of the client's input
_SUB: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Entry = dict[str, Any]


class RequestHistory:
    """The last requests. Calls `on_change` after each new one."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=MAX_REQUESTS)
        self._preflights: deque[Entry] = deque(maxlen=MAX_PREFLIGHTS)
        self._numbers = itertools.count(1)
        self._api_lines: OrderedDict[str, list[Any]] = OrderedDict()  # by request id
        self._function_lines: list[Any] = []

    def list_entries(self) -> list[Entry]:
        """Return the requests, newest first."""
        with self._lock:
            entries = [*self._entries, *self._preflights]
        return sorted(entries, key=lambda entry: -entry["number"])

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._entries.clear()
            self._preflights.clear()
        self._on_change()

    def read_api_line(self, line: str) -> None:
        """Process a line of the API's log. The lines of a request precede the line of the local gateway."""
        event = _parse(line)
        if event is None or not (request_id := event.get("request_id")):
            return
        if not _is_request(event):
            with self._lock:
                lines = self._api_lines.setdefault(request_id, [])
                if len(lines) < _MAX_LINES:
                    lines.append(event)
                if len(self._api_lines) > _MAX_PENDING:
                    self._api_lines.popitem(last=False)
            return
        with self._lock:
            lines = self._api_lines.pop(request_id, [])
        if not event.get("console"):
            self._add("api", event, lines)

    def read_aws_line(self, line: str) -> None:
        """Process a line of the embedded AWS's log. The lines of a function precede its summary, in one write."""
        event = _parse(line)
        if event is None:
            return
        if _is_request(event):
            if not event.get("console"):
                self._add(event["request"].partition(" ")[0].lower(), event, [])
        elif event.get("message") == "function ran":
            with self._lock:
                lines, self._function_lines = self._function_lines, []
            if not event.get("console"):
                self._add("function", _describe_function(event, lines), lines)
        elif "_aws" not in event:  # metrics
            with self._lock:
                self._function_lines = [*self._function_lines, event][-_MAX_LINES:]

    def _add(self, source: str, event: Entry, lines: list[Any]) -> None:
        kind, _, target = event["request"].partition(" ")
        with self._lock:
            entry = {
                "number": next(self._numbers),
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "source": source,
                "method": kind if source in ("api", "function") else target.partition(" ")[0],
                "path": target if source in ("api", "function") else target.partition(" ")[2],
                "status": event["status"],
                "ms": event["ms"],
                "request_id": event.get("request_id"),
                "call_id": event.get("call_id"),
                "note": event.get("note", ""),
                "problem": event.get("problem"),
                "fault": event.get("fault"),
                "sub": _find_sub(event, lines),
                "lines": lines,
            }
            (self._preflights if entry["method"] == "OPTIONS" else self._entries).append(entry)
            if entry["call_id"]:
                self._share_sub(entry["call_id"])
        self._on_change()

    def _share_sub(self, call_id: str) -> None:
        """Give a request and the functions that it has invoked the user that one of them is about.

        The user of a sign-up has no id until the function pre_sign_up has ended.
        """
        related = [entry for entry in self._entries if entry["call_id"] == call_id]
        sub = next((entry["sub"] for entry in related if entry["sub"]), None)
        for entry in related:
            entry["sub"] = entry["sub"] or sub


def _parse(line: str) -> Entry | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _is_request(event: Entry) -> bool:
    return event.keys() >= {"request", "status", "ms"}


def _describe_function(event: Entry, lines: list[Any]) -> Entry:
    """Return the summary of an invocation in the form of a request.

    Its status is 200, 400 for a sign-up that is rejected for its input, or 500.
    """
    is_rejected = any(line.get("message") == _REJECTED_SIGN_UP for line in lines)
    return {
        "request": f"INVOKE {str(event.get('function', '')).removeprefix('healthtech-local-')}",
        "status": (400 if is_rejected else 500) if event.get("error") else 200,
        "ms": event.get("ms", 0),
        "request_id": event.get("request_id"),
        "call_id": event.get("call_id"),
    }


def _find_sub(event: Entry, lines: list[Any]) -> str | None:
    """Return the user that a request is about."""
    for line in (event, *lines):
        if isinstance(line.get("sub"), str) and line["sub"]:
            return str(line["sub"])
    match = _SUB.search(f"{event['request']} {event.get('note', '')}")
    return match[0] if match else None
