"""Processes of this machine, read from /proc of Linux."""

from contextlib import suppress
from pathlib import Path


def list_descendants(process: int) -> list[int]:
    """Return the ids of a process's children, of their children, and so on."""
    descendants: list[int] = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # the process has ended since glob listed it
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            if parent == process:
                pid = int(status.parent.name)
                descendants += [pid, *list_descendants(pid)]
    return descendants


def is_running(process: int) -> bool:
    """Return True if the process runs. A zombie, which has ended but has not been reaped, does not run."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"
