"""The other targets that work with a run: `make token`, `make reconcile` and `make reset`."""

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


def make(target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    given = [f"{name}={value}" for name, value in variables.items() if name != "LOCAL_DIR"]
    environment = {**os.environ, "LOCAL_DIR": variables["LOCAL_DIR"], "PYTHON": sys.executable}
    return subprocess.run(
        ["make", "-s", target, *given], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=STACK_TIMEOUT
    )


@pytest.mark.slow
def test_a_reset_waits_for_the_end_of_a_run_and_then_forgets(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with start_stack(state) as run:
        refused = make("reset", LOCAL_DIR=str(state))
        assert refused.returncode != 0
        assert f"Process {run.process.pid} is running with its state in {state}. Stop it first." in refused.stderr
        assert run.outputs.api_url
        run.stop()
    done = make("reset", LOCAL_DIR=str(state))
    assert (done.returncode, done.stdout) == (0, f"Removed all users, files and logs in {state}.\n")
    assert not state.exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_reset_of_nothing_removes_nothing(tmp_path: Path, is_there: bool) -> None:
    directory = tmp_path / "other"
    if is_there:
        directory.mkdir()
    done = make("reset", LOCAL_DIR=str(directory))
    assert (done.returncode, done.stdout) == (0, f"There is no state in {directory}.\n")
    assert directory.exists() == is_there


@pytest.mark.parametrize(
    "password", ["Strong$Pass123!", "it's 1 Strong Pass!", 'Quo"te\\1 Strong!', "$(HOME)Strong1!x"]
)
def test_a_password_of_any_characters_signs_in(run: RunningStack, password: str) -> None:
    session, email = UserClient(run.outputs), generate_email()
    session.sign_up(email, password, sign_up_attributes(email))
    session.confirm(email, CONFIRMATION_CODE)
    done = make("token", EMAIL=email, PASSWORD=password, LOCAL_DIR=str(run.directory))
    assert (done.returncode, done.stdout.count("."), done.stderr) == (0, 2, "")


def test_a_sign_in_without_words_says_which_it_wants(run: RunningStack) -> None:
    done = make("token", LOCAL_DIR=str(run.directory))
    assert "usage: make -s token EMAIL=... PASSWORD=..." in done.stderr


@pytest.mark.parametrize("is_killed", [True, False])
@pytest.mark.parametrize("target", ["token", "reconcile"])
def test_a_target_that_needs_a_run_says_so(run: RunningStack, tmp_path: Path, target: str, is_killed: bool) -> None:
    if is_killed:  # a run that was killed leaves its file
        replace(run.outputs, aws_endpoint_url=f"http://127.0.0.1:{allocate_port()}").write(tmp_path / "stack.json")
    done = make(target, EMAIL="a@b.example", PASSWORD="x", LOCAL_DIR=str(tmp_path))
    assert done.returncode != 0
    assert done.stderr.startswith("Nothing is running here: start it with make run.\n")
