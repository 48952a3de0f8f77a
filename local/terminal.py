"""Console output of the local commands: short lines, colored only on a terminal that supports it."""

import os
import sys
from typing import Final, TextIO

_COLOR_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


def _style(text: str, name: str, stream: TextIO | None = None) -> str:
    plain = not (stream or sys.stdout).isatty() or "NO_COLOR" in os.environ  # https://no-color.org
    return text if plain else f"\033[{_COLOR_CODES[name]}m{text}\033[0m"


def _print(line: str = "") -> None:
    print(line, flush=True)


def print_first_line(text: str) -> None:
    """Print a line in bold, without an empty line before it."""
    _print(_style(text, "bold"))


def print_title(text: str) -> None:
    """Print a heading after an empty line."""
    _print()
    _print(_style(text, "bold"))


def print_fact(name: str, value: str) -> None:
    """Print a name and its value."""
    _print(f"  {_style('ok', 'green')}  {name:<16} {value}")


def print_step(number: int, name: str, result: str) -> None:
    """Print one step of the demo and its result."""
    _print(f"  {_style(str(number), 'cyan')}   {name:<21} {result}")


def print_commands(text: str) -> None:
    """Print lines that the user can copy and paste."""
    for line in text.splitlines():
        _print(f"  {line}".rstrip())


def print_note(text: str) -> None:
    """Print additional information."""
    _print(_style(text, "dim"))


def print_request(request: str, status: int, milliseconds: float, note: str) -> None:
    """Print a request with its status, its duration, and a note such as the reason for an error."""
    color = "green" if status < 400 else "red"
    time = _style(f"{milliseconds} ms", "dim")
    _print(f"  {_style(str(status), color)}  {_escape(request)}  {time}  {_escape(note)}".rstrip())


def _escape(text: str) -> str:
    """Escape characters that could control the terminal. Clients can send them."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def print_error(text: str) -> None:
    """Print the reason for a failure to standard error."""
    print(_style(text, "red", sys.stderr), file=sys.stderr, flush=True)
