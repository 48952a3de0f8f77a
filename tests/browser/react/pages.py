"""The pages of the React example: its build, and steps that all tests use."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

from local.config import ROOT
from tests.support.browser import open_chromium_page, serve_directory
from tests.support.users import PASSWORD

EXAMPLE = ROOT / "examples" / "react"
AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
REPORT = b"glucose,mmol/l\n5.1,normal\n"
RIGHT_TO_LEFT_NAME = "\u0644\u064a\u0644\u0649 Jane"
SLOW_TIMEOUT = 20_000  # milliseconds, for a file check or an erasure


def run_npm(*arguments: str, directory: Path = EXAMPLE, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["npm", "run", "--silent", *arguments]
    return subprocess.run(command, cwd=directory, env={**os.environ, **variables}, capture_output=True, text=True)


@contextmanager
def open_site(build: Path, config: dict[str, str] | None) -> Iterator[Page]:
    """Serve the site with a configuration and open it. Fail if it sends a request to another machine, or throws."""
    if config:
        (build / "config.json").write_text(json.dumps(config))
    hosts, exceptions = set[str | None](), list[str]()
    with serve_directory(build) as address, open_chromium_page() as page:
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.on("pageerror", lambda error: exceptions.append(str(error)))
        page.goto(address)
        yield page
    assert hosts - {None} == {"127.0.0.1"}  # None: blob and data URLs
    assert not exceptions


def press(page: Page | Locator, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill(page: Page | Locator, **fields: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    fill(page, Email=email, Password=password)
    press(page, "Sign in")


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def expect_errors(page: Page, *errors: str) -> None:
    """Expect these errors at the fields. One wrong field has the focus, several are listed in the focused summary."""
    if len(errors) == 1:
        field = page.locator(".field", has=page.get_by_role("alert").get_by_text(errors[0], exact=True))
        expect(field.locator("input")).to_be_focused()
        expect(page.get_by_text(errors[0], exact=True)).to_have_count(1)
        return
    summary = page.get_by_role("alert")
    expect(summary.get_by_role("listitem")).to_have_text(list(errors))
    expect(summary).to_be_focused()
    for error in errors:
        expect(page.locator(".field .error", has_text=error)).to_be_visible()


def expect_accessible(page: Page) -> None:
    """Expect no finding of axe, and no horizontal scrolling at 320 px, in light and dark mode."""
    page.add_script_tag(path=AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        findings: list[Any] = page.evaluate("async () => (await axe.run()).violations")
        assert [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in findings] == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.set_viewport_size({"width": 1280, "height": 720})


def reject_gets(page: Page, url: str, status: int, problem: dict[str, str], headers: dict[str, str]) -> None:
    """Respond to GET requests to this URL with a problem. Other requests, such as preflights, are sent."""
    page.route(
        url,
        lambda route: (
            route.fulfill(status=status, json=problem, headers=headers)
            if route.request.method == "GET"
            else route.continue_()
        ),
    )
