"""Logs and metrics: JSON, one line an event, on stdout, where Lambda takes it. Imports nothing of ours.

A line carries a request id and a `sub`, and never a name, a contact, a birth date, a token or a body.
Hence an exception is written as its type, its cause and where it came from, without its message.
Metrics are lines too, in CloudWatch's embedded metric format: nothing is called, nothing can fail.

By hand, and not by Powertools, whose two formats these are: its line and its context cost a fifth of a hand-written
GET (`make bench` has the rest).
"""

import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

APP: Final = "healthtech"  # the app's name for Chalice, hence of its logger
NAMESPACE: Final = "HealthTech"  # of the metrics


class Metric(StrEnum):
    """What is counted, each with the dimension `service`."""

    SIGN_UP_REFUSED = "SignUpRefused"
    PROFILE_CREATED = "ProfileCreated"
    PROFILE_WRITE_FAILED = "ProfileWriteFailed"
    PROFILE_HEALED = "ProfileHealed"
    CONTACT_FOLLOWED = "ContactFollowed"
    CONTACT_WRITE_FAILED = "ContactWriteFailed"
    SIGN_OUT_FAILED = "SignOutFailed"
    TRIGGER_FAILED = "TriggerFailed"
    PICTURE_STORED = "PictureStored"
    PICTURE_REFUSED = "PictureRefused"
    PICTURE_LEFT_OVER = "PictureLeftOver"
    ORPHANED_PROFILES = "OrphanedProfiles"
    RECONCILIATION_INTERRUPTED = "ReconciliationInterrupted"
    BOTOCORE_TUNING_OFF = "BotocoreTuningOff"
    RECONCILIATION_RESTARTED = "ReconciliationRestarted"
    RECONCILIATION_STOPPED = "ReconciliationStopped"
    UNCONFIRMED_ACCOUNTS_DELETED = "UnconfirmedAccountsDeleted"
    UNCONFIRMED_ACCOUNTS_LEFT = "UnconfirmedAccountsLeft"
    HEALTH_ATTRIBUTES_DELETED = "HealthAttributesDeleted"


_encoded: Final = json.JSONEncoder(separators=(",", ":"), default=str).encode
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_context: Final[ContextVar[Mapping[str, str]]] = ContextVar("context", default=_NOTHING)


class context:  # noqa: N801  # a function, to who uses it
    """Add these fields to each line written inside, by this thread."""

    __slots__ = ("_fields", "_outer")

    def __init__(self, **fields: str) -> None:
        self._fields = fields

    def __enter__(self) -> None:
        self._outer = _context.set({**_context.get(), **self._fields})

    def __exit__(self, *_: object) -> None:
        _context.reset(self._outer)


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# Where lines go. Whoever wants to read them, too, joins.
outlets: Final[list[Callable[[str], None]]] = [_to_stdout]


def _write(level: str, message: str, facts: Mapping[str, Any]) -> None:
    line = _encoded(
        {
            "level": level,
            "message": message,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": APP,
            **_context.get(),
            **facts,
        }
    )
    for outlet in outlets:
        outlet(line)


class _Handler(logging.Handler):
    """For Chalice, which writes to the logger of the app's name when a view fails."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        _write(record.levelname, record.getMessage(), _about(error) if error else {})


def _about(error: BaseException) -> Mapping[str, str]:
    """An exception's type and place, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)
    cause = f"; caused by {_name(error.__cause__)}" if error.__cause__ else ""
    return {"exception_name": type(error).__qualname__, "exception": where + cause}


def _name(error: BaseException) -> str:
    response = getattr(error, "response", None)  # botocore's ClientError: AWS's code is the point
    return str(response["Error"]["Code"]) if isinstance(response, dict) else type(error).__qualname__


_log: Final = logging.getLogger(APP)
_log.handlers = [_Handler()]  # one, also where this module is loaded again
_log.setLevel(logging.INFO)
_log.propagate = False  # Lambda's own handler of the root logger would write each line again
_service = APP


def configure(level: str, service: str) -> None:
    """Set the level, and what stands for `service` in metrics: it tells the stages of one account apart."""
    global _service
    _service = service
    _log.setLevel(level)


def event(message: str, level: int = logging.INFO, **facts: Any) -> None:
    """Write one line: what happened, and facts about it that are no personal data."""
    if level >= _log.level:  # by the logger itself it would cost 0.03 of a hand-written GET more
        _write(logging.getLevelName(level), message, facts)


def failure(message: str, error: BaseException) -> None:
    """Write one line for an error: its type, its cause and where it came from."""
    event(message, logging.ERROR, **_about(error))


def count(metric: Metric, value: int = 1) -> None:
    """Add to a metric.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    metrics = [{"Name": metric, "Unit": "Count"}]
    described = {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": metrics}
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
    line = _encoded({"_aws": about, "service": _service, metric: value})
    for outlet in outlets:
        outlet(line)
