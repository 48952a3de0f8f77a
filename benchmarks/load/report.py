"""What is made of the figures: LOAD.md, and the README's table between its marks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.places import HERE
from benchmarks.report import between
from local.settings import ROOT

LOAD_JSON: Final = HERE / "load.json"
_MARKS: Final = ("<!-- make load -->\n", "<!-- /make load -->\n")
_ROUTES: Final = {
    "GET": "`GET /users/me`",
    "PUT": "`PUT /users/me`",
    "no-op": "a no-op route",
    "GetItem": "GetItem alone",
}
_TURN_OF: Final = {"GET": "profile", "PUT": "profile", "no-op": "no-op", "GetItem": "GetItem"}


def files(figures: dict[str, Any]) -> dict[Path, str]:
    """Each file and what it holds."""
    readme = ROOT / "README.md"
    return {
        HERE / "LOAD.md": text(figures),
        readme: between(readme.read_text(), *_MARKS, "\n".join(_summary(figures)) + "\n"),
    }


def text(figures: dict[str, Any]) -> str:
    """LOAD.md."""
    return "\n".join(_text(figures)) + "\n"


def _about(figures: dict[str, Any]) -> str:
    return f"{figures['date']}, {figures['machine']}."


def _summary(figures: dict[str, Any]) -> Iterator[str]:
    yield f"{_about(figures)}\n"
    yield "| | users | answers a second | p50 | p95 | p99 | errors |"
    yield "|---|---|---|---|---|---|---|"
    for target in figures["targets"]:
        for run in target["runs"]:
            for name, route in _routes(run):
                yield f"| {target['title']}: {_ROUTES[name]} | {run['users']} | {_numbers(route)} |"


def _routes(run: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    told = {route["name"]: route for route in run["routes"]}
    return ((name, told[name]) for name in _ROUTES if name in told)


def _numbers(route: dict[str, Any]) -> str:
    times = (f"{route[name]:,.0f} ms" for name in ("p50", "p95", "p99"))
    return " | ".join([f"{route['per_second']:,.0f}", *times, f"{route['failures']} of {route['requests']:,}"])


def _text(figures: dict[str, Any]) -> Iterator[str]:
    yield "# Under load\n"
    yield f"Made by `make load`, and edited by nobody. {_about(figures)}"
    yield "The load tool, the embedded AWS and all functions share these cores. By turns of"
    yield f"{figures['turn']} seconds everybody asks for their profile, for a route that does nothing, and for the item"
    yield "in the table alone; a user asks again as soon as there is an answer.\n"
    for target in figures["targets"]:
        yield f"## {target['title'][0].upper()}{target['title'][1:]}\n"
        for run in target["runs"]:
            yield (
                f"{run['users']} at once, {run['seconds']} s:\n"
                if run["users"] > 1
                else f"One user, {run['seconds']} s:\n"
            )
            yield "| | answers a second | p50 | p95 | p99 | errors |"
            yield "|---|---|---|---|---|---|"
            for name, route in _routes(run):
                yield f"| {_ROUTES[name]} | {_numbers(route)} |"
            yield ""
        yield from _share(target["runs"][0])
        yield from _limits(target["runs"][-1], {name: it["processes"] for name, it in target["memory"].items()})
        yield from _memory(target)


def _share(run: dict[str, Any]) -> Iterator[str]:
    """Of a GET by a user who is alone: what a route that does nothing takes, and what the table does."""
    means = {name: route["mean"] for name, route in _routes(run)}
    share = (means["no-op"] + means["GetItem"]) / means["GET"]
    yield f"Of the {means['GET']:.1f} ms that a GET takes on average when nobody else asks, the no-op route takes"
    yield f"{means['no-op']:.1f} and the table {means['GetItem']:.1f}: {share:.0%} are the emulator's.\n"


def _limits(run: dict[str, Any], processes: dict[str, int]) -> Iterator[str]:
    """Who works in each turn, and which process comes closest to its limit."""
    cores = {name: at_work / processes.get(name, 1) for name, at_work in run["cores"]["profile"].items()}
    busiest = max(cores, key=lambda name: cores[name])
    yield f"What limits it: the process of {busiest}, with {cores[busiest]:.2f} of the one core that Python can use"
    yield f"in a process, while all {run['users']} ask for the profile.\n"
    names = list(next(iter(run["cores"].values())))
    yield f"| cores at work, while all ask for | {' | '.join(names)} | all |"
    yield "|---|" + "---|" * (len(names) + 1)
    titles = {"profile": "the profile", "no-op": "the no-op route", "GetItem": "GetItem alone"}
    for kind, at_work in run["cores"].items():
        shares = " | ".join(f"{at_work[name]:.2f}" for name in names)
        yield f"| {titles[kind]} | {shares} | {sum(at_work.values()):.2f} |"
    yield ""


def _memory(target: dict[str, Any]) -> Iterator[str]:
    answered = sum(route["requests"] for route in target["runs"][-1]["routes"])
    yield f"Memory of these {answered:,} requests, in MiB, of the processes that were there all the time:\n"
    yield "| | processes | before | half-way | after | grown by in the second half, each |"
    yield "|---|---|---|---|---|---|"
    for name, it in target["memory"].items():
        grown = (it["mib"][2] - it["mib"][1]) / it["processes"]
        yield f"| {name} | {it['processes']} | {' | '.join(f'{mib:.1f}' for mib in it['mib'])} | {grown:.2f} |"
    yield ""
