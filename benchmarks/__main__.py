"""`make bench`: this project against what a user would write instead. Some minutes; ARGS="--quick" for a look.

The network is cut off at botocore's `before-send`, so that what is measured is what runs in Lambda. It writes
benchmarks/RESULTS.md and benchmarks/chart.svg; nobody edits these.
"""

import argparse
import datetime
import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import chart, measure, places
from benchmarks.measure import Figure
from benchmarks.places import CONTENDERS, HERE, NAIVE, OURS, TRIGGERS

_HEADS = ("", "median", "quartiles", "to by hand")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds, and nothing is written")
    quick = parser.parse_args().quick
    say("building the contenders")
    places.build()
    rounds = 10 if quick else 100
    warm = {operation: measure.warm(CONTENDERS, operation, rounds, 30) for operation in told("warm", "get", "put")}
    cases = [*((it.name, it, "get") for it in CONTENDERS), *((it.title, it, it.function) for it in TRIGGERS)]
    say(f"cold starts: {len(cases)} in {rounds // 2} rounds")
    cold = measure.cold(cases, rounds // 2)
    say("memory, allocations, imports")
    text = "\n".join(report(warm, cold, rounds))
    if quick:
        say(text)
        return
    (HERE / "RESULTS.md").write_text(text)
    groups = {"Warm GET": warm["get"], "Warm PUT": warm["put"], "Cold start to the first GET": cold}
    (HERE / "chart.svg").write_text(chart.svg(groups, CONTENDERS))


def told(what: str, *operations: str) -> Iterator[str]:
    for operation in operations:
        say(f"{what} {operation}")
        yield operation


def say(text: str) -> None:
    print(text, flush=True)


def report(warm: Mapping[str, Mapping[str, Figure]], cold: Mapping[str, Figure], rounds: int) -> Iterator[str]:
    """The lines of RESULTS.md."""
    yield "# Results\n"
    yield f"Made by `make bench` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, and edited by nobody: {machine()}."
    yield f"{rounds} rounds of 30 calls by turns, and {rounds // 2} cold starts each. Read the ratios: each is the"
    yield "median of the rounds', to `boto3 client by hand` in the same round.\n"
    yield "![Ratios to a handler by hand](chart.svg)\n"
    for operation, figures in warm.items():
        yield f"## A warm {operation.upper()}, in milliseconds\n"
        yield from table({it.title: figures[it.name] for it in CONTENDERS}, 3)
    yield "## Cold start: from a new interpreter to the first answer, in milliseconds\n"
    yield from table({it.title: cold[it.name] for it in CONTENDERS}, 0)
    yield "Its triggers, by the same measure:\n"
    yield from table({it.title: cold[it.title] for it in TRIGGERS}, 0)
    yield "## Memory and allocations\n"
    yield "| | peak, MiB | to by hand | allocations a GET | a PUT |"
    yield "|---|---|---|---|---|"
    by_hand = measure.peak(NAIVE)
    for it in CONTENDERS:
        peak = measure.peak(it)
        counts = " | ".join(f"{measure.allocations(it, operation):,}" for operation in ("get", "put"))
        yield f"| {it.title} | {peak:.0f} | {peak / by_hand:.2f} | {counts} |"
    yield "\n## What is imported until the first GET, in milliseconds by itself\n"
    for it in (NAIVE, next(it for it in CONTENDERS if it.name == OURS)):
        own = measure.imports(it, "get", 5)
        longest = ", ".join(f"{name} {took:.0f}" for name, took in list(own.items())[:12])
        yield f"- {it.title}: {sum(own.values()):.0f} in all. {longest}."
    yield ""


def table(figures: Mapping[str, Figure], digits: int) -> Iterator[str]:
    yield f"| {' | '.join(_HEADS)} |"
    yield "|---|---|---|---|"
    for title, it in figures.items():
        yield f"| {title} | {it.median:.{digits}f} | {it.lower:.{digits}f} to {it.upper:.{digits}f} | {it.ratio:.2f} |"
    yield ""


def machine() -> str:
    """What it ran on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores, {model}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
