"""Structured logs: one JSON object per line on stdout, where Lambda collects it.

A line has a request id and a `sub`. It never has a name, contact data, a birth date, a token or a body. An exception is
logged as its type, its cause and its traceback without source lines. Its message is left out, because it may quote
input.

docs/decisions/0003-logging-by-hand.md has the reasons against Powertools for AWS Lambda.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import PydanticSerializationError, to_json

APP_NAME: Final = "healthtech"  # Chalice's name of the app, and so of its logger

_EMPTY_CONTEXT: Final[Mapping[str, str]] = MappingProxyType({})
_context: Final[ContextVar[Mapping[str, str]]] = ContextVar("context", default=_EMPTY_CONTEXT)


@contextmanager
def log_context(**fields: str) -> Iterator[None]:
    """Add these fields to each line that this thread writes inside the block."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def _encode_json(content: Mapping[str, Any]) -> str:
    try:
        return to_json(content, fallback=str).decode()  # faster than `json` (docs/performance.md)
    except PydanticSerializationError:  # a string that is not Unicode, such as a lone surrogate
        return json.dumps(content, separators=(",", ":"), default=str)


def _write_to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# Receivers of each line. A program that reads the logs appends its own.
sinks: Final[list[Callable[[str], None]]] = [_write_to_stdout]


def write_json(content: Mapping[str, Any]) -> None:
    """Write one line to all sinks."""
    line = _encode_json(content)
    for sink in sinks:
        sink(line)


def _write(level: str, message: str, fields: Mapping[str, Any]) -> None:
    write_json(
        {
            "level": level,
            "message": message,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": APP_NAME,
            **_context.get(),
            **fields,
        }
    )


class _ChaliceHandler(logging.Handler):
    """Writes the log records of Chalice, which it creates when a view raises."""

    def emit(self, record: logging.LogRecord) -> None:
        exc = record.exc_info[1] if record.exc_info else None
        _write(record.levelname, record.getMessage(), _describe_exception(exc) if exc else {})


def _describe_exception(exc: BaseException) -> Mapping[str, str]:
    """Return an exception's type, cause and traceback, without its message."""
    frames = traceback.extract_tb(exc.__traceback__)
    location = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
    cause = f"; caused by {_exception_name(exc.__cause__)}" if exc.__cause__ else ""
    return {"exception_name": type(exc).__qualname__, "exception": location + cause}


def _exception_name(exc: BaseException) -> str:
    """Return the error code of botocore's ClientError, or the name of another exception's type."""
    response = getattr(exc, "response", None)
    return str(response["Error"]["Code"]) if isinstance(response, dict) else type(exc).__qualname__


_chalice_logger: Final = logging.getLogger(APP_NAME)
_chalice_logger.handlers = [_ChaliceHandler()]  # exactly one, also if this module is loaded again
_chalice_logger.setLevel(logging.INFO)
_chalice_logger.propagate = False  # Lambda's handler of the root logger would write each line again
_service_name = APP_NAME


def configure(level: str, service_name: str) -> None:
    """Set the level, and the `service` dimension of metrics, which separates the stages of one account."""
    global _service_name
    _service_name = service_name
    _chalice_logger.setLevel(level)


def get_service_name() -> str:
    """Return the `service` dimension of metrics."""
    return _service_name


def event(message: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line. The fields must not contain personal data."""
    if level >= _chalice_logger.level:  # cheaper than a call of the logger (docs/performance.md)
        _write(logging.getLevelName(level), message, fields)


def error(message: str, exc: BaseException) -> None:
    """Write one line for an exception: its type, its cause and its traceback."""
    event(message, logging.ERROR, **_describe_exception(exc))
