"""`make run` runs the code of the working tree and reloads it when it changes."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.config import ROOT
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.aws import require_item
from tests.support.data import sign_up_attributes
from tests.support.stack import RunningStack, get_unauthenticated_detail, start_stack, wait_until
from tests.support.users import PASSWORD, generate_email

_RELOAD_FAILED = "Fix the code and save it"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of the sources that the test may change."""
    tree = tmp_path / "tree"
    for name in ("chalicelib", "infra", "local", "tools", ".chalice"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", ".terraform*"))
    shutil.copy(ROOT / "app.py", tree)
    return tree


@pytest.fixture
def stack_of_tree(tree: Path, tmp_path: Path) -> Iterator[RunningStack]:
    with start_stack(tmp_path / "state", tree) as stack:
        yield stack


def save_by_renaming(file: Path, text: str) -> None:
    """Save a file as many editors do."""
    part = file.with_suffix(".part")
    part.write_text(text)
    part.rename(file)


def wait_for_detail(stack: RunningStack, text: str) -> None:
    """Wait until the API answers a request without a token with this text."""
    wait_until(lambda: get_unauthenticated_detail(stack.outputs.api_url).startswith(text))


def test_api_and_triggers_run_the_working_tree(tree: Path, stack_of_tree: RunningStack) -> None:
    stack = stack_of_tree
    errors = tree / "chalicelib" / "core" / "errors.py"
    accounts = tree / "chalicelib" / "accounts" / "service.py"
    wait_for_detail(stack, "A valid ID token")
    original_errors = errors.read_text()
    errors.write_text(original_errors.replace("A valid ID token", "A brand-new text"))
    stack.wait_for_output("reloading")
    wait_for_detail(stack, "A brand-new text")

    parsing = "sign_up, errors = SignUpAttributes.parse_lenient("
    original_accounts = accounts.read_text()
    assert f"{parsing}attributes)" in original_accounts
    accounts.write_text(
        original_accounts.replace(f"{parsing}attributes)", f'{parsing}{{**attributes, "name": "Edited"}})')
    )
    user_client, email = UserClient(stack.outputs), generate_email()
    sub = user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    user_client.confirm(email, CONFIRMATION_CODE)
    item = require_item(emulator_client("dynamodb", stack.outputs), stack.outputs.table, sub)
    assert item["name"] == {"S": "Edited"}

    routes = tree / "app.py"
    original_routes = routes.read_text()
    save_by_renaming(routes, original_routes + "\nthis is not Python")
    stack.wait_for_output(_RELOAD_FAILED)
    errors.write_text(original_errors)
    stack.wait_for_output(_RELOAD_FAILED, count=2)
    save_by_renaming(routes, original_routes)
    wait_for_detail(stack, "A valid ID token")
