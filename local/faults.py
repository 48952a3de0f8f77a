"""Faults of the next API requests, which the web console turns on: errors, slow responses and dropped connections.

The console and the API are separate processes. They share the active fault in a file of the state directory.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

FAULT_FILE_NAME: Final = "fault.json"
# The console's own requests never fail. They have this User-Agent.
CONSOLE_USER_AGENT: Final = "healthtech-local-console"
MAX_REQUESTS: Final = 1000
MAX_DELAY_SECONDS: Final = 29.0  # API Gateway ends a request after 29 s

UNAVAILABLE: Final = "unavailable"
THROTTLED: Final = "throttled"
SLOW: Final = "slow"
DROPPED: Final = "dropped"
KINDS: Final = (UNAVAILABLE, THROTTLED, SLOW, DROPPED)


class InvalidFault(Exception):
    """A field of a fault is missing or out of range. The message names the field and its rule."""


@dataclass(frozen=True)
class Fault:
    """A fault of the next requests: all requests if `remaining` is None."""

    kind: str
    remaining: int | None = 1
    delay_seconds: float = 3.0  # of slow responses

    @classmethod
    def parse(cls, content: Any) -> "Fault":
        """Return the fault that a JSON value describes. Raises InvalidFault."""
        if not isinstance(content, dict) or content.get("kind") not in KINDS:
            raise InvalidFault(f"kind must be one of {', '.join(KINDS)}")
        remaining, delay = content.get("remaining", 1), content.get("delay_seconds", 3.0)
        if remaining is not None and not (type(remaining) is int and 1 <= remaining <= MAX_REQUESTS):
            raise InvalidFault(f"remaining must be null or a number from 1 to {MAX_REQUESTS}")
        if not (type(delay) in (int, float) and 0 < delay <= MAX_DELAY_SECONDS):
            raise InvalidFault(f"delay_seconds must be greater than 0 and at most {MAX_DELAY_SECONDS:g}")
        return cls(content["kind"], remaining, float(delay))


class FaultFile:
    """The active fault in the state directory."""

    def __init__(self, state_directory: Path) -> None:
        self._file = state_directory / FAULT_FILE_NAME

    def read(self) -> Fault | None:
        """Return the active fault, or None."""
        with self._open() as content:
            return content.fault

    def write(self, fault: Fault | None) -> None:
        """Set the active fault. None turns faults off."""
        with self._open(create=fault is not None) as content:
            content.fault = fault

    def take(self) -> Fault | None:
        """Return the fault of a request, and count the request. Return None if no fault is active."""
        with self._open() as content:
            fault = content.fault
            if fault and fault.remaining is not None:
                content.fault = replace(fault, remaining=fault.remaining - 1) if fault.remaining > 1 else None
            return fault

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator["_Content"]:
        """Lock the file for reading and writing. Without a file, there is no fault."""
        try:
            descriptor = os.open(self._file, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
        except FileNotFoundError:
            yield _Content(None)
            return
        with os.fdopen(descriptor, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            before = Fault.parse(json.loads(text)) if text else None
            content = _Content(before)
            yield content
            if content.fault != before:
                file.seek(0)
                file.truncate()
                file.write(json.dumps(asdict(content.fault)) if content.fault else "")


@dataclass
class _Content:
    fault: Fault | None
