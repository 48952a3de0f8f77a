"""Grouped bar chart: one group per measurement, one bar per candidate, as ratios to the reference."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from benchmarks.packages import REFERENCE, THIS_PROJECT, Candidate

# In pixels.
_LABEL_WIDTH: Final = 240
_MAX_BAR_WIDTH: Final = 480
_RATIO_WIDTH: Final = 60
_ROW_HEIGHT: Final = 22
_GROUP_GAP: Final = 40
_TOP_MARGIN: Final = 34
_COLORS: Final = {REFERENCE.name: "#7a8794", THIS_PROJECT: "#0b7a5b"}
_DEFAULT_COLOR: Final = "#b9c3cc"
_STYLE: Final = "text{font:13px system-ui,sans-serif;fill:#222}.group{font-weight:600}"


def render_svg(groups: Mapping[str, Mapping[str, Any]], candidates: Sequence[Candidate]) -> str:
    """Return an SVG document. `groups` has the figures by group title and candidate name."""
    ratios = {
        title: {candidate.name: figures[candidate.name]["ratio"] for candidate in candidates}
        for title, figures in groups.items()
    }
    scale = _MAX_BAR_WIDTH / max(ratio for group in ratios.values() for ratio in group.values())
    reference_x = _LABEL_WIDTH + scale
    y, elements = _TOP_MARGIN, list[str]()
    for title, group in ratios.items():
        elements.append(f'<text x="0" y="{y - 10}" class="group">{escape(title)}</text>')
        for candidate in candidates:
            ratio = group[candidate.name]
            color = _COLORS.get(candidate.name, _DEFAULT_COLOR)
            width = ratio * scale
            elements.append(
                f'<text x="{_LABEL_WIDTH - 10}" y="{y + 15}" text-anchor="end">{escape(candidate.title)}</text>'
                f'<rect x="{_LABEL_WIDTH}" y="{y + 2}" width="{width:.1f}" height="{_ROW_HEIGHT - 5}" fill="{color}"/>'
                f'<text x="{_LABEL_WIDTH + width + 6:.1f}" y="{y + 15}">{ratio:.2f}</text>'
            )
            y += _ROW_HEIGHT
        elements.append(
            f'<line x1="{reference_x:.1f}" x2="{reference_x:.1f}" y1="{y - _ROW_HEIGHT * len(candidates)}" '
            f'y2="{y}" stroke="#333" stroke-dasharray="3 3"/>'
        )
        y += _GROUP_GAP
    size = f'width="{_LABEL_WIDTH + _MAX_BAR_WIDTH + _RATIO_WIDTH}" height="{y - _GROUP_GAP + 10}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{_STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(elements)}</svg>\n'
    )
