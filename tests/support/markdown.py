"""Reads the documentation: its pages, sections, tables, links and examples."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from local.config import ROOT

README: Final = "README.md"
# Sections of docs/api.md whose examples run with a user of their own: they erase the user, or work once a minute only.
ACCOUNT_SECTIONS: Final = ("Export", "Account deletion")
# Every page that a person writes. The reports in benchmarks/ are generated.
_PATTERNS: Final = ("*.md", "docs/**/*.md", "examples/*/*.md", "infra/*.md")
PAGES: Final = tuple(sorted(str(file.relative_to(ROOT)) for pattern in _PATTERNS for file in ROOT.glob(pattern)))
_HEADING: Final = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_BLOCK: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_CODE_SPAN: Final = re.compile(r"`([^`\n]+)`")


class Example(NamedTuple):
    """A code block of a page."""

    page: str
    language: str
    code: str


def read_page(page: str) -> str:
    """Return the text of a page. `page` is its path in the repository."""
    return (ROOT / page).read_text()


def get_section(page: str, title: str) -> str:
    """Return the text below the heading with this title, up to the next heading of the same or a higher rank."""
    text = _without_blocks(read_page(page))
    headings = list(_HEADING.finditer(text))
    start = next((heading for heading in headings if heading[2] == title), None)
    assert start is not None, f"{page} has no section {title!r}"
    ends = (it.start() for it in headings if it.start() > start.start() and len(it[1]) <= len(start[1]))
    return read_page(page)[start.end() : next(ends, None)]


def list_examples(page: str, language: str, section: str | None = None, *, without: Iterable[str] = ()) -> list[str]:
    """Return the code blocks of a page, or of one of its sections, in a language.

    `without` names sections of the page whose blocks are omitted.
    """
    text = get_section(page, section) if section else read_page(page)
    for omitted in without:
        text = text.replace(get_section(page, omitted), "")
    return [code for name, code in _BLOCK.findall(text) if name == language]


def iter_examples(*languages: str) -> Iterator[Example]:
    """Yield the code blocks of all pages in these languages."""
    for page in PAGES:
        for language, code in _BLOCK.findall(read_page(page)):
            if language in languages:
                yield Example(page, language, code)


def list_links(page: str) -> list[str]:
    """Return the targets of the links and images of a page."""
    return _LINK.findall(_without_blocks(read_page(page)))


def list_code_spans(text: str) -> list[str]:
    """Return the texts in backticks, without those in code blocks."""
    return _CODE_SPAN.findall(_without_blocks(text))


def list_anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as code hosts build them."""
    titles = (heading[2] for heading in _HEADING.finditer(_without_blocks(read_page(page))))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def list_rows(page: str, section: str) -> list[list[str]]:
    """Return the cells of each row of the tables in a section, without headers."""
    lines = [line for line in get_section(page, section).splitlines() if line.startswith("|")]
    is_separator = [bool(re.fullmatch(r"[|\s:-]+", line)) for line in lines]
    headers = {number - 1 for number, separator in enumerate(is_separator) if separator}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if number not in headers and not is_separator[number]
    ]


def list_names(page: str, section: str) -> list[str]:
    """Return the code spans in the first column of the tables in a section."""
    return [name for row in list_rows(page, section) for name in _CODE_SPAN.findall(row[0])]


def resolve_link(page: str, link: str) -> tuple[Path, str]:
    """Return the file of a relative link, and its anchor or an empty string."""
    path, _, anchor = link.partition("#")
    return ((ROOT / page).parent / path).resolve() if path else ROOT / page, anchor


def _without_blocks(text: str) -> str:
    """Return the text with its code blocks blanked, at the same length."""
    return _BLOCK.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), text)
