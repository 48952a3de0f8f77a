"""A rate limit that all threads share."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.core import rate_limit
from chalicelib.core.rate_limit import RateLimit


class FakeTime:
    """A stopped clock that records how long callers sleep."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    clock: Any = FakeTime()
    monkeypatch.setattr(rate_limit, "time", clock)
    return clock  # type: ignore[no-any-return]


def test_concurrent_calls_start_an_interval_apart(clock: FakeTime) -> None:
    limit = RateLimit(10)
    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            threads.submit(limit.wait)
    assert sorted(clock.sleeps) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_call_after_a_pause_does_not_wait(clock: FakeTime) -> None:
    limit = RateLimit(10)
    limit.wait()
    clock.now += 5
    limit.wait()
    assert clock.sleeps == [0.0, 0.0]
