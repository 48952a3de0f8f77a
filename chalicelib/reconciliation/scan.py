"""A scan over pages that saves a checkpoint after each page, so that it can stop at any time and resume there."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final, Generic, TypeVar

from chalicelib.core.validation import InternalModel
from chalicelib.reconciliation.checkpoints import Checkpoints

MAX_THREADS: Final = 8
_MIN_DELETION_LIMIT: Final = 10

IsOver = Callable[[], bool]  # returns True if the time of the run is over
T = TypeVar("T")
R = TypeVar("R")


def map_until(threads: Executor, is_over: IsOver, function: Callable[[T], R], items: Sequence[T]) -> Sequence[R | None]:
    """Call the function for the items in several threads. The result is None for items after the time was over."""
    return list(threads.map(lambda item: None if is_over() else function(item), items))


def deletion_limit(count: int) -> int:
    """Return how many of `count` items a scan deletes by default. More deletions probably indicate a mistake."""
    return max(_MIN_DELETION_LIMIT, count // 100)


class ScanProgress(InternalModel):
    """The progress of a scan, which is its checkpoint."""

    cursor: str | None = None

    @property
    @abstractmethod
    def is_finished(self) -> bool:
        """Return True if the scan has reached its end."""


ProgressT = TypeVar("ProgressT", bound=ScanProgress)


class Scan(ABC, Generic[ProgressT]):
    """A scan over pages."""

    def __init__(self, checkpoints: Checkpoints, name: str, start: ProgressT) -> None:
        self._checkpoints = checkpoints
        self._name = name
        self._start = start
        self.progress = start
        self.has_advanced = False

    def load(self, *, restart: bool = False) -> None:
        """Resume from the checkpoint, or discard it."""
        if restart:
            self._checkpoints.save(self._name, self._start.model_dump_json())
        checkpoint = self._checkpoints.load(self._name)
        self.progress = type(self._start).model_validate_json(checkpoint) if checkpoint else self._start

    def run(self, is_over: IsOver) -> None:
        """Process pages until the scan is finished or the time is over. A finished scan starts again."""
        if self.progress.is_finished:
            self.progress = self._start
        while not self.progress.is_finished and not is_over():
            progress = self.process_page(self.progress, is_over)
            if progress == self.progress:
                return
            self.progress = progress
            self._checkpoints.save(self._name, progress.model_dump_json())
            self.has_advanced = True

    @abstractmethod
    def process_page(self, progress: ProgressT, is_over: IsOver) -> ProgressT:
        """Process a page, or as much of it as there is time for. Return the new progress."""
