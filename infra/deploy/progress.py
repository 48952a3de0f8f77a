"""Print the progress of a command: one line per step, with its result and its duration."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class DeployError(Exception):
    """An expected failure of a command. Its message is shown to the operator without a traceback."""


class StepResult:
    """The result of a step in progress. It is printed when the step succeeds."""

    def __init__(self) -> None:
        self.result = "done"


@contextmanager
def report_step(name: str) -> Iterator[StepResult]:
    """Print the outcome of a step when its block ends."""
    started = time.monotonic()
    step = StepResult()
    try:
        yield step
    except DeployError:
        print_line(f"  --  {name:<14} failed")
        raise
    print_line(f"  ok  {name:<14} {step.result} ({time.monotonic() - started:.1f} s)")


def print_line(line: str) -> None:
    """Print a line without buffering."""
    print(line, flush=True)


def print_warning(text: str) -> None:
    """Print a warning. The command continues."""
    print_line(f"  !!  {text}")


def print_error(error: DeployError) -> int:
    """Print the error to stderr. Return the exit code 1."""
    print(error, file=sys.stderr, flush=True)
    return 1
