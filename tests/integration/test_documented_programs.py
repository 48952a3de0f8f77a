"""Every JavaScript and Python program of the documentation runs.

| Page | Test |
|---|---|
| docs/api.md | test_documented_api.py, tests/contract/test_prism.py |
| docs/pictures.md (functions of a page) | tests/browser/test_cognito_js.py |
| docs/files.md | test_documented_files.py, tests/browser/test_file_page.py |
| docs/getting-started.md, Amplify | tests/browser/test_amplify.py, which has its packages |
| docs/getting-started.md, the other programs; docs/decisions | here |
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from local.config import ROOT
from tests.support.markdown import iter_examples, list_examples
from tests.support.optional_tools import require_npm_packages
from tests.support.stack import STACK_TIMEOUT, RunningStack

PAGE = "docs/getting-started.md"
PACKAGES = Path(__file__).parent / "documented_programs"
EMPTY_HOME = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
TESTED = {
    ("docs/api.md", "js"), ("docs/api.md", "python"), ("docs/pictures.md", "js"),
    ("docs/files.md", "js"), ("docs/files.md", "python"), (PAGE, "js"), (PAGE, "python"),
    ("docs/decisions/0002-cognito-decorator.md", "python"),
}  # fmt: skip


def run_python(code: str, directory: Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-"], input=code, cwd=directory, env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True, text=True, timeout=STACK_TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run_javascript(stack: RunningStack, section: str) -> str:
    """Run the section's program in Node.js. `stack` is defined as the page describes."""
    require_npm_packages(PACKAGES)
    (code,) = list_examples(PAGE, "js", section)
    names = ("api_url", "aws_endpoint_url", "region", "user_pool_id", "user_pool_client_id")
    outputs = {name: value for name, value in asdict(stack.outputs).items() if name in names}
    without_credentials = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["node", "--input-type=module"], input=f"const stack = {json.dumps(outputs)};\n{code}", cwd=PACKAGES,
        env={**without_credentials, **EMPTY_HOME}, capture_output=True, text=True, timeout=STACK_TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_program_has_a_test() -> None:
    assert {(example.page, example.language) for example in iter_examples("js", "python")} == TESTED
    assert len(list_examples(PAGE, "js")) == len(["Amplify", "amazon-cognito-identity-js", "AWS SDK for JavaScript v3"])


@pytest.mark.slow  # `make test-all` installs the npm packages
def test_identity_js_example_reads_the_profile(stack: RunningStack) -> None:
    printed = run_javascript(stack, "amazon-cognito-identity-js")
    assert "email: 'ana@example.com'" in printed
    assert "version: 1" in printed


@pytest.mark.slow
def test_aws_sdk_example_confirms_the_account(stack: RunningStack) -> None:
    assert run_javascript(stack, "AWS SDK for JavaScript v3") == "confirmed\n"


@pytest.mark.parametrize(("number", "printed"), [(0, "lena@example.com"), (1, "")])
def test_python_example_succeeds(stack: RunningStack, tmp_path: Path, number: int, printed: str) -> None:
    """The programs read .local/stack.json below the current folder."""
    code = list_examples(PAGE, "python")[number]
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").symlink_to(stack.directory / "stack.json")
    output = run_python(code, tmp_path)
    assert output == printed if printed else int(output) >= 1


def test_decorator_example_declares_a_trigger(tmp_path: Path) -> None:
    (code,) = list_examples("docs/decisions/0002-cognito-decorator.md", "python")
    assert run_python(code, tmp_path) == "created 1b2c3d4e-0000-4000-8000-000000000001"
