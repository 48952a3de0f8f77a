"""The page about problem types: what `type` of a problem points to, a section each. Made from the error tree."""

from collections.abc import Iterator
from html import escape

from chalice import Response

from chalicelib.errors import ApiError


def types() -> Iterator[type[ApiError]]:
    """Every kind of problem that a client may meet, the most general first; one for each slug."""
    seen = set[str]()
    waiting = [ApiError]
    while waiting:
        kind = waiting.pop(0)
        waiting += kind.__subclasses__()
        if kind.slug not in seen:
            seen.add(kind.slug)
            yield kind


def page() -> Response:
    """200 with the page."""
    return Response(_html(), headers={"Content-Type": "text/html; charset=utf-8"})


def _html() -> str:
    sections = "".join(
        f'<section id="{kind.slug}"><h2>{kind.status} {escape(kind.title)}</h2>'
        f"<p>{escape(kind.__doc__ or '')}</p></section>"
        for kind in sorted(types(), key=lambda kind: kind.status)
    )
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Problem types</title>
<h1>Problem types</h1><p>What the <code>type</code> of a problem detail (RFC 9457) means.</p>{sections}</html>"""
