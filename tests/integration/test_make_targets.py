"""The make targets that need a running stack: `make token`, `make reconcile` and `make reset`."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from local.config import ROOT
from local.emulator import CONFIRMATION_CODE
from local.ports import allocate_port
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.stack import STACK_TIMEOUT, RunningStack, start_stack
from tests.support.users import generate_email


def run_make(target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a target. LOCAL_DIR is set in the environment, other variables on the command line."""
    assignments = [f"{name}={value}" for name, value in variables.items() if name != "LOCAL_DIR"]
    environment = {**os.environ, "LOCAL_DIR": variables["LOCAL_DIR"], "PYTHON": sys.executable}
    return subprocess.run(
        ["make", "-s", target, *assignments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=STACK_TIMEOUT,
    )


@pytest.mark.slow
def test_reset_is_rejected_until_the_stack_stops(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with start_stack(state) as stack:
        rejected = run_make("reset", LOCAL_DIR=str(state))
        assert rejected.returncode != 0
        assert f"Process {stack.process.pid} is running with its state in {state}. Stop it first." in rejected.stderr
        assert stack.outputs.api_url
        stack.stop()
    done = run_make("reset", LOCAL_DIR=str(state))
    assert (done.returncode, done.stdout) == (0, f"Removed all users, files and logs in {state}.\n")
    assert not state.exists()


@pytest.mark.parametrize("exists", [True, False])
def test_reset_without_state_deletes_nothing(tmp_path: Path, exists: bool) -> None:
    directory = tmp_path / "other"
    if exists:
        directory.mkdir()
    done = run_make("reset", LOCAL_DIR=str(directory))
    assert (done.returncode, done.stdout) == (0, f"There is no state in {directory}.\n")
    assert directory.exists() == exists


@pytest.mark.parametrize(
    "password", ["Strong$Pass123!", "it's 1 Strong Pass!", 'Quo"te\\1 Strong!', "$(HOME)Strong1!x"]
)
def test_password_with_special_characters_signs_in(stack: RunningStack, password: str) -> None:
    user_client, email = UserClient(stack.outputs), generate_email()
    user_client.sign_up(email, password, sign_up_attributes(email))
    user_client.confirm(email, CONFIRMATION_CODE)
    done = run_make("token", EMAIL=email, PASSWORD=password, LOCAL_DIR=str(stack.directory))
    assert (done.returncode, done.stdout.count("."), done.stderr) == (0, 2, "")


def test_token_without_variables_prints_usage(stack: RunningStack) -> None:
    done = run_make("token", LOCAL_DIR=str(stack.directory))
    assert "usage: make -s token EMAIL=... PASSWORD=..." in done.stderr


@pytest.mark.parametrize("is_killed", [True, False])
@pytest.mark.parametrize("target", ["token", "reconcile"])
def test_target_without_a_running_stack_fails_in_one_line(
    stack: RunningStack, tmp_path: Path, target: str, is_killed: bool
) -> None:
    if is_killed:  # a killed process leaves its stack.json
        replace(stack.outputs, aws_endpoint_url=f"http://127.0.0.1:{allocate_port()}").write(tmp_path / "stack.json")
    done = run_make(target, EMAIL="a@b.example", PASSWORD="x", LOCAL_DIR=str(tmp_path))
    assert done.returncode != 0
    assert done.stderr.startswith("Nothing is running here: start it with make run.\n")
