"""Addresses of the console, and tabs that cannot be loaded, in Chromium."""

import pytest
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("address", ["/", "/#", "/#content", "/#/", "/#/unknown", "/#/%"])
def test_unknown_address_shows_start(console_page: Page, address: str) -> None:
    console_page.goto(address)
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Start")


def test_malformed_address_replaces_the_open_tab(console_page: Page) -> None:
    console_page.goto("/#/users")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Users")
    console_page.goto("/#/users/%")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Start")


def test_back_returns_to_the_first_address(console_page: Page) -> None:
    console_page.goto("/")
    console_page.get_by_role("link", name="Mail").click()
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Mail")
    console_page.go_back()
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Start")


def test_skip_link_moves_the_focus_and_keeps_the_tab(console_page: Page) -> None:
    console_page.goto("/#/users")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Users")
    console_page.keyboard.press("Tab")
    console_page.keyboard.press("Enter")
    expect(console_page.locator("#content")).to_be_focused()
    assert console_page.url.endswith("/#/users")
    console_page.keyboard.press("Tab")
    expect(console_page.get_by_role("button", name="Create user")).to_be_focused()


def test_address_of_an_element_keeps_the_tab(console_page: Page) -> None:
    console_page.goto("/#/users")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Users")
    console_page.evaluate("() => { location.hash = 'content'; }")
    console_page.wait_for_function("() => location.hash === '#content'")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Users")


@pytest.mark.parametrize(("title", "path"), [("Mail", "mails"), ("Users", "users?*"), ("Requests", "requests")])
def test_tab_that_cannot_be_loaded_offers_a_retry(console_page: Page, title: str, path: str) -> None:
    console_page.goto("/")
    expect(console_page.locator("#connection")).to_have_text("Live")
    console_page.route(f"**/data/{path}", lambda route: route.abort())
    console_page.get_by_role("link", name=title).click()
    alert = console_page.get_by_role("alert")
    expect(alert).to_contain_text("The console does not respond. Is make run still running?")
    expect(console_page.get_by_role("heading", level=1)).to_have_text(title)
    console_page.unroute(f"**/data/{path}")
    alert.get_by_role("button", name="Retry").press("Enter")
    expect(alert).to_have_count(0)
    expect(console_page.get_by_role("heading", level=1)).to_have_text(title)
    expect(console_page.get_by_role("heading", level=1)).to_be_focused()


def test_failed_retry_shows_the_new_reason(console_page: Page) -> None:
    def reject(route: Route) -> None:
        route.fulfill(status=502, json={"message": "The embedded AWS has ended."})

    console_page.route("**/data/mails", lambda route: route.abort())
    console_page.goto("/#/mail")
    expect(console_page.get_by_role("alert")).to_contain_text("The console does not respond.")
    console_page.route("**/data/mails", reject)
    console_page.get_by_role("button", name="Retry").press("Enter")
    expect(console_page.get_by_role("alert")).to_contain_text("The embedded AWS has ended.")
    expect(console_page.get_by_role("button", name="Retry")).to_be_focused()


def test_other_tab_replaces_one_that_cannot_be_loaded(console_page: Page) -> None:
    console_page.route("**/data/mails", lambda route: route.abort())
    console_page.goto("/#/mail")
    expect(console_page.get_by_role("alert")).to_be_visible()
    console_page.get_by_role("link", name="Faults").click()
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Faults")
    expect(console_page.get_by_role("alert")).to_have_count(0)


def test_loaded_tab_remains_when_a_refresh_fails(console_page: Page) -> None:
    console_page.goto("/#/requests")
    expect(console_page.locator(".request-row").first).to_be_visible()
    console_page.route("**/data/requests", lambda route: route.abort())
    console_page.evaluate("() => fetch('/data/requests').catch(() => null)")
    console_page.get_by_role("button", name="Clear").click()
    expect(console_page.locator("#toasts")).to_contain_text("The console does not respond.")
    expect(console_page.locator(".request-row").first).to_be_visible()
