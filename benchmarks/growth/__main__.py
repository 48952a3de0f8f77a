"""`make growth`: the same requests on ten profiles and on a million, and a walk over pools of several sizes.

    python -m benchmarks.growth [--quick | --render | --part PART] [--chain USERS]

It writes benchmarks/growth.json, and of that GROWTH.md and a part of the README; nobody edits these.
"""

import argparse
import datetime
import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, TypeAlias

from benchmarks import packages
from benchmarks.emulator import start_emulator
from benchmarks.growth import report, seed
from benchmarks.growth.reconciliation import measure_chain, measure_run
from benchmarks.host import describe_host
from local.config import ROOT, LocalSettings
from local.emulator_clients import emulator_client

_SIZES: Final = (10, 10_000, 1_000_000)
_POOLS: Final = (10, 1_000)
_CHAIN: Final = 10_000
_OPERATIONS: Final = ("GET", "PUT", "PostConfirmation")
_ROUNDS: Final = 60
_CALLS: Final = 20
_Calls: TypeAlias = list[tuple[float, float, int]]  # milliseconds, capacity units, status


def main() -> None:
    parser = argparse.ArgumentParser(prog="make growth")
    parser.add_argument("--quick", action="store_true", help="small tables, and nothing is written but here")
    parser.add_argument("--render", action="store_true", help="write what is made of the last results anew")
    parser.add_argument("--part", choices=("requests", "reconciliation"), help="measure this part alone")
    parser.add_argument(
        "--chain", type=int, default=_CHAIN, help="users of the pool that is walked over at AWS's latency: 45 a second"
    )
    options = parser.parse_args()
    if options.quick:
        print(report.render_page(measure_requests((10, 1_000)) | measure_reconciliation((10, 600), 600)))
        return
    if not options.render:
        figures = json.loads(report.GROWTH_JSON.read_text()) if options.part else {}
        if options.part != "reconciliation":
            figures |= measure_requests(_SIZES)
        if options.part != "requests":
            figures |= measure_reconciliation(_POOLS, options.chain)
        report.GROWTH_JSON.write_text(json.dumps(figures, indent=1) + "\n")
    for file, text in report.render_files(json.loads(report.GROWTH_JSON.read_text())).items():
        file.write_text(text)


def measure_requests(sizes: tuple[int, ...], rounds: int = _ROUNDS) -> dict[str, Any]:
    """Return the figures of requests, as growth.json holds them. Raises RuntimeError if a request failed."""
    with tempfile.TemporaryDirectory() as directory, start_emulator(Path(directory)) as (local, _):
        for size in sizes:
            print(f"a table of {size:,}", flush=True)
            seed.table(emulator_client("dynamodb", local), _table(size), map(seed.sub_of, range(size)))
        print("requests, by turns", flush=True)
        requests = _requests(local, sizes, rounds)
    if failed := sum(figure["errors"] for by_size in requests.values() for figure in by_size):
        raise RuntimeError(f"{failed:.0f} requests failed")
    figures = {"rounds": rounds, "calls": _CALLS, "sizes": sizes, "requests": requests}
    return {"date": _today(), "machine": describe_host(), **figures}


def measure_reconciliation(pools: tuple[int, ...], users: int) -> dict[str, Any]:
    """Return the figures of reconciliation, likewise."""
    with tempfile.TemporaryDirectory() as directory, start_emulator(Path(directory)) as (local, _):
        walks = []
        for size in pools:
            print(f"a pool of {size:,}", flush=True)
            walks.append(measure_run(local, size))
    with tempfile.TemporaryDirectory() as directory:
        print(f"a pool of {users:,} at the latency of AWS", flush=True)
        chained = measure_chain(Path(directory) / "chain", users)
    return {"reconciliation": {"date": _today(), "machine": describe_host(), "walks": walks, "chain": chained}}


def _today() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"


def _table(size: int) -> str:
    return f"Users-{size}"


def _requests(local: LocalSettings, sizes: tuple[int, ...], count: int) -> dict[str, list[dict[str, float]]]:
    """Operation -> for each size in its order: milliseconds, their ratio to the first size's, units, errors."""
    told: dict[str, list[list[_Calls]]] = {name: [[] for _ in sizes] for name in _OPERATIONS}
    with ExitStack() as opened:
        workers = [opened.enter_context(_worker(local, size)) for size in sizes]
        for worker in workers:
            for name in _OPERATIONS:
                _ask(worker, name, 50)  # warm
        for _ in range(count):
            for name in _OPERATIONS:
                for number, worker in enumerate(workers):
                    told[name][number].append(_ask(worker, name, _CALLS))
        for worker in workers:
            assert worker.stdin
            worker.stdin.close()
    return {name: [_figure(rounds, by_size[0]) for rounds in by_size] for name, by_size in told.items()}


def _worker(local: LocalSettings, size: int) -> subprocess.Popen[str]:
    environment = {**packages.ENVIRONMENT, **local.environment(), "DYNAMODB_TABLE": _table(size)}
    del environment["AWS_SESSION_TOKEN"]  # the embedded AWS has an access key without a session
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.growth.worker", str(size)],
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _ask(worker: subprocess.Popen[str], name: str, count: int) -> _Calls:
    """So many calls of one operation."""
    assert worker.stdin
    assert worker.stdout
    worker.stdin.write(f"{name} {count}\n")
    worker.stdin.flush()
    told: _Calls = json.loads(worker.stdout.readline())
    return told


def _figure(rounds: list[_Calls], firsts: list[_Calls]) -> dict[str, float]:
    def median(calls: _Calls) -> float:
        return statistics.median(took for took, *_ in calls)

    calls = [call for one in rounds for call in one]
    ratios = [median(one) / median(first) for one, first in zip(rounds, firsts, strict=True)]
    return {
        "median": round(median(calls), 3),
        "p95": round(statistics.quantiles((took for took, *_ in calls), n=20)[-1], 3),
        "ratio": round(statistics.median(ratios), 3),
        "units": max(units for _, units, _ in calls),
        "errors": sum(status != 200 for *_, status in calls),
        "count": len(calls),
    }


if __name__ == "__main__":
    main()
