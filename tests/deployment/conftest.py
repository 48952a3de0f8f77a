"""The real `chalice` command on a copy of the project, as an operator runs it."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from local import source_copy
from tests.support import optional_tools

POOL_ARN = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Deployed"


PACKAGE_TIMEOUT = 110  # seconds; packaging downloads what requirements.txt names


@pytest.fixture(scope="session")
def terraform_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `terraform init` finds the AWS provider. Skips the test where it can't."""
    return optional_tools.terraform_environment(os.environ, tmp_path_factory.mktemp("provider"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A fresh copy of what a checkout has, without what running it leaves behind."""

    def copy() -> Path:
        tree = tmp_path_factory.mktemp("project") / "tree"
        source_copy.copy_sources(tree)
        return tree

    return copy


CHALICE_PROGRAM = "import sys; from chalice.cli import main; sys.exit(main())"


def chalice(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return run_chalice(tree, arguments, environment)


def run_chalice(
    tree: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    program: str = CHALICE_PROGRAM,
    umask: int = -1,
) -> subprocess.CompletedProcess[str]:
    """Run the command as on an ordinary machine, where Python writes bytecode; its warnings are its own."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        cwd=tree,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=PACKAGE_TIMEOUT,
        umask=umask,
    )
