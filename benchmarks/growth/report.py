"""What is made of the figures: the README's tables between their marks, and GROWTH.md."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.growth.reconcile import LATENCY
from benchmarks.places import HERE
from benchmarks.report import between
from chalicelib.user_pool import Rates
from local.settings import ROOT

GROWTH_JSON: Final = HERE / "growth.json"
_MARKS: Final = ("<!-- make growth -->\n", "<!-- /make growth -->\n")
_PAPER: Final = (100_000, 1_000_000, 10_000_000)
_PAGE_USERS: Final = 60
_WALKING: Final = 0.9  # of the time: a chain of runs takes 54 minutes of an hour
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html:
# an eventually consistent read of an item in a batch, and an item's share of a scan, of 1 KB
_READS: Final = 1 / 2 + 1 / 4 / 2
_READ: Final = 0.125e-6  # dollars a unit: https://aws.amazon.com/dynamodb/pricing/on-demand
_WRITE: Final = 0.625e-6


def files(figures: dict[str, Any]) -> dict[Path, str]:
    """Each file and what it holds."""
    readme = ROOT / "README.md"
    summary = "\n".join([_about(figures), "", *_requests(figures), "", *_walks(figures["reconciliation"])]) + "\n"
    return {HERE / "GROWTH.md": text(figures), readme: between(readme.read_text(), *_MARKS, summary)}


def text(figures: dict[str, Any]) -> str:
    """GROWTH.md."""
    return "\n".join(_text(figures)) + "\n"


def _about(figures: dict[str, Any]) -> str:
    return f"{figures['date']}, {figures['machine']}; medians, in milliseconds."


def _text(figures: dict[str, Any]) -> Iterator[str]:
    yield "# Growth\n"
    yield f"Made by `make growth`, and edited by nobody. {_about(figures)}\n"
    yield "## Requests\n"
    yield f"The application over tables of several sizes in one embedded AWS, {figures['rounds']} rounds by turns of"
    yield f"{figures['calls']} calls of each, every call for somebody else. Ratios are to the smallest table in the"
    yield "same round. Units are the most that DynamoDB counted for a call.\n"
    yield from _requests(figures)
    yield "\n| | profiles | median | p95 | to the smallest | units | errors |"
    yield "|---|---|---|---|---|---|---|"
    for name, by_size in figures["requests"].items():
        for size, it in zip(figures["sizes"], by_size, strict=True):
            numbers = f"{it['median']:.2f} | {it['p95']:.2f} | {it['ratio']:.2f} | {it['units']:g}"
            numbers += f" | {it['errors']} of {it['count']:,}"
            yield f"| {name} | {size:,} | {numbers} |"
    yield "\nBeyond, on paper: each is one request by the partition key. DynamoDB counts it by the item's size, a read"
    yield "unit for up to 4 KB and a write unit for up to 1 KB, whatever the table holds. It splits a table by keys,"
    yield "at 10 GB, 3,000 read units or 1,000 write units a second of one part; a sub is random, so all parts are"
    yield "asked alike."
    yield "\n## Reconciliation\n"
    yield "Whole walks over pool and table, one user in a hundred without a profile.\n"
    yield from _walks(figures["reconciliation"])
    yield "\n| users in the pool | calls |"
    yield "|---|---|"
    for walk in figures["reconciliation"]["walks"]:
        yield f"| {walk['size']:,} | {', '.join(f'{name} {count:,}' for name, count in walk['calls'].items())} |"
    yield from _paper(figures["reconciliation"]["walks"][-1])


def _requests(figures: dict[str, Any]) -> Iterator[str]:
    yield f"| | {' | '.join(f'{size:,} profiles' for size in figures['sizes'])} | capacity units |"
    yield "|---|" + "---|" * (len(figures["sizes"]) + 1)
    for name, by_size in figures["requests"].items():
        times = [f"{it['median']:.2f} ({it['ratio']:.2f})" for it in by_size]
        units = {f"{it['units']:g}" for it in by_size}
        yield f"| {name} | {' | '.join(times)} | {' to '.join(sorted(units))} |"


def _walks(figures: dict[str, Any]) -> Iterator[str]:
    yield "| reconciliation of a pool of | calls | calls per user |"
    yield "|---|---|---|"
    for walk in figures["walks"]:
        calls = sum(walk["calls"].values())
        yield f"| {walk['size']:,} | {calls:,} | {calls / walk['size']:.2f} |"
    chain = figures["chain"]
    yield ""
    minutes = f"{chain['seconds'] / 60:.0f} minutes"
    yield f"With {LATENCY * 1000:.0f} ms added to each call to Cognito, as on AWS, one scheduled start covered"
    yield f"{chain['size']:,} users in {chain['runs']} runs and {minutes}, at the default rates"
    yield f"({figures['date']}, {figures['machine']})."


def _paper(walk: dict[str, Any]) -> Iterator[str]:
    """Yield what the default rates, and the calls of the largest walk, come to."""
    rates = Rates()
    yield "\nOn paper, at the default rates and for one walk. Runs walk for 54 minutes of an hour.\n"
    yield "| users | walk over the pool | walk over the table | units, and their price |"
    yield "|---|---|---|---|"
    for people in _PAPER:
        pool = people / _PAGE_USERS / rates.lists / _WALKING / 3600
        table = people / rates.lookups / _WALKING / 3600
        writes = walk["calls"]["PutItem"] / walk["size"] * people
        units = f"{people * _READS:,.0f} reads, {writes:,.0f} writes; ${people * _READS * _READ + writes * _WRITE:.2f}"
        yield f"| {people:,} | {pool:.1f} hours | {table:.1f} hours | {units} |"
