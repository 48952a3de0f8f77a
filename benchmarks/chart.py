"""The chart: a group of bars a measurement, a bar a contender, by its ratio to the handler that is written by hand."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from benchmarks.packages import REFERENCE, THIS_PROJECT, Candidate

_LABELS, _BARS, _ROW, _GAP, _TOP = 240, 480, 22, 40, 34
_COLOURS: Final = {REFERENCE.name: "#7a8794", THIS_PROJECT: "#0b7a5b"}


def svg(groups: Mapping[str, Mapping[str, Any]], contenders: Sequence[Candidate]) -> str:
    """An SVG document."""
    ratios = {title: {it.name: told[it.name]["ratio"] for it in contenders} for title, told in groups.items()}
    longest = max(ratio for told in ratios.values() for ratio in told.values())
    scale, place, parts = _BARS / longest, _TOP, list[str]()
    for title, told in ratios.items():
        parts.append(f'<text x="0" y="{place - 10}" class="group">{escape(title)}</text>')
        for contender in contenders:
            ratio = told[contender.name]
            colour = _COLOURS.get(contender.name, "#b9c3cc")
            width = ratio * scale
            parts.append(
                f'<text x="{_LABELS - 10}" y="{place + 15}" text-anchor="end">{escape(contender.title)}</text>'
                f'<rect x="{_LABELS}" y="{place + 2}" width="{width:.1f}" height="{_ROW - 5}" fill="{colour}"/>'
                f'<text x="{_LABELS + width + 6:.1f}" y="{place + 15}">{ratio:.2f}</text>'
            )
            place += _ROW
        parts.append(
            f'<line x1="{_LABELS + scale:.1f}" x2="{_LABELS + scale:.1f}" y1="{place - _ROW * len(contenders)}" '
            f'y2="{place}" stroke="#333" stroke-dasharray="3 3"/>'
        )
        place += _GAP
    size = f'width="{_LABELS + _BARS + 60}" height="{place - _GAP + 10}"'
    style = "text{font:13px system-ui,sans-serif;fill:#222}.group{font-weight:600}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{style}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )
