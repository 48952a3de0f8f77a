"""How much processor time and memory groups of processes take, while somebody else drives them."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Self

import psutil

Groups = Mapping[str, Callable[[], list[psutil.Process]]]
_MIB: Final = 1024 * 1024


Memory = dict[str, dict[int, float]]


def memory(groups: Groups) -> Memory:
    """MiB of resident memory: group -> process id -> how much."""
    return {name: {it.pid: it.memory_info().rss / _MIB for it in found()} for name, found in groups.items()}


class Watch:
    """Cores in use by group and by turn, while the `with` lasts; a turn is so many seconds, by the clock.

    `memories` is what was in use at the end of each turn.
    """

    def __init__(self, groups: Groups, turn: float, kinds: int) -> None:
        self._groups, self._turn, self._kinds = groups, turn, kinds
        self._spent: list[dict[str, float]] = [dict.fromkeys(groups, 0.0) for _ in range(kinds)]
        self._seconds = [0.0] * kinds
        self.memories: list[Memory] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def cores(self, kind: int) -> dict[str, float]:
        """Processor seconds a second in the turns of one kind."""
        return {name: spent / self._seconds[kind] for name, spent in self._spent[kind].items()}

    def _run(self) -> None:
        """From each turn's beginning to its end; the first and the last, which are not whole, are left out."""
        before: dict[str, dict[int, float]] | None = None
        while not self._end.wait(self._turn - time.time() % self._turn):
            ended = int(time.time() / self._turn + 0.5) - 1
            try:
                now = {
                    name: {it.pid: sum(it.cpu_times()[:2]) for it in found()} for name, found in self._groups.items()
                }
                self.memories.append(memory(self._groups))
            except psutil.NoSuchProcess:
                return  # they have come to their end
            if before is not None:
                kind = ended % self._kinds
                self._seconds[kind] += self._turn
                for name, times in now.items():
                    self._spent[kind][name] += sum(took - before[name].get(pid, 0.0) for pid, took in times.items())
            before = now
