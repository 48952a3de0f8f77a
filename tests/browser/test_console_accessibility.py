"""The console has no serious finding of axe-core, works with the keyboard, and fits a width of 320 px."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from tests.support.console import ConsoleClient
from tests.support.optional_tools import require_npm_packages
from tests.support.stack import RunningStack

pytestmark = pytest.mark.slow
TABS = ("start", "mail", "users", "requests", "api", "faults", "data")
# WCAG 2.2, levels A and AA.
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The API tab has a frame, which is checked on its own.
_RUN = "tags => axe.run({ exclude: ['iframe'] }, { runOnly: tags, resultTypes: ['violations'], iframes: false })"
_VIEWER_OPERATIONS = ("users-get_user", "users-put_user", "users-patch_user", "users-delete_user", "users-post_picture")


@pytest.fixture(scope="module")
def axe() -> str:
    file = require_npm_packages(Path(__file__).parent) / "axe-core" / "axe.min.js"
    return file.read_text()


@pytest.fixture(scope="module")
def user(console_client: ConsoleClient) -> Any:
    """A user, and others in each state, so that no list is empty."""
    for state in ("unconfirmed", "invited", "reset-required", "disabled"):
        console_client.create_user(state)
    return console_client.create_user(name="نور Ada")


@pytest.fixture(scope="module", params=["light", "dark"])
def colors(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=[1280, 320])
def page(request: pytest.FixtureRequest, chromium: Browser, console_stack: RunningStack, colors: Any) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=console_stack.outputs.console_url,
        viewport={"width": request.param, "height": 800},
        color_scheme=colors,
    )
    yield context.new_page()
    context.close()


def list_violations(page: Page | Frame, axe: str) -> list[str]:
    page.evaluate(axe)
    violations = page.evaluate(_RUN, _RULES)["violations"]
    return [f"{violation['id']}: {node['html']}" for violation in violations for node in violation["nodes"]]


@pytest.mark.parametrize("tab", TABS)
def test_tab_is_accessible_and_fits(page: Page, axe: str, user: Any, tab: str) -> None:
    page.goto(f"/#/{tab}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("load")
    expect(page.locator(".tab > *").nth(1)).to_be_attached()
    assert list_violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_api_reference_is_accessible(page: Page, axe: str) -> None:
    page.goto("/#/api")
    viewer = page.frame_locator("iframe")
    for name in _VIEWER_OPERATIONS:
        viewer.locator(f"#operations-{name} .opblock-summary-control").click()
        viewer.locator(f"#operations-{name} .try-out__btn").click()
    operation = viewer.locator(f"#operations-{_VIEWER_OPERATIONS[0]}")
    operation.locator(".execute").click()
    expect(operation.locator(".live-responses-table")).to_be_visible()
    assert list_violations(page.frames[-1], axe) == []


def test_details_of_a_user_are_accessible(page: Page, axe: str, user: Any) -> None:
    page.goto(f"/#/users/{user['sub']}")
    page.get_by_role("button", name="Sign in as").click()
    expect(page.get_by_role("region", name="Claims of the ID token")).to_be_visible()
    assert list_violations(page, axe) == []


def test_details_of_a_request_are_accessible(page: Page, axe: str, user: Any) -> None:
    page.goto("/#/requests")
    page.locator(".request-row").first.click()
    expect(page.locator(".request-details")).to_be_visible()
    assert list_violations(page, axe) == []


def test_dialogs_are_accessible(page: Page, axe: str, user: Any) -> None:
    page.goto("/#/users")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert list_violations(page, axe) == []
    page.keyboard.press("Escape")
    page.goto("/#/data")
    page.get_by_role("button", name="Delete all data").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert list_violations(page, axe) == []
    page.keyboard.press("Escape")


def test_active_fault_is_accessible(page: Page, axe: str, console_client: ConsoleClient) -> None:
    console_client.change("PUT", "fault", {"kind": "slow", "remaining": None})
    page.goto("/#/faults")
    expect(page.locator("#fault-banner")).to_be_visible()
    violations = list_violations(page, axe)
    console_client.change("DELETE", "fault")
    assert violations == []


def test_keyboard_reaches_every_tab(console_page: Page) -> None:
    console_page.goto("/")
    expect(console_page.get_by_role("heading", name="Start")).to_be_visible()
    console_page.keyboard.press("Tab")
    expect(console_page.get_by_role("link", name="Skip to content")).to_be_focused()
    console_page.keyboard.press("Tab")
    for title in ("Start", "Mail", "Users", "Requests", "API", "Faults", "Data"):
        console_page.keyboard.press("Tab")
        expect(console_page.get_by_role("navigation").get_by_role("link", name=title)).to_be_focused()
    console_page.keyboard.press("Enter")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Data")
    expect(console_page.locator("#content")).to_be_focused()


def test_keyboard_copies_a_code(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    console_page.get_by_role("button", name=f"of {user['email']}").focus()
    console_page.keyboard.press("Enter")
    expect(console_page.locator("#toasts")).to_contain_text("The code was copied.")


def test_focus_remains_when_the_list_changes(console_page: Page, console_client: ConsoleClient) -> None:
    first = console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    button = console_page.get_by_role("button", name=f"of {first['email']}")
    button.focus()
    second = console_client.create_user("unconfirmed")
    expect(console_page.get_by_text(second["email"])).to_be_visible()
    expect(button).to_be_focused()


def test_arrow_keys_select_a_snippet(console_page: Page) -> None:
    console_page.goto("/")
    console_page.get_by_role("tab", name="Amplify v6").focus()
    console_page.keyboard.press("ArrowLeft")
    expect(console_page.get_by_role("tab", name="curl")).to_be_focused()
    expect(console_page.get_by_role("tabpanel", name="curl")).to_contain_text("export API=")


def test_escape_closes_a_dialog_and_restores_the_focus(console_page: Page) -> None:
    console_page.goto("/#/users")
    button = console_page.get_by_role("button", name="Create user")
    button.press("Enter")
    expect(console_page.get_by_role("dialog")).to_be_visible()
    console_page.keyboard.press("Escape")
    expect(console_page.get_by_role("dialog")).to_be_hidden()
    expect(button).to_be_focused()


def test_focus_remains_on_a_completed_action(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name="Confirm", exact=True).press("Enter")
    expect(console_page.locator(".user-header")).to_contain_text("Confirmed")
    expect(console_page.get_by_role("button", name="Confirm", exact=True)).to_be_focused()


def test_focus_moves_from_a_removed_button_to_the_heading(console_page: Page, console_client: ConsoleClient) -> None:
    console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    console_page.get_by_role("button", name="Delete all").press("Enter")
    console_page.get_by_role("dialog").get_by_role("button", name="Delete all mails").press("Enter")
    expect(console_page.get_by_text("No mail yet")).to_be_visible()
    expect(console_page.get_by_role("heading", level=1)).to_be_focused()


@pytest.mark.parametrize("place", ["#fault-banner", "#content"])
def test_focus_moves_from_an_ended_fault_to_the_heading(
    console_page: Page, console_client: ConsoleClient, place: str
) -> None:
    console_client.change("PUT", "fault", {"kind": "slow", "remaining": None})
    console_page.goto("/#/faults")
    console_page.locator(place).get_by_role("button", name="Turn off").press("Enter")
    expect(console_page.locator("#fault-banner")).to_be_hidden()
    expect(console_page.get_by_role("heading", name="Faults")).to_be_focused()


def test_focus_returns_to_a_button_that_was_replaced(console_page: Page, console_client: ConsoleClient) -> None:
    """The details of a user are updated while a dialog is open."""
    user = console_client.create_user()
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name="Delete").press("Enter")
    console_client.change("POST", f"users/{user['sub']}/state", {"action": "disable"})
    expect(console_page.locator(".user-header")).to_contain_text("Disabled")
    console_page.keyboard.press("Escape")
    expect(console_page.get_by_role("button", name="Delete")).to_be_focused()


def test_focus_moves_to_the_list_after_a_deletion(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name="Delete").press("Enter")
    console_page.get_by_role("dialog").get_by_role("button", name="Delete user").press("Enter")
    expect(console_page.get_by_text(user["email"])).to_have_count(0)
    expect(console_page.get_by_role("list", name="Users").get_by_role("link").first).to_be_focused()
