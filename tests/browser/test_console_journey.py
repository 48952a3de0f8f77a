"""A front-end developer needs only a page and the console, from the sign-up to a request that fails."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import serve_directory
from tests.support.data import sign_up_attributes
from tests.support.optional_tools import require_npm_packages
from tests.support.stack import RunningStack
from tests.support.users import PASSWORD, generate_email

pytestmark = pytest.mark.slow
BROWSER_DIR = Path(__file__).parent
PUBLIC_OUTPUTS = ("api_url", "aws_endpoint_url", "user_pool_id", "user_pool_client_id")


@pytest.fixture
def front_end(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page with amazon-cognito-identity-js on an origin of its own."""
    library = require_npm_packages(BROWSER_DIR) / "amazon-cognito-identity-js" / "dist"
    shutil.copy(library / "amazon-cognito-identity.min.js", tmp_path)
    shutil.copy(BROWSER_DIR / "page.html", tmp_path / "index.html")
    with serve_directory(tmp_path) as origin:
        page = chromium.new_page()
        page.goto(origin)
        yield page
        page.close()


def test_developer_needs_no_terminal(front_end: Page, console_page: Page, console_stack: RunningStack) -> None:
    outputs = {name: value for name, value in asdict(console_stack.outputs).items() if name in PUBLIC_OUTPUTS}

    def run(function: str, *arguments: Any) -> Any:
        return front_end.evaluate(f"arguments => {function}(...arguments)", [outputs, *arguments])

    email = generate_email()
    console_page.goto("/#/mail")
    expect(console_page.locator("#connection")).to_have_text("Live")
    sub = run("signUp", email, PASSWORD, sign_up_attributes(email))
    mail = console_page.locator(".mail").filter(has_text=email)
    mail.get_by_role("button", name="Copy code").click()
    assert run("confirm", email, console_page.evaluate("() => navigator.clipboard.readText()")) == "SUCCESS"
    token = run("signIn", email, PASSWORD)

    console_page.get_by_role("link", name="Users").click()
    console_page.get_by_role("list", name="Users").get_by_role("link").filter(has_text=email).click()
    profile = run("call", "GET", "/users/me", token)["body"]
    run("call", "PUT", "/users/me", token, {**profile, "name": "Quillfeather of the front end"})
    expect(console_page.get_by_role("heading", name="Quillfeather of the front end")).to_be_visible()

    console_page.get_by_role("link", name="Faults").click()
    console_page.get_by_label("429 Too Many Requests").check()
    console_page.get_by_role("button", name="Turn on").click()
    expect(console_page.locator("#fault-banner")).to_be_visible()
    failed = run("call", "GET", "/users/me", token)
    assert (failed["status"], failed["headers"]["retry-after"]) == (429, "1")
    assert run("call", "GET", "/users/me", token)["status"] == 200

    console_page.get_by_role("link", name="Requests").click()
    row = console_page.get_by_role("button", name="GET /users/me").filter(has_text="429")
    row.click()
    expect(console_page.get_by_text("Injected by the Faults tab: throttled.")).to_be_visible()
    expect(console_page.get_by_role("region", name="Problem")).to_contain_text(failed["body"]["request_id"])
    assert sub
