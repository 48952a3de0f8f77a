"""Stacks of `make run`, each on its own ports and with its own state."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from local.api_server import ApiServer
from local.config import ROOT, LocalSettings
from local.ports import allocate_port
from local.stack import Stack
from local.user_client import UserClient
from tests.support.personal_data import assert_no_personal_data

STACK_TIMEOUT: Final = 30  # seconds for a stack to start or to stop
_POLL_SECONDS: Final = 0.05
_output_numbers = itertools.count(1)


@dataclass
class RunningStack:
    """A running `python -m local`: its process, its state directory and its console output."""

    process: subprocess.Popen[str]
    directory: Path
    console_output: Path

    @property
    def outputs(self) -> Stack:
        """The content of stack.json: URLs, ids and the access key."""
        return Stack.read(self.directory / "stack.json")

    def wait_for_output(self, text: str, count: int = 1) -> None:
        """Wait until the console output contains `text` as often as `count`."""
        wait_until(
            lambda: self.console_output.read_text().count(text) >= count or self.process.poll() is not None,
            self.console_output.read_text,
        )
        output = self.console_output.read_text()
        assert output.count(text) >= count, f"exited without {text!r}:\n{output}"

    def read_logs(self) -> str:
        """Return the logs of the API and of the functions."""
        logs = (self.directory / "api.log", self.directory / "aws.log")
        return "".join(log.read_text() for log in logs if log.exists())

    def get_request_log(self, request_id: str) -> list[dict[str, Any]]:
        """Return the API's log lines of a request, including the line of the local gateway."""
        deadline = time.monotonic() + STACK_TIMEOUT
        while time.monotonic() < deadline:
            lines = (self.directory / "api.log").read_text().splitlines()
            matches = [json.loads(line) for line in lines if line.endswith("}") and request_id in line]
            if any("request" in line for line in matches):
                return matches
            time.sleep(_POLL_SECONDS)
        raise AssertionError(f"no log line of request {request_id}")

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(signal_number)
        return self.process.wait(STACK_TIMEOUT)


def wait_until(condition: Callable[[], bool], describe: Callable[[], str] = str) -> None:
    """Poll until the condition is true. Fails with the description after STACK_TIMEOUT seconds."""
    deadline = time.monotonic() + STACK_TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, describe()
        time.sleep(_POLL_SECONDS)


def list_ports(stack: RunningStack) -> list[int]:
    """Return the ports of the API, of the embedded AWS and of the console."""
    outputs = stack.outputs
    urls = (outputs.api_url, outputs.aws_endpoint_url, outputs.console_url or "")
    return [urlsplit(url).port or 0 for url in urls]


def get_unauthenticated_detail(api_url: str) -> str:
    """Return the detail of the 401 for a request without a token, or "" while nothing listens."""
    try:
        response = requests.get(f"{api_url}/users/me", timeout=5)
    except requests.RequestException:
        return ""
    assert response.status_code == 401, response.text
    return str(response.json()["detail"])


@contextmanager
def start_stack(
    directory: Path,
    tree: Path = ROOT,
    ports: tuple[int, int] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[RunningStack]:
    """Start a stack from the checkout `tree` and yield it once it is ready. Stop it at the end.

    `variables` are added to its environment.
    """
    api_port, aws_port = ports or (allocate_port(), allocate_port())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"API_PORT": str(api_port), "AWS_PORT": str(aws_port), "LOCAL_DIR": str(directory)}
    environment |= {"CONSOLE_PORT": str(allocate_port()), **(variables or {})}
    directory.mkdir(parents=True, exist_ok=True)
    output = directory / f"output-{next(_output_numbers)}.log"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local"], cwd=tree, env=environment, stdout=log, stderr=log, text=True
        )
    stack = RunningStack(process, directory, output)
    try:
        stack.wait_for_output("Ready in")
        yield stack
    finally:
        if process.poll() is None:
            stack.stop()
    assert_no_personal_data(stack.read_logs())


class _ApiSettings(LocalSettings):
    """Settings of an API whose base environment is its own, not the user's."""

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in self.base_environment.items() if name != "PATH"}
        return {**super().environment(), **own}


@contextmanager
def start_api(outputs: Stack, directory: Path, **variables: str) -> Iterator[UserClient]:
    """Start another API of a running stack with these environment variables. Yield a client of this API.

    Its log is `api.log` in the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    aws_port = urlsplit(outputs.aws_endpoint_url).port or 0
    environment = {"PATH": "/usr/bin:/bin", **variables}
    settings = _ApiSettings(allocate_port(), aws_port, directory, environment, outputs.access_key)
    with ApiServer(settings, outputs):
        yield UserClient(replace(outputs, api_url=settings.api_url))
    assert_no_personal_data((directory / "api.log").read_text())
