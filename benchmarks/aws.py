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
def embedded_aws(directory: Path) -> Iterator[tuple[LocalSettings, Child]]:
    """One with nothing in it, which keeps nothing."""
    local = LocalSettings(free_port(), free_port(), directory, {**os.environ, "PERSIST_STATE": "0"})
    log = directory / "aws.log"
    child = Child("the embedded AWS", [sys.executable, "-m", "local.aws"], local.environment(), log, lambda _: None)
    try:
        child.wait_until_serving(local.aws_endpoint_url + READY_PATH)
        yield local, child
    finally:
        child.stop()
