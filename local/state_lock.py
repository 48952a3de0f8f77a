"""The lock of a state directory: only one run at a time uses it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOCK_FILE_NAME: Final = "lock"  # contains the id of the process that uses the directory


class StateInUse(Exception):
    """Another process uses the state directory."""

    def __init__(self, directory: Path, process: str) -> None:
        super().__init__(f"Process {process} is running with its state in {directory}.")


@contextmanager
def lock_directory(directory: Path) -> Iterator[None]:
    """Lock the state directory for this process. Create it if it does not exist.

    Raises StateInUse if another process has locked it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / LOCK_FILE_NAME).open("a+") as lock:
        lock.seek(0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StateInUse(directory, lock.read()) from None
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield
