"""The React example in Chromium, from another origin than the API, with the stack of `make run`."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from local.user_client import UserClient
from tests.browser.react.pages import AXE, EXAMPLE, open_site, run_npm, sign_in
from tests.support.optional_tools import require_npm_packages
from tests.support.stack import RunningStack, start_stack
from tests.support.users import User, sign_up_and_sign_in

CONFIG_KEYS = ("api_url", "aws_endpoint_url", "user_pool_id", "user_pool_client_id")


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack


@pytest.fixture(scope="package")
def config(stack: RunningStack) -> dict[str, str]:
    return {name: value for name, value in asdict(stack.outputs).items() if name in CONFIG_KEYS}


@pytest.fixture(scope="package")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site without a configuration."""
    require_npm_packages(EXAMPLE)
    require_npm_packages(AXE.parents[2])
    directory = tmp_path_factory.mktemp("site")
    done = run_npm("build", "--", "--outDir", str(directory), "--emptyOutDir", "--logLevel", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    (directory / "config.json").unlink(missing_ok=True)  # of a developer
    return directory


@pytest.fixture
def page(build: Path, config: dict[str, str]) -> Iterator[Page]:
    with open_site(build, config) as page:
        yield page


@pytest.fixture
def user(stack: RunningStack) -> User:
    return sign_up_and_sign_in(UserClient(stack.outputs))


@pytest.fixture
def account(page: Page, user: User) -> Page:
    """Sign the user in and return the page of the account."""
    sign_in(page, user.email)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")
    return page
