"""One line of the table that `make faults` prints."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CheckResult:
    """One line of the table: what was promised, what was measured, and whether it held."""

    bar: str
    measured: str
    held: bool
