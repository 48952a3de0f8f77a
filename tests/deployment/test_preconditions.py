"""`make deploy` says in one line what is missing, before anything is touched."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.deploy import locks, preflight, runtime
from infra.deploy.console import DeployError
from local.config import ROOT, AccessKey

CLOSED = "http://127.0.0.1:9"
TERRAFORM = "#!/bin/sh\necho Terraform v{version}\n"


def deploy(
    command: str,
    stage: str,
    path: Path | None = None,
    program: Sequence[str] = ("-m", "infra.deploy"),
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """With an AWS that nobody answers for, and with `path` as the only place to find tools in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    if path:
        kept["PATH"] = str(path)
    return subprocess.run(
        [sys.executable, *program, command],
        cwd=ROOT,
        env={
            **kept,
            "STAGE_NAME": stage,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": CLOSED,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def terraform(directory: Path, version: str) -> Path:
    """A directory with nothing but a Terraform of this version."""
    file = directory / "terraform"
    file.write_text(TERRAFORM.format(version=version))
    file.chmod(0o755)
    return directory


def assert_told(done: subprocess.CompletedProcess[str], text: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert text in line


@pytest.mark.parametrize("command", ["up", "down"])
def test_the_stage_must_be_named(command: str) -> None:
    assert_told(deploy(command, ""), "STAGE is missing.")


@pytest.mark.parametrize("name", ["local", "default", "Dev", "d", "dev-2", "a" * 13, "../dev"])
def test_a_stage_s_name_must_fit_everywhere(name: str) -> None:
    assert_told(deploy("up", name), "STAGE must be 2 to 12 lower-case letters and digits")


@pytest.mark.parametrize("target", ["deploy", "destroy", "restore", "reconcile"])
def test_stage_name_is_run_by_neither_shell_nor_make(target: str, tmp_path: Path) -> None:
    name, made = "x'; touch made; ' $(touch made) $(shell touch made) `touch made`", ROOT / "made"
    done = subprocess.run(
        ["make", "-s", target, f"STAGE={name}", "INSTALLED=", f"BIN={Path(sys.executable).parent}"],
        cwd=ROOT, env={**os.environ, "AWS_ENDPOINT_URL": CLOSED, "LOCAL_DIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    is_made = made.exists()
    made.unlink(missing_ok=True)
    assert not is_made
    assert "STAGE must be 2 to 12 lower-case letters and digits" in done.stderr


def test_stage_that_is_being_deployed_is_refused_in_one_line(tmp_path: Path) -> None:
    with locks.lock_stage("busy"):
        assert_told(deploy("up", "busy", path=tmp_path), "Another process is deploying or destroying busy.")


def test_terraform_must_be_there(tmp_path: Path) -> None:
    assert_told(deploy("down", "dev", path=tmp_path), "terraform is missing")


def test_terraform_must_be_new_enough(tmp_path: Path) -> None:
    path = terraform(tmp_path, "1.5.7")
    assert_told(
        deploy("down", "dev", path=path, **AccessKey.generate().variables),
        "terraform is too old: 1.9 or newer is needed",
    )


def test_there_must_be_credentials(tmp_path: Path) -> None:
    path = terraform(tmp_path, "1.11.4")
    nobody = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    assert_told(
        deploy("down", "dev", path=path, **nobody),
        "Could not verify the AWS credentials: Unable to locate credentials.",
    )


@pytest.mark.slow
def test_aws_must_know_them(tmp_path: Path) -> None:
    path = terraform(tmp_path, "1.11.4")
    assert_told(
        deploy("down", "dev", path=path, **AccessKey.generate().variables),
        "Could not verify the AWS credentials: Could not connect",
    )


SLOW = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: (time.sleep(1), pathlib.Path("state").write_text("saved"), sys.exit({code})))
pathlib.Path("ready").write_text("")
time.sleep(60)
"""
# Whatever has started the tests may ignore Ctrl-C, as a shell does for what it runs in the background.
RUNNER = """
import os, pathlib, signal, sys
from infra.deploy.subprocesses import run
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    run([sys.executable, "-c", sys.argv[1]], pathlib.Path(sys.argv[2]), os.environ)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("code", [0, 1])
def test_ctrl_c_lets_terraform_save_what_it_has_done(tmp_path: Path, code: int) -> None:
    """Both get the signal, as from a terminal; the child takes longer than Python's own patience."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, SLOW.format(code=code), str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not (tmp_path / "ready").exists():
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    told, _ = process.communicate(timeout=30)
    assert "to stop safely" in told
    assert told.splitlines()[-1] == "interrupted"
    assert (tmp_path / "state").read_text() == "saved"


@pytest.mark.parametrize("name", ["python3.11", "python3.15"])
def test_unsuitable_python_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(DeployError) as caught:
        runtime.require_supported(name)
    assert str(caught.value) == (
        f"Lambda supports python3.12, python3.13, python3.14, but .venv has {name}. "
        "Install a supported version, run make clean, then run the same command again."
    )


UNDER_3_11 = """
import sys
from infra.deploy import __main__, runtime
runtime.CURRENT = "python3.11"
sys.exit(__main__.main())
"""


def test_unsuitable_python_is_refused_before_anything_else(tmp_path: Path) -> None:
    assert_told(deploy("up", "dev", path=tmp_path, program=["-c", UNDER_3_11]), ".venv has python3.11")


@pytest.mark.parametrize("name", ["python3.12", "python3.13", "python3.14"])
def test_runtimes_of_lambda_are_accepted(name: str) -> None:
    runtime.require_supported(name)


def test_change_of_the_runtime_is_announced() -> None:
    notice = runtime.describe_change({"python3.12", "python3.13"}, "python3.13")
    assert notice is not None
    assert notice.startswith(
        "The runtime of the functions changes from python3.12 to python3.13. Each function fails for a few seconds"
    )


@pytest.mark.parametrize("deployed", [set(), {"python3.13"}])
def test_same_runtime_is_not_announced(deployed: set[str]) -> None:
    assert runtime.describe_change(deployed, "python3.13") is None


def test_the_account_must_be_the_stage_s() -> None:
    preflight.check_account("111111111111", {})
    preflight.check_account("111111111111", {"account": "111111111111"})
    with pytest.raises(
        DeployError, match="The stage is in account 222222222222, but the credentials belong to account 111111111111"
    ):
        preflight.check_account("111111111111", {"account": "222222222222"})
