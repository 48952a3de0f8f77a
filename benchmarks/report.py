"""What is made of the figures: RESULTS.md, chart.svg, and the README's table between its marks."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks import chart
from benchmarks.places import CONTENDERS, HERE, NAIVE, OURS, TRIGGERS
from local.settings import ROOT

RESULTS_JSON: Final = HERE / "results.json"
_BEGIN, _END = "<!-- make bench -->\n", "<!-- /make bench -->\n"


def files(figures: dict[str, Any]) -> dict[Path, str]:
    """Each file and what it holds."""
    groups = {"Warm GET": "get", "Warm PUT": "put"}
    told = {title: figures["warm"][operation] for title, operation in groups.items()}
    readme = ROOT / "README.md"
    return {
        HERE / "RESULTS.md": results(figures),
        HERE / "chart.svg": chart.svg({**told, "Cold start to the first GET": figures["cold"]}, CONTENDERS),
        readme: between(readme.read_text(), _BEGIN, _END, "\n".join(_summary(figures)) + "\n"),
    }


def between(text: str, begin: str, end: str, new: str) -> str:
    """The text with what stands between these marks replaced."""
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return head + begin + new + end + tail


def _summary(figures: dict[str, Any]) -> Iterator[str]:
    yield f"{_about(figures)}\n"
    yield "| to a handler by hand | warm GET | warm PUT | cold start | peak memory |"
    yield "|---|---|---|---|---|"
    by_hand = figures["peak"][NAIVE.name]
    for it in CONTENDERS:
        ratios = [figures["warm"]["get"][it.name], figures["warm"]["put"][it.name], figures["cold"][it.name]]
        texts = [*(f"{ratio['ratio']:.2f}" for ratio in ratios), f"{figures['peak'][it.name] / by_hand:.2f}"]
        bold = "**" if it.name == OURS else ""
        yield f"| {bold}{it.title}{bold} | {' | '.join(f'{bold}{text}{bold}' for text in texts)} |"


def results(figures: dict[str, Any]) -> str:
    """RESULTS.md."""
    return "\n".join(_results(figures)) + "\n"


def _about(figures: dict[str, Any]) -> str:
    return f"{figures['date']}, {figures['machine']}; medians of {figures['rounds']} rounds by turns."


def _results(figures: dict[str, Any]) -> Iterator[str]:
    yield "# Results\n"
    yield f"Made by `make bench`, and edited by nobody. {_about(figures)}"
    yield f"A round is {figures['calls']} calls of each, or a cold start of each. Read the ratios: to"
    yield "`boto3 client by hand` in the same round.\n"
    yield "![Ratios to a handler by hand](chart.svg)\n"
    for operation, told in figures["warm"].items():
        yield f"## A warm {operation.upper()}, in milliseconds\n"
        yield from _table(((it.title, told[it.name]) for it in CONTENDERS), 3)
    yield "## Cold start: from a new interpreter to the first answer, in milliseconds\n"
    yield from _table(((it.title, figures["cold"][it.name]) for it in CONTENDERS), 0)
    yield "Its triggers, by the same measure:\n"
    yield from _table(((it.title, figures["cold"][it.title]) for it in TRIGGERS), 0)
    yield "## Memory, and how often a warm call asks for some\n"
    yield "| | peak, MiB | to by hand | allocations a GET | a PUT |"
    yield "|---|---|---|---|---|"
    for it in CONTENDERS:
        peak, counts = figures["peak"][it.name], figures["allocations"][it.name]
        ratio = peak / figures["peak"][NAIVE.name]
        yield f"| {it.title} | {peak:.0f} | {ratio:.2f} | {counts[0]:,} | {counts[1]:,} |"
    yield "\n## What is imported until the first GET, in milliseconds by itself\n"
    titles = {it.name: it.title for it in CONTENDERS}
    for name, own in figures["imports"].items():
        longest = ", ".join(f"{package} {took:.0f}" for package, took in list(own.items())[:14])
        yield f"- {titles[name]}: {sum(own.values()):.0f} in all. {longest}."
    yield "\nThe heaviest of it as a tree, each with all that it is the first to import:\n"
    for name, tree in figures["trees"].items():
        yield f"```\n{titles[name]}"
        for depth, module, took in tree:
            yield f"{'  ' * (depth + 1)}{module} {took:.0f}"
        yield "```\n"


def _table(rows: Iterable[tuple[str, Any]], digits: int) -> Iterator[str]:
    yield "| | median | quartiles | to by hand |"
    yield "|---|---|---|---|"
    for title, it in rows:
        numbers = (
            f"{it['median']:.{digits}f} | {it['lower']:.{digits}f} to {it['upper']:.{digits}f} | {it['ratio']:.2f}"
        )
        yield f"| {title} | {numbers} |"
    yield ""
