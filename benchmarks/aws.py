"""An embedded AWS for a measurement."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.aws import READY_PATH
from local.processes import Child, free_port
from local.settings import LocalSettings


@contextmanager
def embedded_aws(directory: Path, *, persistent: bool = False) -> Iterator[tuple[LocalSettings, Child]]:
    """Serve one with nothing in it that keeps nothing, or one that keeps its state in the directory."""
    inherited = {**os.environ, "PERSIST_STATE": str(int(persistent))}
    local = LocalSettings(free_port(), free_port(), directory, inherited)
    log = directory / "aws.log"
    child = Child("the embedded AWS", [sys.executable, "-m", "local.aws"], local.environment(), log, lambda _: None)
    try:
        child.wait_until_serving(local.aws_endpoint_url + READY_PATH)
        yield local, child
    finally:
        child.stop()
