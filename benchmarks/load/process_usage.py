"""Measures the processor time and the memory of groups of processes."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Self, TypeAlias

import psutil

ProcessGroups: TypeAlias = Mapping[str, Callable[[], list[psutil.Process]]]  # name -> the current processes
MemoryUsage: TypeAlias = dict[str, dict[int, float]]  # name -> process id -> MiB
_MIB: Final = 1024 * 1024


def measure_memory(groups: ProcessGroups) -> MemoryUsage:
    """Return the MiB of resident memory of each process."""
    return {
        name: {process.pid: process.memory_info().rss / _MIB for process in list_processes()}
        for name, list_processes in groups.items()
    }


class CpuMonitor:
    """Measures the cores that each group uses, by kind of phase, while its `with` block runs.

    Phases alternate between the kinds and have `phase_seconds` each, aligned to the clock. `memory_usages` has the
    memory at the end of each phase.
    """

    def __init__(self, groups: ProcessGroups, phase_seconds: float, kinds: int) -> None:
        self._groups, self._phase_seconds, self._kinds = groups, phase_seconds, kinds
        self._cpu_seconds: list[dict[str, float]] = [dict.fromkeys(groups, 0.0) for _ in range(kinds)]
        self._elapsed_seconds = [0.0] * kinds
        self.memory_usages: list[MemoryUsage] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def get_cores(self, kind: int) -> dict[str, float]:
        """Return the average number of busy cores of each group in the phases of one kind."""
        return {name: seconds / self._elapsed_seconds[kind] for name, seconds in self._cpu_seconds[kind].items()}

    def _run(self) -> None:
        """Measure at the end of each phase. The first and the last phase are incomplete and are not counted."""
        before: dict[str, dict[int, float]] | None = None
        while not self._stopped.wait(self._phase_seconds - time.time() % self._phase_seconds):
            ended_phase = int(time.time() / self._phase_seconds + 0.5) - 1
            try:
                now = {
                    name: {process.pid: sum(process.cpu_times()[:2]) for process in list_processes()}
                    for name, list_processes in self._groups.items()
                }
                self.memory_usages.append(measure_memory(self._groups))
            except psutil.NoSuchProcess:
                return  # a process has exited: the run is over
            if before is not None:
                kind = ended_phase % self._kinds
                self._elapsed_seconds[kind] += self._phase_seconds
                for name, times in now.items():
                    self._cpu_seconds[kind][name] += sum(
                        seconds - before[name].get(pid, 0.0) for pid, seconds in times.items()
                    )
            before = now
