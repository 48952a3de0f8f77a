"""Check prose and test names against the style rules, as part of `make check`.

    python -m tools.prose_check [DIRECTORY]

The phrases and their replacements are in prose_rules.toml. The check covers docstrings, comments and test names of
Python files, Markdown, scripts and pages, Terraform files, the Makefile, and the texts of openapi.json. Code spans,
code blocks and URLs are skipped. Scripts, pages, Terraform files and the Makefile are checked as a whole, including
their code.
"""

import ast
import io
import json
import os
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

MAX_TEST_NAME_LENGTH: Final = 60
RULES_FILE: Final = Path(__file__).with_name("prose_rules.toml")
_MARKDOWN_FENCE: Final = re.compile(r"^ *(```|~~~).*?^ *\1 *$", re.DOTALL | re.MULTILINE)
_NOT_PROSE: Final = re.compile(r"`[^`\n]*`|\w+://\S+|\]\([^)\s]*\)")
_SCRIPT_COMMENT: Final = re.compile(r"( *)(?://|/\*\*?|\*/?)(.*)")
_SCRIPT_SUFFIXES: Final = (".js", ".jsx", ".ts", ".tsx", ".html")
_CHECKED_ENDINGS: Final = (".py", ".md", ".tf", ".tftest.hcl", ".tfvars.example", *_SCRIPT_SUFFIXES)
_CHECKED_NAMES: Final = ("Makefile", "openapi.json")
_SKIPPED_DIRECTORIES: Final = frozenset({"node_modules", "__pycache__", "dist"})
_OPENAPI_TEXTS: Final = frozenset({"summary", "description", "title", "detail"})
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

Rules = Mapping[re.Pattern[str], str]
Finding = tuple[int, str]  # line number, message


def load_rules(file: Path = RULES_FILE) -> Rules:
    """Return the forbidden phrases, compiled, with their replacements."""
    phrases: dict[str, str] = tomllib.loads(file.read_text())["phrases"]
    return {_compile_phrase(phrase): replacement for phrase, replacement in phrases.items()}


def _compile_phrase(phrase: str) -> re.Pattern[str]:
    pattern = re.sub(r"(?<!there) ", r"(?: +| *\\n *)", phrase)  # a look-behind must have a fixed width
    return re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE)


def find_phrases(text: str, rules: Rules) -> Iterator[Finding]:
    """Yield a finding for each forbidden phrase in a text."""
    prose = _NOT_PROSE.sub(_blank, text)
    for pattern, replacement in rules.items():
        for match in pattern.finditer(prose):
            phrase = " ".join(match[0].split())
            yield prose.count("\n", 0, match.start()) + 1, f'"{phrase}": write {replacement}'


def _blank(match: re.Match[str]) -> str:
    """Return the match with each character replaced, so that line numbers remain correct."""
    return re.sub(r"[^\n]", "#", match[0])


def extract_python_prose(source: str) -> str:
    """Return the docstrings and comments of a Python file. Each remains on its line; all other lines are empty."""
    lines = source.splitlines()
    prose = [""] * len(lines)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            docstring = node.body[0]
            assert docstring.end_lineno is not None  # the parser sets it
            prose[docstring.lineno - 1 : docstring.end_lineno] = lines[docstring.lineno - 1 : docstring.end_lineno]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            prose[token.start[0] - 1] = token.string.lstrip("#")
    return "\n".join(prose)


def extract_script_prose(source: str) -> str:
    """Return a script or page without its comment marks, and with quotation marks around template literals.

    A backtick begins a code span in a comment, and a text in code.
    """
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if comment := _SCRIPT_COMMENT.match(line):
            lines[number] = f"{comment[1]}{comment[2]}"
        else:
            lines[number] = line.replace("`", '"')
    return "\n".join(lines)


def find_test_names(source: str, rules: Rules) -> Iterator[Finding]:
    """Yield a finding for each test function whose name is too long, or has a possessive or a forbidden phrase."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            if (length := len(node.name)) > MAX_TEST_NAME_LENGTH:
                yield node.lineno, f'"{node.name}" has {length} characters: write at most {MAX_TEST_NAME_LENGTH}'
            if "_s_" in node.name:
                yield node.lineno, f'"{node.name}": write the name without a possessive'
            for _, message in find_phrases(node.name.replace("_", " "), rules):
                yield node.lineno, message


def find_openapi_phrases(text: str, rules: Rules) -> Iterator[Finding]:
    """Yield a finding for each forbidden phrase in the texts of an OpenAPI document."""
    for value in dict.fromkeys(_iter_texts(json.loads(text))):
        for _, message in find_phrases(value, rules):
            position = text.find(json.dumps(value, ensure_ascii=False))
            yield text.count("\n", 0, max(position, 0)) + 1, message


def _iter_texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in _OPENAPI_TEXTS and isinstance(value, str):
                yield value
            else:
                yield from _iter_texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _iter_texts(item)


def check_file(file: Path, rules: Rules) -> list[Finding]:
    """Return all findings in a file, ordered by line."""
    text = file.read_text()
    if file.suffix == ".py":
        findings = [*find_phrases(extract_python_prose(text), rules), *find_test_names(text, rules)]
    elif file.name == "openapi.json":
        findings = [*find_openapi_phrases(text, rules)]
    elif file.suffix == ".md":
        findings = [*find_phrases(_MARKDOWN_FENCE.sub(_blank, text), rules)]
    elif file.suffix in _SCRIPT_SUFFIXES:
        findings = [*find_phrases(extract_script_prose(text), rules)]
    else:
        comments_without_marks = re.sub(r"^( *)#", r"\1 ", text, flags=re.MULTILINE)
        findings = [*find_phrases(comments_without_marks, rules)]
    return sorted(findings)


def list_files(root: Path) -> Iterator[Path]:
    """Yield the files to check below a directory, without installed packages and hidden directories."""
    for directory, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in _SKIPPED_DIRECTORIES and not name.startswith("."))
        for file in (Path(directory, name) for name in sorted(files)):
            if file.name in _CHECKED_NAMES or file.name.endswith(_CHECKED_ENDINGS):
                yield file


def main(root: Path) -> int:
    """Print all findings below a directory. Return 1 if there are any."""
    rules = load_rules()
    findings = [(file, *finding) for file in list_files(root) for finding in check_file(file, rules)]
    for file, line, message in findings:
        print(f"{file.relative_to(root)}:{line}: {message}")
    return bool(findings)


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2])))
