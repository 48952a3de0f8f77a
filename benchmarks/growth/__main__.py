"""`make growth`: the same requests on small and large tables, and reconciliation of user pools of several sizes.

    python -m benchmarks.growth [--quick | --render | --part PART] [--chain USERS]

It writes benchmarks/growth.json, and renders GROWTH.md and the tables of docs/performance.md from it.
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

from benchmarks.emulator import start_emulator
from benchmarks.growth import report, seed
from benchmarks.growth.reconciliation import measure_chain, measure_run
from benchmarks.host import describe_host
from benchmarks.packages import ENVIRONMENT
from local.config import ROOT, LocalSettings
from local.emulator_clients import emulator_client

_TABLE_SIZES: Final = (10, 10_000, 1_000_000)  # profiles
_POOL_SIZES: Final = (10, 1_000)  # users
_CHAIN_USERS: Final = 10_000
_OPERATIONS: Final = ("GET", "PUT", "PostConfirmation")
_ROUNDS: Final = 60
_CALLS: Final = 20  # in a round
_WARM_UP_CALLS: Final = 50
_Calls: TypeAlias = list[tuple[float, float, int]]  # milliseconds, capacity units, status


def main() -> None:
    parser = argparse.ArgumentParser(prog="make growth")
    parser.add_argument("--quick", action="store_true", help="measure small tables and pools and write no files")
    parser.add_argument("--render", action="store_true", help="render the reports from the last results")
    parser.add_argument("--part", choices=("requests", "reconciliation"), help="measure only this part")
    parser.add_argument(
        "--chain",
        type=int,
        default=_CHAIN_USERS,
        help="users to reconcile at the latency of AWS (45 users take a second)",
    )
    options = parser.parse_args()
    if options.quick:
        print(report.render_page(measure_requests((10, 1_000)) | measure_reconciliation((10, 600), 600)))
        return
    if not options.render:
        figures = json.loads(report.GROWTH_JSON.read_text()) if options.part else {}
        if options.part != "reconciliation":
            figures |= measure_requests(_TABLE_SIZES)
        if options.part != "requests":
            figures |= measure_reconciliation(_POOL_SIZES, options.chain)
        report.GROWTH_JSON.write_text(json.dumps(figures, indent=1) + "\n")
    for file, text in report.render_files(json.loads(report.GROWTH_JSON.read_text())).items():
        file.write_text(text)


def measure_requests(sizes: tuple[int, ...], rounds: int = _ROUNDS) -> dict[str, Any]:
    """Return the figures of requests in the format of growth.json. Raises RuntimeError if a request failed."""
    with tempfile.TemporaryDirectory() as directory, start_emulator(Path(directory)) as (local, _):
        for size in sizes:
            print(f"creating a table of {size:,} profiles", flush=True)
            subs = map(seed.make_sub, range(size))
            seed.create_table_with_profiles(emulator_client("dynamodb", local), _table_name(size), subs)
        print("requests, interleaved", flush=True)
        requests = _measure_operations(local, sizes, rounds)
    if failed := sum(figure["errors"] for by_size in requests.values() for figure in by_size):
        raise RuntimeError(f"{failed:.0f} requests failed")
    figures = {"rounds": rounds, "calls": _CALLS, "sizes": sizes, "requests": requests}
    return {"date": _today(), "machine": describe_host(), **figures}


def measure_reconciliation(pool_sizes: tuple[int, ...], chain_users: int) -> dict[str, Any]:
    """Return the figures of reconciliation in the format of growth.json."""
    with tempfile.TemporaryDirectory() as directory, start_emulator(Path(directory)) as (local, _):
        runs = []
        for size in pool_sizes:
            print(f"reconciling a pool of {size:,} users", flush=True)
            runs.append(measure_run(local, size))
    with tempfile.TemporaryDirectory() as directory:
        print(f"reconciling a pool of {chain_users:,} users at the latency of AWS", flush=True)
        chain = measure_chain(Path(directory) / "chain", chain_users)
    return {"reconciliation": {"date": _today(), "machine": describe_host(), "runs": runs, "chain": chain}}


def _today() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"


def _table_name(size: int) -> str:
    return f"Users-{size}"


def _measure_operations(
    local: LocalSettings, sizes: tuple[int, ...], round_count: int
) -> dict[str, list[dict[str, float]]]:
    """Return the figures by operation, and for each operation in the order of the sizes."""
    rounds: dict[str, list[list[_Calls]]] = {name: [[] for _ in sizes] for name in _OPERATIONS}
    with ExitStack() as exit_stack:
        workers = [exit_stack.enter_context(_start_worker(local, size)) for size in sizes]
        for worker in workers:
            for name in _OPERATIONS:
                _call_worker(worker, name, _WARM_UP_CALLS)
        for _ in range(round_count):
            for name in _OPERATIONS:
                for number, worker in enumerate(workers):
                    rounds[name][number].append(_call_worker(worker, name, _CALLS))
        for worker in workers:
            assert worker.stdin
            worker.stdin.close()
    return {name: [_summarize(of_size, by_size[0]) for of_size in by_size] for name, by_size in rounds.items()}


def _start_worker(local: LocalSettings, size: int) -> subprocess.Popen[str]:
    environment = {**ENVIRONMENT, **local.environment(), "DYNAMODB_TABLE": _table_name(size)}
    del environment["AWS_SESSION_TOKEN"]  # the access key of the embedded AWS has none
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.growth.worker", str(size)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _call_worker(worker: subprocess.Popen[str], name: str, count: int) -> _Calls:
    """Let a worker call an operation `count` times."""
    assert worker.stdin
    assert worker.stdout
    worker.stdin.write(f"{name} {count}\n")
    worker.stdin.flush()
    calls: _Calls = json.loads(worker.stdout.readline())
    return calls


def _summarize(rounds: list[_Calls], smallest_rounds: list[_Calls]) -> dict[str, float]:
    """Return the figures of one table. The ratio is to the smallest table in the same round."""

    def median_milliseconds(calls: _Calls) -> float:
        return statistics.median(milliseconds for milliseconds, *_ in calls)

    all_calls = [call for calls in rounds for call in calls]
    ratios = [
        median_milliseconds(calls) / median_milliseconds(smallest)
        for calls, smallest in zip(rounds, smallest_rounds, strict=True)
    ]
    return {
        "median": round(median_milliseconds(all_calls), 3),
        "p95": round(statistics.quantiles((milliseconds for milliseconds, *_ in all_calls), n=20)[-1], 3),
        "ratio": round(statistics.median(ratios), 3),
        "units": max(units for _, units, _ in all_calls),
        "errors": sum(status != 200 for *_, status in all_calls),
        "count": len(all_calls),
    }


if __name__ == "__main__":
    main()
