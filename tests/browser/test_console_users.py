"""The Users tab of the console in Chromium."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from local.user_client import UserClient
from tests.support.browser import read_clipboard
from tests.support.console import ConsoleClient
from tests.support.stack import RunningStack

pytestmark = pytest.mark.slow
SECOND_MS = 1000
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff " * 4
RIGHT_TO_LEFT_NAME = "نور الهدى بنت عبد الرحمن"


def test_user_is_created_and_found(console_page: Page) -> None:
    console_page.goto("/#/users")
    console_page.get_by_role("button", name="Create user").click()
    console_page.get_by_label("State").select_option("disabled")
    console_page.get_by_label("Name", exact=True).fill("Grace Hopper")
    console_page.get_by_role("dialog").get_by_role("button", name="Create user").click()
    expect(console_page.get_by_role("heading", name="Grace Hopper")).to_be_visible()
    expect(console_page.locator(".user-header")).to_contain_text("Disabled")
    console_page.get_by_label("Search users").fill("grace")
    expect(console_page.get_by_text("1 user", exact=True)).to_be_visible()
    console_page.get_by_label("Search users").fill("a name without a user")
    expect(console_page.get_by_text("No user found")).to_be_visible()


def test_rejected_user_is_explained_in_the_dialog(console_page: Page) -> None:
    console_page.goto("/#/users")
    console_page.get_by_role("button", name="Create user").click()
    console_page.get_by_label("Date of birth").fill("2999-01-01")
    console_page.get_by_role("dialog").get_by_role("button", name="Create user").click()
    expect(console_page.get_by_role("dialog")).to_contain_text("date of birth must not be in the future")


def test_sign_in_as_copies_and_decodes_the_token(
    console_page: Page, console_client: ConsoleClient, console_stack: RunningStack
) -> None:
    user = console_client.create_user()
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name="Sign in as").click()
    claims = console_page.get_by_role("region", name="Claims of the ID token")
    expect(claims).to_contain_text(f'"email": "{user["email"]}"')
    headers = {"Authorization": f"Bearer {read_clipboard(console_page)}"}
    response = requests.get(f"{console_stack.outputs.api_url}/users/me", headers=headers, timeout=10)
    assert response.json()["id"] == user["sub"]


def test_changed_profile_is_shown_live(
    console_page: Page, console_client: ConsoleClient, user_client: UserClient
) -> None:
    user = console_client.create_user(name="Before")
    console_page.goto(f"/#/users/{user['sub']}")
    profile = console_page.get_by_role("region", name="Profile (API response)").last
    expect(profile).to_contain_text('"name": "Before"')
    token = console_client.issue_token(user["sub"])
    user_client.call("PATCH", "/users/me", token, {"name": "After"}, {"Content-Type": "application/merge-patch+json"})
    expect(profile).to_contain_text('"name": "After"', timeout=SECOND_MS)
    expect(console_page.get_by_role("region", name="Stored item").last).to_contain_text('"version": 2')
    expect(profile.locator("mark").first).to_be_visible()
    expect(console_page.get_by_role("list", name="Users")).to_contain_text("After")


def test_user_is_confirmed_disabled_and_deleted(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto(f"/#/users/{user['sub']}")
    header = console_page.locator(".user-header")
    console_page.get_by_role("button", name="Confirm", exact=True).click()
    expect(header).to_contain_text("Confirmed")
    console_page.get_by_role("button", name="Disable").click()
    expect(header).to_contain_text("Disabled")
    console_page.get_by_role("button", name="Enable").click()
    expect(header).to_contain_text("Confirmed")
    console_page.get_by_role("button", name="Delete").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    console_page.get_by_role("button", name="Delete").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Delete user").click()
    expect(console_page.get_by_text("User not available")).to_be_visible()


@pytest.mark.parametrize(
    ("state", "action", "message"),
    [
        ("unconfirmed", "Confirm", "The user is confirmed."),
        ("unconfirmed", "Resend code", "A new mail was sent. It is in the Mail tab."),
        ("confirmed", "Require password reset", "The user must reset the password."),
        ("confirmed", "Disable", "The user is disabled."),
        ("disabled", "Enable", "The user is enabled."),
    ],
)
def test_action_on_a_user_shows_its_result(
    console_page: Page, console_client: ConsoleClient, state: str, action: str, message: str
) -> None:
    user = console_client.create_user(state)
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name=action, exact=True).click()
    expect(console_page.locator("#toasts")).to_have_text(message)


def test_long_and_right_to_left_names_fit(console_page: Page, console_client: ConsoleClient) -> None:
    console_page.set_viewport_size({"width": 320, "height": 700})
    for name in (LONG_NAME.strip(), RIGHT_TO_LEFT_NAME):
        user = console_client.create_user(name=name)
        for path in ("", f"/{user['sub']}"):
            console_page.goto(f"/#/users{path}")
            expect(console_page.get_by_text(name).filter(visible=True).first).to_be_visible()
            assert console_page.evaluate("document.documentElement.scrollWidth") == 320


def test_markup_in_a_name_is_shown_as_text(console_page: Page, console_client: ConsoleClient) -> None:
    name = "<img src=x onerror=alert(1)>"
    user = console_client.create_user(name=name)
    console_page.goto(f"/#/users/{user['sub']}")
    expect(console_page.get_by_role("heading", name=name)).to_be_visible()
    assert console_page.locator("main img").count() == 0


def test_file_of_a_user_is_shown(console_page: Page, console_client: ConsoleClient, user_client: UserClient) -> None:
    user = console_client.create_user()
    body = {
        "name": "blood count.pdf",
        "content_type": "application/pdf",
        "size": 2048,
        "sha256": "0" * 64,
        "category": "lab-report",
    }
    response = user_client.call("POST", "/users/me/files", console_client.issue_token(user["sub"]), body)
    assert response.status == 201, response.body
    console_page.goto(f"/#/users/{user['sub']}")
    files = console_page.locator("[data-panel=files]")
    for text in ("blood count.pdf", "lab-report", "awaiting-upload", "2 KiB", re.compile("of 200 files")):
        expect(files).to_contain_text(text)
