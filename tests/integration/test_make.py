"""The other targets that speak to a run: `make token` and `make reset`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.aws import CONFIRMATION_CODE
from local.session import Session
from local.settings import ROOT
from tests.integration.conftest import PATIENCE, Run, attributes, new_email, running


def make(target: str, **variables: str) -> subprocess.CompletedProcess[str]:
    given = [f"{name}={value}" for name, value in variables.items() if name != "LOCAL_DIR"]
    environment = {**os.environ, "LOCAL_DIR": variables["LOCAL_DIR"], "PYTHON": sys.executable}
    return subprocess.run(
        ["make", "-s", target, *given], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )


def test_a_reset_waits_for_the_end_of_a_run_and_then_forgets(tmp_path: Path) -> None:
    with running(tmp_path / "state") as run:
        refused = make("reset", LOCAL_DIR=str(run.directory))
        assert refused.returncode != 0
        assert "Stop it first." in refused.stderr
        assert run.stack.api_url
        run.stop()
    assert make("reset", LOCAL_DIR=str(tmp_path / "state")).returncode == 0
    assert not (tmp_path / "state").exists()
    assert make("reset", LOCAL_DIR=str(tmp_path / "state")).returncode == 0


@pytest.mark.parametrize(
    "password", ["Strong$Pass123!", "it's 1 Strong Pass!", 'Quo"te\\1 Strong!', "$(HOME)Strong1!x"]
)
def test_a_password_of_any_characters_signs_in(run: Run, password: str) -> None:
    session, email = Session(run.stack), new_email()
    session.sign_up(email, password, attributes(email))
    session.confirm(email, CONFIRMATION_CODE)
    done = make("token", EMAIL=email, PASSWORD=password, LOCAL_DIR=str(run.directory))
    assert (done.returncode, done.stdout.count("."), done.stderr) == (0, 2, "")


def test_a_sign_in_without_words_says_which_it_wants(run: Run) -> None:
    done = make("token", LOCAL_DIR=str(run.directory))
    assert "usage: make -s token EMAIL=... PASSWORD=..." in done.stderr


def test_a_sign_in_to_nothing_says_so(tmp_path: Path) -> None:
    done = make("token", EMAIL="a@b.example", PASSWORD="x", LOCAL_DIR=str(tmp_path))
    assert done.stderr.startswith("Nothing is running here: start it with make run.")
