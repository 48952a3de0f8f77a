"""Replaces the generated parts of documents, each of which is between two HTML comments."""

from pathlib import Path


class MarkerError(Exception):
    """A document or one of its markers is missing."""


def replace_between_markers(text: str, name: str, content: str) -> str:
    """Return the text with `content` between the lines `<!-- name -->` and `<!-- /name -->`.

    Raises MarkerError if a marker is missing.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    head, has_begin, rest = text.partition(begin)
    _, has_end, tail = rest.partition(end)
    if not has_begin or not has_end:
        raise MarkerError(f"the markers {begin.strip()} and {end.strip()} are missing")
    return head + begin + content + end + tail


def render_document(file: Path, contents: dict[str, str]) -> str:
    """Return the text of a document with new content between the markers of these names.

    Raises MarkerError if the file or a marker is missing.
    """
    if not file.exists():
        raise MarkerError(f"{file} is missing")
    text = file.read_text()
    for name, content in contents.items():
        try:
            text = replace_between_markers(text, name, content)
        except MarkerError as exc:
            raise MarkerError(f"{file}: {exc}") from None
    return text
