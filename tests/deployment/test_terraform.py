"""The Terraform modules: their format, their validity and their own tests."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(400)  # seconds; the provider may have to be downloaded first


@pytest.fixture(scope="module")
def module(project: Callable[[], Path], terraform_environment: dict[str, str]) -> Path:
    """Return a copy of the module after `terraform init`."""
    infra = project() / "infra"
    for directory in (infra, infra / "account"):
        done = run_terraform(
            directory, "init", "-backend=false", "-lockfile=readonly", environment=terraform_environment
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return infra


def run_terraform(
    module: Path, *arguments: str, environment: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["terraform", *arguments, "-no-color"], cwd=module, env=environment, capture_output=True, text=True
    )


def test_both_modules_are_locked_to_the_same_provider(module: Path) -> None:
    lock = (module / ".terraform.lock.hcl").read_text()
    assert (module / "account" / ".terraform.lock.hcl").read_text() == lock
    assert lock.count("h1:") == 14, "one hash for each platform of the provider"


def test_modules_are_formatted(module: Path) -> None:
    done = run_terraform(module, "fmt", "-check", "-recursive")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("directory", [".", "account"])
def test_modules_are_valid_without_warnings(module: Path, directory: str) -> None:
    done = run_terraform(module / directory, "validate")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stdout


@pytest.mark.slow
def test_tests_of_the_module_pass(module: Path) -> None:
    done = run_terraform(module, "test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout
