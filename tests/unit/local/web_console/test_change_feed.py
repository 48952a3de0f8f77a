"""The feed of changes in the embedded AWS."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from local.console_operations_client import ConsoleOperationsClient
from local.web_console.change_feed import ChangeFeed, watch_emulator


class RecordedFeed(ChangeFeed):
    """A feed with a follower, which records the published topics."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[set[str]] = []

    @property
    def has_followers(self) -> bool:
        return True

    def publish(self, *topics: str) -> None:
        self.published.append({*topics})


class FakeOperations:
    """Operations whose counts of changes are given in advance."""

    def __init__(self, *counts: dict[str, int]) -> None:
        self._counts: Iterator[dict[str, int]] = iter(counts)

    def call(self, _: str) -> dict[str, int]:
        return next(self._counts)


def watch(*counts: dict[str, int]) -> list[set[str]]:
    """Return the topics that are published for these counts, one set per event."""
    feed, polls = RecordedFeed(), iter([False] * len(counts))
    watch_emulator(cast("ConsoleOperationsClient", FakeOperations(*counts)), feed, lambda _: next(polls, True))
    return feed.published


def test_first_counts_are_published_as_changes() -> None:
    """A change before the first poll would otherwise never reach the page."""
    assert watch({"mail": 1, "users": 2}) == [{"mail", "users"}]


@pytest.mark.parametrize(("later", "published"), [({"mail": 2, "users": 2}, [{"mail"}]), ({"mail": 1, "users": 2}, [])])
def test_later_counts_are_published_if_they_differ(later: dict[str, Any], published: list[set[str]]) -> None:
    assert watch({"mail": 1, "users": 2}, later)[1:] == published
