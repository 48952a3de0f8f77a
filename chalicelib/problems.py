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
    kinds = sorted(types(), key=lambda kind: (kind.status, kind.slug))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Problem types</title>
<h1>Problem types</h1>
<p>The <code>type</code> of an error (RFC 9457) ends in # and one of these names.</p>
{"".join(map(_section, kinds))}</html>"""


def _section(kind: type[ApiError]) -> str:
    meaning = f"{kind.status} {kind.title}. {kind.detail}"
    return f'<section id="{kind.slug}"><h2>{kind.slug}</h2><p>{escape(meaning)}</p></section>\n'
