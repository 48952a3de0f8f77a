"""Measures candidates in interleaved rounds, so that other load on the machine affects all of them equally."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Final, TypedDict

from benchmarks.packages import BENCHMARKS_DIR, BUILD_DIR, ENVIRONMENT, REFERENCE, Candidate

_RUNNER: Final = str(BENCHMARKS_DIR / "runner.py")
_WARM_UP_CALLS: Final = 200


class Figure(TypedDict):
    """The median and quartiles of all measurements, and the median over the rounds of the ratio to the reference."""

    median: float
    lower: float
    upper: float
    ratio: float


def _command(candidate: Candidate, mode: str, argument: str, *options: str) -> list[str]:
    events = str(BUILD_DIR / "events.json")
    runner = [_RUNNER, candidate.handler, events, mode, argument]
    return [sys.executable, "-I", "-S", "-B", *options, *runner, *candidate.path]


def _summarize(rounds: Sequence[dict[str, list[float]]], names: Iterable[str]) -> dict[str, Figure]:
    figures = {}
    for name in names:
        values = [value for measured in rounds for value in measured[name]]
        lower, median, upper = statistics.quantiles(values, n=4)
        ratios = [
            statistics.median(measured[name]) / statistics.median(measured[REFERENCE.name]) for measured in rounds
        ]
        figures[name] = Figure(
            median=round(median, 4),
            lower=round(lower, 4),
            upper=round(upper, 4),
            ratio=round(statistics.median(ratios), 4),
        )
    return figures


def measure_warm_calls(candidates: Sequence[Candidate], operation: str, rounds: int, calls: int) -> dict[str, Figure]:
    """Measure the milliseconds of a call in a process that has handled calls before."""
    measured: list[dict[str, list[float]]] = []
    with ExitStack() as exit_stack:
        workers = {candidate.name: exit_stack.enter_context(_Worker(candidate)) for candidate in candidates}
        for worker in workers.values():
            worker.call(operation, _WARM_UP_CALLS)
        for _ in range(rounds):
            measured.append({name: worker.call(operation, calls) for name, worker in workers.items()})
    return _summarize(measured, workers)


class _Worker:
    """A process that calls a handler on request and otherwise waits."""

    def __init__(self, candidate: Candidate) -> None:
        self._process = subprocess.Popen(
            _command(candidate, "warm", ""), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        )

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def call(self, operation: str, count: int) -> list[float]:
        """Call the handler `count` times. Return the milliseconds of each call."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{operation} {count}\n")
        self._process.stdin.flush()
        durations: list[int] = json.loads(self._process.stdout.readline())
        return [nanoseconds / 1e6 for nanoseconds in durations]


def measure_cold_starts(cases: Sequence[tuple[str, Candidate, str]], rounds: int) -> dict[str, Figure]:
    """Measure the milliseconds from the start of an interpreter to its first response.

    A case is a name for the figure, a candidate and an operation.
    """
    measured = []
    for _ in range(rounds):
        measured.append({name: [_time_first_response(candidate, operation)] for name, candidate, operation in cases})
    return _summarize(measured, [name for name, _, _ in cases])


def _time_first_response(candidate: Candidate, operation: str) -> float:
    started = time.perf_counter()
    with subprocess.Popen(
        _command(candidate, "cold", operation), stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout
        line = process.stdout.readline()
        milliseconds = (time.perf_counter() - started) * 1000
    if process.returncode != 0 or json.loads(line) != "done":
        raise RuntimeError(f"{candidate.title} failed to handle {operation}")
    return milliseconds


def measure_peak_memory(candidate: Candidate) -> float:
    """Return the MiB of resident memory after 300 calls of each operation."""
    return float(_run_once(candidate, "peak", "get,put")) / 1024


def count_allocations(candidate: Candidate, operation: str) -> int:
    """Return the number of memory allocations of a warm call."""
    return int(_run_once(candidate, "allocations", f"{operation}@{BUILD_DIR / 'tools'}"))


def _run_once(candidate: Candidate, mode: str, argument: str) -> Any:
    done = subprocess.run(
        _command(candidate, mode, argument), capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    return json.loads(done.stdout)


ImportedModule = tuple[int, str, float]  # depth in the tree, module, milliseconds including its own imports


def profile_imports(candidate: Candidate, operation: str, runs: int) -> tuple[dict[str, float], list[ImportedModule]]:
    """Profile the imports of a cold start.

    Return the milliseconds of each package without its own imports (the median of the runs, longest first) and the
    import tree of the last run.
    """
    by_package: dict[str, list[float]] = {}
    for _ in range(runs):
        done = subprocess.run(
            _command(candidate, "cold", operation, "-X", "importtime"),
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
            check=True,
        )
        own: dict[str, float] = {}
        tree: list[ImportedModule] = []
        for line in done.stderr.splitlines():
            microseconds, total, name = line.removeprefix("import time:").split("|")
            if microseconds.strip().isdigit():
                module = name.strip()
                package = module.partition(".")[0]
                own[package] = own.get(package, 0.0) + int(microseconds) / 1000
                tree.append(((len(name) - len(name.lstrip()) - 1) // 2, module, int(total) / 1000))
        for package, milliseconds in own.items():
            by_package.setdefault(package, []).append(milliseconds)
    medians = {package: statistics.median(values) for package, values in by_package.items()}
    longest_first = sorted(medians.items(), key=lambda entry: -entry[1])
    return {package: round(median, 2) for package, median in longest_first if median > 0.1}, _prune(tree)


def _prune(tree: Sequence[ImportedModule], max_depth: int = 4, min_milliseconds: float = 8.0) -> list[ImportedModule]:
    """Return the slow modules near the root. `-X importtime` lists a module after its imports; reverse that."""
    return [module for module in reversed(tree) if module[0] < max_depth and module[2] >= min_milliseconds]
