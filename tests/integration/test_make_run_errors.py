"""`make run` reports a failed start in one line."""

import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local.config import ROOT
from local.ports import allocate_port
from tests.support.stack import STACK_TIMEOUT, RunningStack

PORT_VARIABLES = ("API_PORT", "AWS_PORT", "CONSOLE_PORT")


def allocate_ports() -> dict[str, str]:
    """Return free ports by variable, in the order of the suggested commands."""
    return {variable: str(allocate_port()) for variable in PORT_VARIABLES}


def run_local(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m local` until it exits."""
    return subprocess.run(
        [sys.executable, *options, "-m", "local"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=STACK_TIMEOUT,
    )


@pytest.mark.parametrize("variable", PORT_VARIABLES)
def test_port_in_use_is_reported_in_one_line(tmp_path: Path, variable: str) -> None:
    ports = allocate_ports()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = run_local(**{**ports, "LOCAL_DIR": str(tmp_path), variable: str(port)})
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Port {port} is in use.")
    assert f" {variable}=" in line
    assert line.endswith(f" LOCAL_DIR={tmp_path} make run")


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1"])
def test_invalid_port_is_reported_in_one_line(value: str) -> None:
    done = run_local(API_PORT=value)
    assert (done.returncode, done.stderr) == (1, "API_PORT must be a port number from 1 to 65535\n")


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(PORT_VARIABLES, 2)))
def test_equal_ports_are_reported_in_one_line(first: str, second: str) -> None:
    ports = allocate_ports()
    done = run_local(**{**ports, second: ports[first]})
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        [f"{first} and {second} are the same: choose another for one of them"],
    )


def test_missing_packages_are_reported_in_one_line() -> None:
    done = run_local("-S")
    assert done.returncode == 1
    assert done.stderr == "The embedded AWS is not installed: pip install -r requirements-run.txt\n"


def test_state_in_use_is_reported_in_one_line(stack: RunningStack) -> None:
    ports = allocate_ports()
    done = run_local(**ports, LOCAL_DIR=str(stack.directory))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    variables = " ".join(f"{name}={port}" for name, port in ports.items()) + f" LOCAL_DIR=.local-{ports['API_PORT']}"
    assert f"Process {stack.process.pid} is running with its state in {stack.directory}." in done.stderr
    assert done.stderr.endswith(f"start a second one: {variables} make run\n")
    assert stack.outputs.api_url  # stack.json of the running stack is unchanged
