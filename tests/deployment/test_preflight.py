"""`make deploy` and `make destroy` report a missing prerequisite in one line, before they change anything."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.deploy import locks, preflight, runtime
from infra.deploy.progress import DeployError
from local.config import ROOT, AccessKey
from tests.support.data import CLOSED_PORT_ENDPOINT

FAKE_TERRAFORM = "#!/bin/sh\necho Terraform v{version}\n"


def run_deploy(
    command: str,
    stage: str,
    path: Path | None = None,
    program: Sequence[str] = ("-m", "infra.deploy"),
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command against an endpoint that nothing listens on. If `path` is given, tools are looked up only there."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    if path:
        inherited["PATH"] = str(path)
    return subprocess.run(
        [sys.executable, *program, command],
        cwd=ROOT,
        env={
            **inherited,
            "STAGE_NAME": stage,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": CLOSED_PORT_ENDPOINT,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def write_fake_terraform(directory: Path, version: str) -> Path:
    """Write a program that prints this version of Terraform. Return the directory, which has no other program."""
    file = directory / "terraform"
    file.write_text(FAKE_TERRAFORM.format(version=version))
    file.chmod(0o755)
    return directory


def assert_rejected(done: subprocess.CompletedProcess[str], text: str) -> None:
    """Check that the command has failed with one line that contains `text`."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert text in line


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_missing_stage_name_is_rejected(command: str) -> None:
    assert_rejected(run_deploy(command, ""), "STAGE is missing.")


@pytest.mark.parametrize("name", ["local", "default", "Dev", "d", "dev-2", "a" * 13, "../dev"])
def test_invalid_stage_name_is_rejected(name: str) -> None:
    assert_rejected(run_deploy("deploy", name), "STAGE must be 2 to 12 lower-case letters and digits")


@pytest.mark.parametrize("target", ["deploy", "destroy", "restore", "reconcile"])
def test_stage_name_is_never_run_as_code(target: str, tmp_path: Path) -> None:
    name, file = "x'; touch made; ' $(touch made) $(shell touch made) `touch made`", ROOT / "made"
    done = subprocess.run(
        ["make", "-s", target, f"STAGE={name}", "INSTALLED=", f"BIN={Path(sys.executable).parent}"],
        cwd=ROOT, env={**os.environ, "AWS_ENDPOINT_URL": CLOSED_PORT_ENDPOINT, "LOCAL_DIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    was_created = file.exists()
    file.unlink(missing_ok=True)
    assert not was_created
    assert "STAGE must be 2 to 12 lower-case letters and digits" in done.stderr


def test_stage_that_is_being_deployed_is_rejected(tmp_path: Path) -> None:
    with locks.lock_stage("busy"):
        assert_rejected(run_deploy("deploy", "busy", path=tmp_path), "Another process is deploying or destroying busy.")


def test_missing_terraform_is_rejected(tmp_path: Path) -> None:
    assert_rejected(run_deploy("destroy", "dev", path=tmp_path), "terraform is missing")


def test_old_terraform_is_rejected(tmp_path: Path) -> None:
    path = write_fake_terraform(tmp_path, "1.5.7")
    assert_rejected(
        run_deploy("destroy", "dev", path=path, **AccessKey.generate().variables),
        "terraform is too old: 1.9 or newer is needed",
    )


def test_missing_credentials_are_rejected(tmp_path: Path) -> None:
    path = write_fake_terraform(tmp_path, "1.11.4")
    no_credentials = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    assert_rejected(
        run_deploy("destroy", "dev", path=path, **no_credentials),
        "Could not verify the AWS credentials: Unable to locate credentials.",
    )


@pytest.mark.slow
def test_unreachable_aws_is_rejected(tmp_path: Path) -> None:
    path = write_fake_terraform(tmp_path, "1.11.4")
    assert_rejected(
        run_deploy("destroy", "dev", path=path, **AccessKey.generate().variables),
        "Could not verify the AWS credentials: Could not connect",
    )


SLOW_CHILD = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: (time.sleep(1), pathlib.Path("state").write_text("saved"), sys.exit({code})))
pathlib.Path("ready").write_text("")
time.sleep(60)
"""
# The parent of the tests may ignore Ctrl-C, as a shell does for its background jobs.
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
def test_ctrl_c_waits_until_terraform_has_saved_its_state(tmp_path: Path, code: int) -> None:
    """Both processes get the signal, as from a terminal. The child exits later than Python waits by default."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, SLOW_CHILD.format(code=code), str(tmp_path)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not (tmp_path / "ready").exists():
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert "to stop safely" in output
    assert output.splitlines()[-1] == "interrupted"
    assert (tmp_path / "state").read_text() == "saved"


@pytest.mark.parametrize("name", ["python3.11", "python3.15"])
def test_unsupported_python_is_rejected(name: str) -> None:
    with pytest.raises(DeployError) as caught:
        runtime.require_supported(name)
    assert str(caught.value) == (
        f"Lambda supports python3.12, python3.13, python3.14, but .venv has {name}. "
        "Install a supported version, run make clean, then run the same command again."
    )


DEPLOY_UNDER_3_11 = """
import sys
from infra.deploy import __main__, runtime
runtime.CURRENT = "python3.11"
sys.exit(__main__.main())
"""


def test_unsupported_python_is_rejected_first(tmp_path: Path) -> None:
    assert_rejected(
        run_deploy("deploy", "dev", path=tmp_path, program=["-c", DEPLOY_UNDER_3_11]), ".venv has python3.11"
    )


@pytest.mark.parametrize("name", ["python3.12", "python3.13", "python3.14"])
def test_python_versions_of_lambda_are_accepted(name: str) -> None:
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


def test_credentials_of_another_account_are_rejected() -> None:
    preflight.check_account("111111111111", {})
    preflight.check_account("111111111111", {"account": "111111111111"})
    with pytest.raises(
        DeployError, match="The stage is in account 222222222222, but the credentials belong to account 111111111111"
    ):
        preflight.check_account("111111111111", {"account": "222222222222"})
