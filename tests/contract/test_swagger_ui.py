"""In Swagger UI on another origin, "Try it out" and "Execute" succeed with the default values of the form."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from local.user_client import UserClient
from tests.support.browser import open_chromium_page, serve_directory
from tests.support.optional_tools import require_npm_packages
from tests.support.stack import RunningStack
from tests.support.users import sign_up_and_sign_in

pytestmark = pytest.mark.slow
OPENAPI_TOOLS = Path(__file__).parent / "openapi_tools"
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Swagger UI</title>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ dom_id: "#swagger-ui", url: %s });</script></html>
"""


@pytest.fixture(scope="module")
def origin(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve Swagger UI for the document of `make run`, and return the origin."""
    bundle = require_npm_packages(OPENAPI_TOOLS) / "swagger-ui-dist" / "swagger-ui-bundle.js"
    site = tmp_path_factory.mktemp("site")
    shutil.copy(bundle, site)
    (site / "index.html").write_text(PAGE % json.dumps(f"{stack.outputs.api_url}/openapi.json"))
    with serve_directory(site) as origin:
        yield origin


@pytest.fixture(scope="module")
def page(stack: RunningStack, origin: str) -> Iterator[Page]:
    """Yield the page of Swagger UI, authorized with the token of a new user."""
    token = sign_up_and_sign_in(UserClient(stack.outputs)).token
    with open_chromium_page() as page:
        page.goto(origin)
        page.locator(".scheme-container .authorize").click()
        dialog = page.locator(".modal-ux")
        dialog.locator("input").fill(token)
        dialog.locator("button.authorize").click()
        dialog.locator("button.btn-done").click()
        yield page


@pytest.mark.parametrize(
    ("operation", "status"),
    [("get_user", 200), ("put_user", 200), ("patch_user", 200), ("post_file", 201), ("get_files", 200)],
)
def test_try_it_out_with_default_values_succeeds(page: Page, stack: RunningStack, operation: str, status: int) -> None:
    block = page.locator(f"#operations-users-{operation}")
    block.locator(".opblock-summary-control").click()
    block.locator(".try-out__btn").click()
    block.locator(".execute").click()
    expect(block.locator(".request-url")).to_contain_text(f"{stack.outputs.api_url}/users/me")
    expect(block.locator(".live-responses-table tbody .response-col_status")).to_have_text(str(status))
