"""Times: UTC, to the millisecond."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time in UTC, truncated to milliseconds, the precision of stored and returned times."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def format_timestamp(value: datetime) -> str:
    """Format a time in UTC as RFC 3339 with milliseconds, the format of JavaScript's Date."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
