"""`chalice deploy` and `chalice package` in a checkout: stages that they reject, each in one line."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.config import ROOT
from tests.support.chalice_command import (
    PACKAGE_TIMEOUT,
    ROLE_ARN,
    STAGE_CONFIG,
    developer_environment,
    type_chalice,
    write_stage_config,
)


@pytest.fixture(scope="module")
def tree(project: Callable[[], Path]) -> Path:
    return project()


def assert_rejected(done: subprocess.CompletedProcess[str], text: str) -> None:
    """Check that the command has failed with one line and no traceback."""
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: {text}\n"


@pytest.mark.parametrize(
    ("command", "stage"),
    [
        (["deploy"], "dev"),
        (["package", "out"], "dev"),
        (["deploy", "--stage", "prod"], "prod"),
        (["dev", "plan"], "dev"),
    ],
    ids=["deploy", "package", "deploy-prod", "plan"],
)
def test_stage_without_configuration_is_rejected(tree: Path, command: list[str], stage: str) -> None:
    expected = f"The stage {stage} is not prepared. Run: make deploy STAGE={stage}"
    assert_rejected(type_chalice(tree, *command, timeout=PACKAGE_TIMEOUT), expected)


def test_local_stage_is_not_deployed(tree: Path) -> None:
    done = type_chalice(tree, "deploy", "--stage", "local", timeout=PACKAGE_TIMEOUT)
    assert_rejected(done, "The stage local is not prepared. Run: make deploy STAGE=dev")


def test_stage_without_a_deployed_record_is_rejected(project: Callable[[], Path]) -> None:
    tree = project()
    write_stage_config(tree, STAGE_CONFIG)
    expected = "This checkout has no record of the deployed stage dev. Run: make deploy STAGE=dev"
    assert_rejected(type_chalice(tree, "deploy", timeout=PACKAGE_TIMEOUT), expected)


@pytest.mark.parametrize(
    ("missing", "change"),
    [
        ("USER_POOL_ARN", {"lambda_functions": {"api_handler": {"iam_role_arn": ROLE_ARN}}}),
        ("DYNAMODB_TABLE", {"environment_variables": {}}),
    ],
)
def test_stage_without_a_variable_is_rejected(
    project: Callable[[], Path], missing: str, change: dict[str, Any]
) -> None:
    tree = project()
    write_stage_config(tree, {**STAGE_CONFIG, **change})
    done = type_chalice(tree, "package", "out", timeout=PACKAGE_TIMEOUT)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"{missing} is missing" in done.stderr


CHALICE_UNDER_3_11 = """
import sys
from chalice.cli import main
from infra.deploy import runtime
runtime.CURRENT = "python3.11"
sys.exit(main())
"""


def test_deploy_with_an_unsupported_python_is_rejected(project: Callable[[], Path]) -> None:
    tree = project()
    write_stage_config(tree, STAGE_CONFIG)
    record = tree / ".chalice" / "deployed" / "dev.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"resources": [], "schema_version": "2.0", "backend": "api"}))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHALICE_UNDER_3_11, "deploy"],
        cwd=tree,
        env=developer_environment(),
        capture_output=True,
        text=True,
        timeout=PACKAGE_TIMEOUT,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith(
        "Error: Lambda supports python3.12, python3.13, python3.14, but .venv has python3.11."
    )


def test_documentation_names_the_commands() -> None:
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(document.read_text() for document in documents)
    assert all(f"chalice {command}" in text for command in ("local", "deploy", "package"))
