"""MiniStack as it comes, without this project's patches, for the tests that say when one is needed no more."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import settings
from local.aws import READY_PATH, configuration
from local.processes import free_port
from local.session import Session
from local.settings import ROOT, LocalSettings
from local.stack import build
from tests.integration.conftest import PATIENCE

_SERVER = """
import asyncio, sys
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app
config = Config()
config.bind = [sys.argv[1]]
asyncio.run(serve(app, config))
"""


@contextmanager
def plain_ministack(directory: Path) -> Iterator[Session]:
    """Run plain MiniStack with the stack of `make run` in it."""
    local = LocalSettings(free_port(), free_port(), directory, {})
    environment = {**local.environment(), **configuration(local), "PERSIST_STATE": "0"}
    address = f"{settings.HOST}:{local.aws_port}"
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, address], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(local.aws_endpoint_url + READY_PATH, timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield Session(build(local))
    finally:
        process.terminate()
        process.wait(PATIENCE)
