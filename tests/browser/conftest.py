"""The console of a running stack in Chromium."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from local.user_client import UserClient
from tests.support.browser import open_chromium
from tests.support.console import ConsoleClient
from tests.support.stack import RunningStack, start_stack

CLIPBOARD = ["clipboard-read", "clipboard-write"]


@pytest.fixture(scope="module")
def console_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("console"), variables={"RANDOM_CODES": "1"}) as stack:
        yield stack


@pytest.fixture(scope="module")
def console_client(console_stack: RunningStack) -> ConsoleClient:
    return ConsoleClient.open(console_stack.outputs)


@pytest.fixture
def user_client(console_stack: RunningStack) -> UserClient:
    return UserClient(console_stack.outputs)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def console_context(chromium: Browser, console_stack: RunningStack) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=console_stack.outputs.console_url, permissions=CLIPBOARD)
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def console_page(console_context: BrowserContext) -> Iterator[Page]:
    """Yield a page. Fail if it has logged an error."""
    page = console_context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert not errors
