"""`make bench`: this project against what a user would write instead. Some minutes.

    python -m benchmarks [--quick | --render]

The network is cut off at botocore's `before-send`, so that what is measured is what runs in Lambda. It writes
benchmarks/results.json, and of that RESULTS.md, chart.svg and a part of the README; nobody edits these.
"""

import argparse
import datetime
import json
from typing import Any, Final

from benchmarks import measure, packages, report
from benchmarks.host import describe_host
from benchmarks.packages import CANDIDATES, REFERENCE, THIS_PROJECT, TRIGGERS

_ROUNDS: Final = 80
_CALLS: Final = 30
_OPERATIONS: Final = ("get", "put")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds, and nothing is written but here")
    parser.add_argument("--render", action="store_true", help="write what is made of the last results anew")
    options = parser.parse_args()
    if not options.render:
        results = measured(_ROUNDS // 10 if options.quick else _ROUNDS)
        if options.quick:
            print(report.render_page(results))
            return
        report.RESULTS_JSON.write_text(json.dumps(results, indent=1) + "\n")
    for file, text in report.render_files(json.loads(report.RESULTS_JSON.read_text())).items():
        file.write_text(text)


def measured(rounds: int) -> dict[str, Any]:
    """All figures, as results.json holds them."""
    _say("building the contenders")
    packages.build_packages()
    warm = {}
    for operation in _OPERATIONS:
        _say(f"a warm {operation}, {rounds} rounds")
        warm[operation] = measure.warm(CANDIDATES, operation, rounds, _CALLS)
    _say(f"cold starts, {rounds // 2} rounds")
    cases = [*((it.name, it, "get") for it in CANDIDATES), *((it.title, it, it.function) for it in TRIGGERS)]
    cold = measure.cold(cases, rounds // 2)
    _say("memory, allocations, imports")
    ours = next(it for it in CANDIDATES if it.name == THIS_PROJECT)
    imported = {it.name: measure.imports(it, "get", 5) for it in (REFERENCE, ours)}
    return {
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        "machine": describe_host(),
        "rounds": rounds,
        "calls": _CALLS,
        "warm": warm,
        "cold": cold,
        "peak": {it.name: round(measure.peak(it), 1) for it in CANDIDATES},
        "allocations": {
            it.name: [measure.allocations(it, operation) for operation in _OPERATIONS] for it in CANDIDATES
        },
        "imports": {name: own for name, (own, _) in imported.items()},
        "trees": {name: tree for name, (_, tree) in imported.items()},
    }


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
