"""The real `chalice` command on a copy of the project, as an operator runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.chalice_program import CHALICE_PROGRAM

POOL_ARN: Final = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_Deployed"
ROLE_ARN: Final = "arn:aws:iam::000000000000:role/healthtech-dev-api_handler"
PACKAGE_TIMEOUT: Final = 110  # seconds; packaging downloads the packages of requirements.txt
CHALICE: Final = str(Path(sys.executable).with_name("chalice"))
# The settings of `make deploy` that app.py needs.
STAGE_CONFIG: Final[dict[str, Any]] = {
    "environment_variables": {"DYNAMODB_TABLE": "Users-dev"},
    "lambda_functions": {
        "api_handler": {"iam_role_arn": ROLE_ARN, "environment_variables": {"USER_POOL_ARN": POOL_ARN}},
    },
}


def run_chalice(
    tree: Path,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    program: str = CHALICE_PROGRAM,
    umask: int = -1,
) -> subprocess.CompletedProcess[str]:
    """Run the command without Python's warnings, and let Python write bytecode as it does by default."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        cwd=tree,
        env={**inherited, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=PACKAGE_TIMEOUT,
        umask=umask,
    )


def developer_environment(**variables: str) -> dict[str, str]:
    """Return an environment without an AWS account and without settings of the application."""
    prefixes = ("AWS_", "CORS_", "DELETION_", "DYNAMODB_", "ERASE_", "PICTURE_", "S3_", "USER_POOL_")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(prefixes)}, **variables}


def type_chalice(tree: Path, *arguments: str, timeout: float, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `chalice` as a developer types it in a checkout."""
    return subprocess.run(
        [CHALICE, *arguments],
        cwd=tree,
        env=developer_environment(**variables),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def write_stage_config(tree: Path, config: dict[str, Any], stage: str = "dev") -> None:
    """Add a stage to .chalice/config.json, as `make deploy` does."""
    file = tree / ".chalice" / "config.json"
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "stages": {**document["stages"], stage: config}}))
