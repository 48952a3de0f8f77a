"""The React example: type checker, linter, configuration and development server."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect

from local.ports import allocate_port
from tests.browser.react.pages import EXAMPLE, SLOW_TIMEOUT, open_site, run_npm
from tests.support.browser import open_chromium_page
from tests.support.optional_tools import require_npm_packages
from tests.support.stack import RunningStack, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_type_checker_and_linter_find_nothing() -> None:
    require_npm_packages(EXAMPLE)
    done = run_npm("check")
    assert done.returncode == 0, done.stdout + done.stderr


def copy_checkout(directory: Path) -> Path:
    """Copy the program that writes the configuration. Return its folder, at the same depth as in the repository."""
    example = directory / "examples" / "react"
    (example / "public").mkdir(parents=True)
    for name in ("configure.js", "package.json"):
        shutil.copy(EXAMPLE / name, example)
    return example


def test_configure_writes_the_local_stack(stack: RunningStack, config: dict[str, str], tmp_path: Path) -> None:
    example = copy_checkout(tmp_path)
    (tmp_path / ".local").symlink_to(stack.directory)
    assert run_npm("configure", directory=example).returncode == 0
    assert json.loads((example / "public" / "config.json").read_text()) == config


def test_configure_writes_a_deployed_stage(tmp_path: Path) -> None:
    example, chalice = copy_checkout(tmp_path), tmp_path / ".chalice"
    (chalice / "deployed").mkdir(parents=True)
    variables = {
        "USER_POOL_ARN": "arn:aws:cognito-idp:eu-central-1:000000000000:userpool/eu-central-1_Pool",
        "USER_POOL_CLIENT_ID": "client",
    }
    functions = {"api_handler": {"environment_variables": variables}}
    (chalice / "config.json").write_text(json.dumps({"stages": {"dev": {"lambda_functions": functions}}}))
    api = {"resource_type": "rest_api", "rest_api_url": "https://api.example.com/dev/"}
    resources = [{"resource_type": "lambda_function"}, api]
    (chalice / "deployed" / "dev.json").write_text(json.dumps({"resources": resources}))
    assert run_npm("configure", "--", "dev", directory=example).returncode == 0
    assert json.loads((example / "public" / "config.json").read_text()) == {
        "api_url": "https://api.example.com/dev",
        "user_pool_id": "eu-central-1_Pool",
        "user_pool_client_id": "client",
    }


@pytest.mark.parametrize(
    ("arguments", "advice"), [((), "Start make run first."), (("--", "dev"), "Run make deploy STAGE=dev")]
)
def test_configure_without_a_stage_shows_advice(arguments: tuple[str, ...], advice: str, tmp_path: Path) -> None:
    done = run_npm("configure", *arguments, directory=copy_checkout(tmp_path), LOCAL_DIR=str(tmp_path))
    assert done.returncode == 1
    assert advice in done.stderr


def test_development_server_serves_the_site() -> None:
    require_npm_packages(EXAMPLE)
    port = allocate_port()
    command = ["node_modules/.bin/vite", "--port", str(port), "--logLevel", "error"]
    process = subprocess.Popen(command, cwd=EXAMPLE)
    try:
        with open_chromium_page() as page:
            wait_until(lambda: can_open(page, f"http://127.0.0.1:{port}/"))
            # The heading depends on the configuration of the developer.
            expect(page.get_by_role("heading", name=re.compile("Sign in|Configuration missing"))).to_be_visible(
                timeout=SLOW_TIMEOUT
            )
    finally:
        process.terminate()
        process.wait()


def can_open(page: Page, address: str) -> bool:
    try:
        page.goto(address)
    except Error:
        return False
    return True


def test_site_without_configuration_shows_the_command(build: Path) -> None:
    (build / "config.json").unlink(missing_ok=True)
    with open_site(build, None) as page:
        expect(page.get_by_role("heading", name="Configuration missing")).to_be_visible()
        expect(page.get_by_text("npm run configure")).to_be_visible()
