"""Locks between processes on this machine. The operating system releases them when the process ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from infra.deploy.progress import DeployError

_LOCK_DIRECTORY: Final = Path(__file__).resolve().parents[2] / ".chalice" / "deployed"  # ignored by git


@contextmanager
def lock_stage(name: str, directory: Path = _LOCK_DIRECTORY) -> Iterator[None]:
    """Lock a stage. Raises DeployError if another process is deploying or destroying it."""
    with _open_lock(directory / f"{name}.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DeployError(f"Another process is deploying or destroying {name}. Wait until it ends.") from None
        yield


@contextmanager
def lock_config(directory: Path = _LOCK_DIRECTORY) -> Iterator[None]:
    """Lock .chalice/config.json, which all stages share. Wait while another process has the lock."""
    with _open_lock(directory / "configuration.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open_lock(file: Path) -> IO[str]:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("a")
