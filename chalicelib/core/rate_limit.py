"""A rate limit that threads share."""

import threading
import time


class RateLimit:
    """A limit on the calls per second of all threads together. Calls are spaced evenly."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._lock = threading.Lock()
        self._next_start = 0.0

    def wait(self) -> None:
        """Sleep until the next call may start."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next_start)
            self._next_start = start + self._interval
        time.sleep(start - now)
