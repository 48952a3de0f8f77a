"""The page about problem types, to which `type` of each problem links. It is generated from the error classes."""

from collections.abc import Iterator
from html import escape

from chalice import Response

from chalicelib.core.errors import ApiError


def list_problem_types() -> Iterator[type[ApiError]]:
    """Yield one error class per slug, base classes first."""
    seen = set[str]()
    queue = ApiError.__subclasses__()
    while queue:
        error_class = queue.pop(0)
        queue += error_class.__subclasses__()
        if error_class.slug not in seen:
            seen.add(error_class.slug)
            yield error_class


def problem_types_page() -> Response:
    """Return the HTML page."""
    return Response(_render_html(), headers={"Content-Type": "text/html; charset=utf-8"})


def _render_html() -> str:
    error_classes = sorted(list_problem_types(), key=lambda error_class: (error_class.status, error_class.slug))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Problem types</title>
<h1>Problem types</h1>
<p>The <code>type</code> of an error (RFC 9457) ends in # and one of these names.</p>
{"".join(map(_render_section, error_classes))}</html>"""


def _render_section(error_class: type[ApiError]) -> str:
    text = f"{error_class.status} {error_class.title}. {error_class.detail}"
    return f'<section id="{error_class.slug}"><h2>{error_class.slug}</h2><p>{escape(text)}</p></section>\n'
