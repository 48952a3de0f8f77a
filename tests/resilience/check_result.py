"""A line of the table that `make faults` prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckResult:
    """One acceptance criterion: its name, the measured value and whether the value meets the criterion."""

    name: str
    measured: str
    passed: bool
