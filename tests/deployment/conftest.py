"""The real `chalice` command on a copy of the project, as an operator runs it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local import checkout

POOL_ARN = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Deployed"


def missing_tools() -> list[str]:
    """What of these tests' needs is not here. Raises RuntimeError in CI, which must not skip them."""
    missing = [tool for tool in ("terraform", "make") if shutil.which(tool) is None]
    if missing and os.environ.get("CI"):
        raise RuntimeError(f"CI must not skip the deployment tests: {missing} missing")
    return missing


PATIENCE = 110  # seconds; packaging downloads what requirements.txt names


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A fresh copy of what a checkout has, without what running it leaves behind."""

    def copy() -> Path:
        tree = tmp_path_factory.mktemp("project") / "tree"
        checkout.copy(tree)
        return tree

    return copy


def chalice(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command; its warnings are its own."""
    return subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            "import sys; from chalice.cli import main; sys.exit(main())",
            *arguments,
        ],
        cwd=tree,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
