"""Measuring contenders by turns, so that whatever else the machine does hits them all alike."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any, Final, TypedDict

from benchmarks.packages import BENCHMARKS_DIR, BUILD_DIR, ENVIRONMENT, REFERENCE, Candidate

_INSIDE: Final = str(BENCHMARKS_DIR / "inside.py")


class Figure(TypedDict):
    """Of many measurements: the median and the quartiles, and the median ratio to the first contender's by rounds."""

    median: float
    lower: float
    upper: float
    ratio: float


def _command(contender: Candidate, mode: str, argument: str, *options: str) -> list[str]:
    events = str(BUILD_DIR / "events.json")
    inside = [_INSIDE, contender.module, contender.function, events, mode, argument]
    return [sys.executable, "-I", "-S", "-B", *options, *inside, *contender.path]


def _figures(rounds: Sequence[dict[str, list[float]]], names: Iterable[str]) -> dict[str, Figure]:
    told = {}
    for name in names:
        values = [value for one in rounds for value in one[name]]
        lower, median, upper = statistics.quantiles(values, n=4)
        ratios = [statistics.median(one[name]) / statistics.median(one[REFERENCE.name]) for one in rounds]
        told[name] = Figure(
            median=round(median, 4),
            lower=round(lower, 4),
            upper=round(upper, 4),
            ratio=round(statistics.median(ratios), 4),
        )
    return told


def warm(contenders: Sequence[Candidate], operation: str, rounds: int, calls: int) -> dict[str, Figure]:
    """Milliseconds of a call in a process that has answered some already."""
    told: list[dict[str, list[float]]] = []
    with ExitStack() as opened:
        running = {it.name: opened.enter_context(_Worker(it)) for it in contenders}
        for worker in running.values():
            worker.calls(operation, 200)
        for _ in range(rounds):
            told.append({name: worker.calls(operation, calls) for name, worker in running.items()})
    return _figures(told, running)


class _Worker:
    """A process that answers when it is told to, and sleeps otherwise."""

    def __init__(self, contender: Candidate) -> None:
        self._process = subprocess.Popen(
            _command(contender, "warm", ""), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
        )

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def calls(self, operation: str, count: int) -> list[float]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{operation} {count}\n")
        self._process.stdin.flush()
        took: list[int] = json.loads(self._process.stdout.readline())
        return [nanoseconds / 1e6 for nanoseconds in took]


def cold(cases: Sequence[tuple[str, Candidate, str]], rounds: int) -> dict[str, Figure]:
    """Milliseconds from a new interpreter to its first answer; for each case a name, who, and what is asked."""
    told = []
    for _ in range(rounds):
        told.append({name: [_first_answer(contender, operation)] for name, contender, operation in cases})
    return _figures(told, [name for name, _, _ in cases])


def _first_answer(contender: Candidate, operation: str) -> float:
    started = time.perf_counter()
    with subprocess.Popen(
        _command(contender, "cold", operation), stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout
        said = process.stdout.readline()
        took = (time.perf_counter() - started) * 1000
    if process.returncode != 0 or json.loads(said) != "done":
        raise RuntimeError(f"{contender.title} does not answer {operation}")
    return took


def peak(contender: Candidate) -> float:
    """MiB of resident memory after some hundred calls of each operation."""
    return float(_once(contender, "peak", "get,put")) / 1024


def allocations(contender: Candidate, operation: str) -> int:
    """How often a warm call asks the allocator for memory."""
    return int(_once(contender, "allocations", f"{operation}@{BUILD_DIR / 'tools'}"))


def _once(contender: Candidate, mode: str, argument: str) -> Any:
    done = subprocess.run(
        _command(contender, mode, argument), capture_output=True, text=True, env=ENVIRONMENT, check=True
    )
    return json.loads(done.stdout)


Imported = tuple[int, str, float]  # how deep in the tree, which module, milliseconds with all that it imports


def imports(contender: Candidate, operation: str, runs: int) -> tuple[dict[str, float], list[Imported]]:
    """What is imported until the first answer.

    Milliseconds that each package costs by itself, the median of some runs, the longest first; and the last run's tree.
    """
    told: dict[str, list[float]] = {}
    for _ in range(runs):
        done = subprocess.run(
            _command(contender, "cold", operation, "-X", "importtime"),
            capture_output=True, text=True, env=ENVIRONMENT, check=True,
        )  # fmt: skip
        own: dict[str, float] = {}
        tree: list[Imported] = []
        for line in done.stderr.splitlines():
            microseconds, total, name = line.removeprefix("import time:").split("|")
            if microseconds.strip().isdigit():
                module = name.strip()
                package = module.partition(".")[0]
                own[package] = own.get(package, 0.0) + int(microseconds) / 1000
                tree.append(((len(name) - len(name.lstrip()) - 1) // 2, module, int(total) / 1000))
        for package, took in own.items():
            told.setdefault(package, []).append(took)
    medians = {package: statistics.median(took) for package, took in told.items()}
    shown = {package: round(took, 2) for package, took in sorted(medians.items(), key=lambda it: -it[1]) if took > 0.1}
    return shown, _pruned(tree)


def _pruned(tree: Sequence[Imported], depth: int = 4, least: float = 8.0) -> list[Imported]:
    """Its upper and heavier part, each module before what it imports; Python tells of it afterwards."""
    return [it for it in reversed(tree) if it[0] < depth and it[2] >= least]
