"""Logging: JSON, one line an event, on stdout, where Lambda takes it. Imports nothing of ours.

A line carries a request id and a `sub`, and never a name, a contact, a birth date, a token or a body.
Hence an exception is written as its type and where it came from, without its message.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

APP: Final = "healthtech"  # the app's name for Chalice, hence of its logger
log: Final = logging.getLogger(APP)

_context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=MappingProxyType({}))


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **_context.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line |= _exception(record.exc_info[1])
        return json.dumps(line, default=str)


def _exception(error: BaseException) -> dict[str, Any]:
    stack = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in stack]
    line: dict[str, Any] = {"exception": type(error).__qualname__, "stack": where}
    if cause := error.__cause__:
        response = getattr(cause, "response", None)  # botocore's ClientError: AWS's code is the point
        code = response["Error"]["Code"] if isinstance(response, dict) else None
        line["cause"] = code or type(cause).__qualname__
    return line


class _Stdout(logging.StreamHandler):  # type: ignore[type-arg]
    """Looks stdout up at each line, so that whoever replaces it gets the lines."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stdout


def configure(level: str) -> None:
    """Send the app's log to stdout as JSON, once however often it is called."""
    if not any(isinstance(handler, _Stdout) for handler in log.handlers):
        handler = _Stdout()
        handler.setFormatter(_JsonFormatter())
        log.addHandler(handler)
    log.setLevel(level)
    log.propagate = False  # Lambda's own root handler would write each line a second time


@contextmanager
def context(**fields: str) -> Iterator[None]:
    """Add these fields to each line written inside."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def event(message: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line: what happened, and facts about it that are no personal data."""
    log.log(level, message, extra={"fields": fields})


def failure(message: str, error: BaseException) -> None:
    """Write one line for an error: its type, its cause and where it came from."""
    log.error(message, exc_info=error)
