"""MiniStack as it comes, without this project's patches, for the tests that say when one is needed no more."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import config
from local.config import ROOT, LocalSettings
from local.emulator import READY_PATH, emulator_environment
from local.ports import allocate_port
from local.resources.builder import create_stack
from local.user_client import UserClient
from tests.support.stack import STACK_TIMEOUT

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
def start_plain_ministack(directory: Path) -> Iterator[UserClient]:
    """Run plain MiniStack with the stack of `make run` in it."""
    local = LocalSettings(allocate_port(), allocate_port(), directory, {})
    environment = {**local.environment(), **emulator_environment(local), "PERSIST_STATE": "0"}
    address = f"{config.HOST}:{local.aws_port}"
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, address], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + STACK_TIMEOUT
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(local.aws_endpoint_url + READY_PATH, timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield UserClient(create_stack(local))
    finally:
        process.terminate()
        process.wait(STACK_TIMEOUT)
