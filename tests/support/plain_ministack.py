"""MiniStack without the patches of this project, for the tests that fail when MiniStack no longer needs one."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests

from local import config
from local.config import ROOT, LocalSettings
from local.emulator import READY_PATH, emulator_environment
from local.ports import allocate_port
from local.resources.builder import create_stack
from local.user_client import UserClient
from tests.support.stack import STACK_TIMEOUT, wait_until

_SERVER: Final = """
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
    """Start plain MiniStack, create the resources of `make run` in it and yield a client of them."""
    local = LocalSettings(allocate_port(), allocate_port(), directory, {})
    environment = {**local.environment(), **emulator_environment(local), "PERSIST_STATE": "0"}
    address = f"{config.HOST}:{local.aws_port}"
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, address],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _is_ready(local.aws_endpoint_url + READY_PATH))
        yield UserClient(create_stack(local, has_guardduty=False))
    finally:
        process.terminate()
        process.wait(STACK_TIMEOUT)


def _is_ready(url: str) -> bool:
    try:
        return requests.get(url, timeout=1).ok
    except requests.RequestException:
        return False
