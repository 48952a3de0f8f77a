"""What `make run` says: short lines, coloured only on a terminal that wants it."""

import os
import sys
from typing import Final, TextIO

_CODES: Final = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


def _style(text: str, name: str, stream: TextIO | None = None) -> str:
    plain = not (stream or sys.stdout).isatty() or "NO_COLOR" in os.environ  # https://no-color.org
    return text if plain else f"\033[{_CODES[name]}m{text}\033[0m"


def _say(line: str = "") -> None:
    print(line, flush=True)


def title(text: str) -> None:
    """A heading, after an empty line."""
    _say()
    _say(_style(text, "bold"))


def fact(name: str, value: str) -> None:
    """A name and what it stands for."""
    _say(f"  {_style('ok', 'green')}  {name:<16} {value}")


def step(number: int, name: str, result: str) -> None:
    """One step of the example, and what came of it."""
    _say(f"  {_style(str(number), 'cyan')}   {name:<21} {result}")


def command(text: str) -> None:
    """Lines to copy and paste."""
    for line in text.splitlines():
        _say(f"  {line}".rstrip())


def note(text: str) -> None:
    """A remark beside the matter."""
    _say(_style(text, "dim"))


def request(request: str, status: int, milliseconds: float, note: str) -> None:
    """Show a request that was answered, and what is to be said of it."""
    colour = "green" if status < 400 else "red"
    time = _style(f"{milliseconds} ms", "dim")
    _say(f"  {_style(str(status), colour)}  {_escape(request)}  {time}  {_escape(note)}".rstrip())


def _escape(text: str) -> str:
    """Escape what a client may have sent to control the terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def failure(text: str) -> None:
    """The one line that tells why it stops."""
    print(_style(text, "red", sys.stderr), file=sys.stderr, flush=True)
