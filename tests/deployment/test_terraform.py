"""The Terraform module by itself: its form, its own tests, and the tools that read it."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(400)  # where providers are downloaded first


@pytest.fixture(scope="module")
def module(project: Callable[[], Path], terraform_environment: dict[str, str]) -> Path:
    """The module, ready."""
    infra = project() / "infra"
    for place in (infra, infra / "account"):
        done = terraform(place, "init", "-backend=false", "-lockfile=readonly", environment=terraform_environment)
        assert done.returncode == 0, done.stdout + done.stderr
    return infra


def terraform(
    module: Path, *arguments: str, environment: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["terraform", *arguments, "-no-color"], cwd=module, env=environment, capture_output=True, text=True
    )


def test_both_modules_are_locked_to_the_same_provider(module: Path) -> None:
    lock = (module / ".terraform.lock.hcl").read_text()
    assert (module / "account" / ".terraform.lock.hcl").read_text() == lock
    assert lock.count("h1:") == 14, "a package hash for each platform that the provider is released for"


def test_it_is_formatted(module: Path) -> None:
    done = terraform(module, "fmt", "-check", "-recursive")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("place", [".", "account"])
def test_it_is_valid_and_uses_nothing_deprecated(module: Path, place: str) -> None:
    done = terraform(module / place, "validate")
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stdout


@pytest.mark.slow
def test_its_own_tests_pass(module: Path) -> None:
    done = terraform(module, "test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 failed" in done.stdout
