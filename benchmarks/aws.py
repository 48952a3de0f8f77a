"""An embedded AWS for a measurement."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.config import LocalSettings
from local.emulator import READY_PATH
from local.ports import allocate_port
from local.processes import ChildProcess


@contextmanager
def start_emulator(directory: Path, *, persistent: bool = False) -> Iterator[tuple[LocalSettings, ChildProcess]]:
    """Serve one with nothing in it that keeps nothing, or one that keeps its state in the directory."""
    inherited = {**os.environ, "PERSIST_STATE": str(int(persistent))}
    local = LocalSettings(allocate_port(), allocate_port(), directory, inherited)
    log = directory / "aws.log"
    child = ChildProcess(
        "the embedded AWS", [sys.executable, "-m", "local.aws"], local.environment(), log, lambda _: None
    )
    try:
        child.wait_until_serving(local.aws_endpoint_url + READY_PATH)
        yield local, child
    finally:
        child.stop()
