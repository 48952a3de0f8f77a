"""The modules that a Lambda function imports when it starts: each package costs time at a cold start."""

import os
import subprocess
import sys

import pytest

from local.config import ROOT

pytestmark = pytest.mark.long
IN_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "healthtech-dev", "S3_BUCKET": "pictures"}


def packages_loaded_by(module: str) -> set[str]:
    """Return the packages of this project and of third parties that a new process in Lambda has imported."""
    program = f"import sys, {module}; print(*('.'.join(name.split('.')[:2]) for name in sys.modules))"
    process = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env={**os.environ, **IN_LAMBDA}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(process.stdout.split())


def test_api_loads_no_function_and_no_image_library() -> None:
    loaded = packages_loaded_by("app")
    assert "chalicelib.profiles" in loaded
    assert loaded.isdisjoint({"chalicelib.accounts", "chalicelib.reconciliation", "PIL"})


@pytest.mark.parametrize(
    "module", ["chalicelib.accounts.triggers", "chalicelib.reconciliation.jobs", "chalicelib.files.functions"]
)
def test_function_does_not_load_the_api(module: str) -> None:
    assert packages_loaded_by(module).isdisjoint({"app", "chalicelib.api", "chalicelib.pictures", "PIL"})
