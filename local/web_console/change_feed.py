"""The feed of changes that open pages follow by server-sent events.

An event names only the kind of data that has changed. The page then requests the data that it shows.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from local.console_operations_client import ConsoleOperationsClient, OperationFailed

TOPICS: Final = ("requests", "mail", "users", "data", "faults")
_POLL_SECONDS: Final = 0.25
_KEEP_ALIVE_SECONDS: Final = 15
_COLLECT_SECONDS: Final = 0.1  # changes within this time are one event


class ChangeFeed:
    """The number of changes of each topic since the start of the console."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._counts = dict.fromkeys(TOPICS, 0)
        self._followers = 0
        self._is_closed = False

    def publish(self, *topics: str) -> None:
        """Report changes."""
        with self._condition:
            for topic in topics:
                self._counts[topic] += 1
            self._condition.notify_all()

    def follow(self) -> Iterator[list[str]]:
        """Yield the changed topics after each change, and an empty list every 15 s without one."""
        with self._condition:
            self._followers += 1
            seen = dict(self._counts)
        try:
            while not self._is_closed:
                with self._condition:
                    deadline = time.monotonic() + _KEEP_ALIVE_SECONDS
                    while not self._is_closed and self._counts == seen and (rest := deadline - time.monotonic()) > 0:
                        self._condition.wait(rest)
                if self._counts != seen:
                    time.sleep(_COLLECT_SECONDS)
                with self._condition:
                    changed = [topic for topic, count in self._counts.items() if count != seen[topic]]
                    seen = dict(self._counts)
                yield changed
        finally:
            with self._condition:
                self._followers -= 1

    @property
    def has_followers(self) -> bool:
        """True while a page follows the feed."""
        return self._followers > 0

    def close(self) -> None:
        """End all iterations of follow()."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()


def watch_emulator(operations: ConsoleOperationsClient, feed: ChangeFeed, is_stopped: Callable[[float], bool]) -> None:
    """Publish the changes in the embedded AWS while a page is open. `is_stopped` waits for the given seconds.

    The first page that opens may have read its data before the first counts, so all topics are published with them.
    """
    seen: dict[str, int] | None = None
    while not is_stopped(_POLL_SECONDS):
        if not feed.has_followers:
            seen = None
            continue
        try:
            counts = operations.call("changes")
        except OperationFailed:
            continue
        known = seen or {}
        if changed := [topic for topic in counts if counts[topic] != known.get(topic)]:
            feed.publish(*changed)
        seen = counts
