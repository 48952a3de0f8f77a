"""Logs and metrics: JSON, one line an event, on stdout, where Lambda takes it. Imports nothing of ours.

A line carries a request id and a `sub`, and never a name, a contact, a birth date, a token or a body.
Hence an exception is written as its type, its cause and where it came from, without its message.
Metrics are lines too, in CloudWatch's embedded metric format: nothing is called, nothing can fail.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from types import TracebackType
from typing import Any, Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics import MetricUnit, single_metric

APP: Final = "healthtech"  # the app's name for Chalice, hence of its logger
NAMESPACE: Final = "HealthTech"  # of the metrics

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Metric(StrEnum):
    """What is counted, each with the dimension `service`."""

    SIGN_UP_REFUSED = "SignUpRefused"
    PROFILE_CREATED = "ProfileCreated"
    PROFILE_WRITE_FAILED = "ProfileWriteFailed"
    PROFILE_HEALED = "ProfileHealed"
    CONTACT_FOLLOWED = "ContactFollowed"
    CONTACT_WRITE_FAILED = "ContactWriteFailed"
    PICTURE_STORED = "PictureStored"
    PICTURE_REFUSED = "PictureRefused"
    PICTURE_LEFT_OVER = "PictureLeftOver"
    ORPHANED_PROFILES = "OrphanedProfiles"
    RECONCILIATION_INTERRUPTED = "ReconciliationInterrupted"


class _Formatter(LambdaPowertoolsFormatter):
    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802  # the standard library's name
        _, error, trace = ei
        frames = traceback.extract_tb(trace)
        where = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
        cause = _name(error.__cause__) if error and error.__cause__ else None
        return f"{where}; caused by {cause}" if cause else where


def _name(error: BaseException) -> str:
    response = getattr(error, "response", None)  # botocore's ClientError: AWS's code is the point
    return str(response["Error"]["Code"]) if isinstance(response, dict) else type(error).__qualname__


class _Stdout(logging.StreamHandler):  # type: ignore[type-arg]
    """Looks stdout up at each line, so that whoever replaces it gets the lines."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stdout


log: Final = Logger(
    service=APP,
    level="INFO",
    logger_handler=_Stdout(),
    logger_formatter=_Formatter(utc=True, use_rfc3339=True, serialize_stacktrace=False),
)
_service = APP


def configure(level: str, service: str) -> None:
    """Set the level, and what stands for `service` in metrics: it tells the stages of one account apart."""
    global _service
    _service = service
    log.setLevel(level)


@contextmanager
def context(**fields: str) -> Iterator[None]:
    """Add these fields to each line written inside, by this thread."""
    outer = dict(log.thread_safe_get_current_keys())
    log.thread_safe_append_keys(**fields)
    try:
        yield
    finally:
        log.thread_safe_clear_keys()
        log.thread_safe_append_keys(**outer)


def event(message: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line: what happened, and facts about it that are no personal data.

    A fact can't have the name of an attribute of logging.LogRecord.
    """
    logging.getLogger(APP).log(level, message, extra=fields)  # the one inside Powertools' Logger


def failure(message: str, error: BaseException) -> None:
    """Write one line for an error: its type, its cause and where it came from."""
    log.error(message, exc_info=error)


def count(metric: Metric, value: int = 1) -> None:
    """Add to a metric."""
    with single_metric(
        name=metric, unit=MetricUnit.Count, value=value, namespace=NAMESPACE, default_dimensions={"service": _service}
    ):
        pass
