"""What the commands print: a line a step, with what came of it and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Failure(Exception):
    """Why it can't go on, in lines for whoever runs the command."""


class Step:
    """A step under way; its result is shown when it ends well."""

    def __init__(self) -> None:
        self.result = "done"


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Do something and tell of it."""
    started = time.monotonic()
    under_way = Step()
    try:
        yield under_way
    except Failure:
        say(f"  --  {name:<14} failed")
        raise
    say(f"  ok  {name:<14} {under_way.result} ({time.monotonic() - started:.1f} s)")


def say(line: str) -> None:
    """To whoever runs the command."""
    print(line, flush=True)


def warn(text: str) -> None:
    """Something to know that does not stop the command."""
    say(f"  !!  {text}")


def failed(failure: Failure) -> int:
    """The reason, and the exit code."""
    print(failure, file=sys.stderr, flush=True)
    return 1
