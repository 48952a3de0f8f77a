"""A rate limit holds for all threads together."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib import rate_limit
from chalicelib.rate_limit import RateLimit


class Clock:
    """A clock that stands still, and what was slept by it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock: Any = Clock()
    monkeypatch.setattr(rate_limit, "time", clock)
    return clock  # type: ignore[no-any-return]


def test_calls_at_the_same_time_start_an_interval_apart(clock: Clock) -> None:
    limit = RateLimit(10)
    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(limit.wait)
    assert sorted(clock.slept) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_call_after_a_pause_starts_at_once(clock: Clock) -> None:
    limit = RateLimit(10)
    limit.wait()
    clock.now += 5
    limit.wait()
    assert clock.slept == [0.0, 0.0]
