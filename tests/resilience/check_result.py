"""A line of the table that `make faults` prints."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class CheckResult:
    """One acceptance criterion: its name, the measured value and whether the value meets the criterion."""

    name: str
    measured: str
    passed: bool


def format_statuses(statuses: Counter[int]) -> str:
    """Return how often each status was returned."""
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
