"""Times as text."""

from datetime import UTC, datetime

from chalicelib.core.clock import format_timestamp


def test_timestamp_has_the_format_of_javascript() -> None:
    assert format_timestamp(datetime(2026, 1, 2, 3, 4, 5, 678999, UTC)) == "2026-01-02T03:04:05.678Z"
