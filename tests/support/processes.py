"""Processes of this machine, by Linux's /proc."""

from contextlib import suppress
from pathlib import Path


def children(process: int) -> list[int]:
    """All processes below one."""
    found: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == process:
                pid = int(status.parent.name)
                found += [pid, *children(pid)]
    return found


def is_running(process: int) -> bool:
    """Whether it runs; one that has ended, and that init has not got round to yet, does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
