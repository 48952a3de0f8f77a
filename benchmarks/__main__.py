"""`make bench`: compares this project with other ways to write the same handlers. Takes several minutes.

    python -m benchmarks [--quick | --render]

botocore's `before-send` answers each call, so the figures contain only the time that runs inside Lambda. It writes
benchmarks/results.json, and renders RESULTS.md, chart.svg and a table of the README from it.
"""

import argparse
import datetime
import json
from typing import Any, Final

from benchmarks import measure, report
from benchmarks.host import describe_host
from benchmarks.packages import CANDIDATES, REFERENCE, THIS_PROJECT, TRIGGERS, build_packages

_ROUNDS: Final = 80
_CALLS: Final = 30
_OPERATIONS: Final = ("get", "put")
_IMPORT_RUNS: Final = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="run a tenth of the rounds and write no files")
    parser.add_argument("--render", action="store_true", help="render the reports from the last results")
    options = parser.parse_args()
    if not options.render:
        results = run_benchmarks(_ROUNDS // 10 if options.quick else _ROUNDS)
        if options.quick:
            print(report.render_page(results))
            return
        report.RESULTS_JSON.write_text(json.dumps(results, indent=1) + "\n")
    for file, text in report.render_files(json.loads(report.RESULTS_JSON.read_text())).items():
        file.write_text(text)


def run_benchmarks(rounds: int) -> dict[str, Any]:
    """Return all figures in the format of results.json."""
    print_progress("building the packages")
    build_packages()
    warm = {}
    for operation in _OPERATIONS:
        print_progress(f"warm {operation}, {rounds} rounds")
        warm[operation] = measure.measure_warm_calls(CANDIDATES, operation, rounds, _CALLS)
    print_progress(f"cold starts, {rounds // 2} rounds")
    cases = [
        *((candidate.name, candidate, "get") for candidate in CANDIDATES),
        *((trigger.title, trigger, trigger.title) for trigger in TRIGGERS),
    ]
    cold = measure.measure_cold_starts(cases, rounds // 2)
    print_progress("memory, allocations, imports")
    this_project = next(candidate for candidate in CANDIDATES if candidate.name == THIS_PROJECT)
    imports = {
        candidate.name: measure.profile_imports(candidate, "get", _IMPORT_RUNS)
        for candidate in (REFERENCE, this_project)
    }
    return {
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        "machine": describe_host(),
        "rounds": rounds,
        "calls": _CALLS,
        "warm": warm,
        "cold": cold,
        "peak": {candidate.name: round(measure.measure_peak_memory(candidate), 1) for candidate in CANDIDATES},
        "allocations": {
            candidate.name: [measure.count_allocations(candidate, operation) for operation in _OPERATIONS]
            for candidate in CANDIDATES
        },
        "imports": {name: packages for name, (packages, _) in imports.items()},
        "trees": {name: tree for name, (_, tree) in imports.items()},
    }


def print_progress(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
