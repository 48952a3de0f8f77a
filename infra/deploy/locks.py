"""Locks between processes of this machine. They end with the process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from infra.deploy.console import Failure

_DIRECTORY: Final = Path(__file__).resolve().parents[2] / ".chalice" / "deployed"  # which git ignores


@contextmanager
def locked_stage(name: str, directory: Path = _DIRECTORY) -> Iterator[None]:
    """Keep a stage to this process. Raises Failure if another one deploys it or takes it down."""
    with _open(directory / f"{name}.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failure(f"Another process deploys {name} or takes it down. Wait for its end.") from None
        yield


@contextmanager
def locked_configuration(directory: Path = _DIRECTORY) -> Iterator[None]:
    """Wait until no other process changes .chalice/config.json, which holds all stages."""
    with _open(directory / "configuration.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _open(file: Path) -> IO[str]:
    file.parent.mkdir(parents=True, exist_ok=True)
    return file.open("a")
