"""Times as text, and the days of limits."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chalicelib.core.clock import format_day, format_timestamp, seconds_to_midnight, to_milliseconds


def test_timestamp_has_the_format_of_javascript() -> None:
    assert format_timestamp(datetime(2026, 1, 2, 3, 4, 5, 678999, UTC)) == "2026-01-02T03:04:05.678Z"


def test_day_is_in_utc() -> None:
    assert format_day(datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=2)))) == "2026-01-01"


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (datetime(2026, 1, 2, 23, 59, 59, 999000, UTC), 1),
        (datetime(2026, 1, 2, 23, 59, 58, 1000, UTC), 2),
        (datetime(2026, 1, 2, 12, 0, 0, 0, UTC), 12 * 3600),
    ],
)
def test_next_day_has_begun_after_these_seconds(now: datetime, seconds: int) -> None:
    assert seconds_to_midnight(now) == seconds
    assert format_day(now + timedelta(seconds=seconds)) == "2026-01-03"


def test_milliseconds_are_since_the_epoch() -> None:
    assert to_milliseconds(datetime(1970, 1, 1, 0, 0, 1, 2000, UTC)) == 1002
