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
def start_emulator(
    directory: Path, *, persistent: bool = False, **environment: str
) -> Iterator[tuple[LocalSettings, ChildProcess]]:
    """Start an embedded AWS and yield its settings and its process. Its log is aws.log in `directory`.

    A persistent one stores its state in `directory`. Others lose it when they stop.
    """
    inherited = {**os.environ, "PERSIST_STATE": str(int(persistent))}
    local = LocalSettings(allocate_port(), allocate_port(), directory, inherited)
    process = ChildProcess(
        "the embedded AWS",
        [sys.executable, "-m", "local.emulator"],
        {**local.environment(), **environment},
        directory / "aws.log",
        lambda _: None,
    )
    try:
        process.wait_until_serving(local.aws_endpoint_url + READY_PATH)
        yield local, process
    finally:
        process.stop()
