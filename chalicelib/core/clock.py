"""Times: UTC, to the millisecond."""

import math
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """Return the current time in UTC, truncated to milliseconds, the precision of stored and returned times."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def format_timestamp(value: datetime) -> str:
    """Format a time in UTC as RFC 3339 with milliseconds, the format of JavaScript's Date."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def format_day(now: datetime) -> str:
    """Return the day in UTC, as YYYY-MM-DD. Daily limits are counted per day in UTC."""
    return now.astimezone(UTC).date().isoformat()


def seconds_to_midnight(now: datetime) -> int:
    """Return the seconds until the next day in UTC, rounded up."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return math.ceil((midnight - now).total_seconds())


def to_milliseconds(value: datetime) -> int:
    """Return the milliseconds since the epoch."""
    return round(value.timestamp() * 1000)
