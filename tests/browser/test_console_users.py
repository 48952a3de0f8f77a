"""The Users tab of the console in Chromium."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from local.user_client import UserClient
from tests.support.browser import read_clipboard
from tests.support.console import ConsoleClient
from tests.support.picture_client import set_picture
from tests.support.picture_client import upload_file as upload_picture
from tests.support.stack import RunningStack
from tests.support.users import User

pytestmark = pytest.mark.slow
SECOND_MS = 1000
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff " * 4
RIGHT_TO_LEFT_NAME = "نور الهدى بنت عبد الرحمن"


def sign_in(console_client: ConsoleClient, user_client: UserClient) -> User:
    """Create a user, and return a client with its tokens."""
    user = console_client.create_user()
    tokens = console_client.change("POST", f"users/{user['sub']}/tokens")["tokens"]
    return User(user_client, user["email"], user["sub"], tokens)


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


def test_token_that_cannot_be_copied_is_not_called_copied(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('denied'))")
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name="Sign in as").click()
    expect(console_page.locator("#toasts")).to_contain_text("The browser does not allow copying.")
    session = console_page.get_by_role("region", name="Signed in", exact=True)
    expect(session).to_contain_text("The ID token expires at")
    expect(session).not_to_contain_text("is copied")


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
    expect(console_page.get_by_role("heading", name="No user selected")).to_be_visible()
    expect(console_page.get_by_text("User not available")).to_be_hidden()


@pytest.mark.parametrize(
    ("state", "action", "message"),
    [
        ("unconfirmed", "Confirm", "The user was confirmed."),
        ("unconfirmed", "Resend code", "A new mail was sent. It is in the Mail tab."),
        ("confirmed", "Disable", "The user was disabled."),
        ("disabled", "Enable", "The user was enabled."),
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


def test_second_click_on_confirm_runs_no_other_action(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto(f"/#/users/{user['sub']}")
    box = console_page.get_by_role("button", name="Confirm", exact=True).bounding_box()
    assert box is not None
    for _ in range(2):
        console_page.mouse.click(box["x"] + 10, box["y"] + 10)
        expect(console_page.locator(".user-header")).to_contain_text("Confirmed")
    assert console_page.get_by_role("dialog").count() == 0
    assert console_client.get(f"users/{user['sub']}")["user"]["status"] == "CONFIRMED"


def test_actions_have_the_same_places_in_all_states(console_page: Page, console_client: ConsoleClient) -> None:
    places = set()
    for state in ("confirmed", "unconfirmed", "invited", "reset-required", "disabled"):
        user = console_client.create_user(state)
        console_page.goto(f"/#/users/{user['sub']}")
        expect(console_page.locator(".details h2")).to_have_text(user["name"])
        buttons = console_page.locator(".details > .actions button")
        places.add(tuple(buttons.evaluate_all("nodes => nodes.map(node => `${node.innerText} ${node.offsetLeft}`)")))
    assert len(places) == 1


def test_password_reset_is_confirmed_first(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name="Require password reset").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert console_client.get(f"users/{user['sub']}")["user"]["status"] == "CONFIRMED"
    console_page.get_by_role("button", name="Require password reset").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Require password reset").click()
    expect(console_page.locator("#toasts")).to_contain_text("The user must now reset the password.")
    expect(console_page.locator(".user-header")).to_contain_text("Reset required")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("unconfirmed", "Enter the code from the Mail tab in your app, or select Confirm."),
        ("invited", "sign in with the temporary password from the Mail tab"),
        ("reset-required", "enter the code from the Mail tab and a new password"),
        ("disabled", "Select Enable first."),
    ],
)
def test_user_who_cannot_sign_in_has_a_next_step(
    console_page: Page, console_client: ConsoleClient, state: str, text: str
) -> None:
    user = console_client.create_user(state)
    console_page.goto(f"/#/users/{user['sub']}")
    expect(console_page.locator(".next-step")).to_contain_text(text)
    sign_in = console_page.get_by_role("button", name="Sign in as")
    expect(sign_in).to_have_attribute("aria-disabled", "true")
    expect(sign_in).to_have_attribute("title", re.compile(re.escape(text)))


def test_narrow_window_shows_list_or_details(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.set_viewport_size({"width": 960, "height": 700})
    console_page.goto(f"/#/users/{user['sub']}")
    expect(console_page.get_by_role("heading", name=user["name"])).to_be_visible()
    expect(console_page.get_by_role("list", name="Users")).to_be_hidden()
    console_page.get_by_role("link", name="All users").click()
    expect(console_page.get_by_role("list", name="Users")).to_be_visible()


def test_new_link_to_the_picture_is_not_marked(
    console_page: Page, console_client: ConsoleClient, user_client: UserClient
) -> None:
    user = sign_in(console_client, user_client)
    assert set_picture(user, upload_picture(user)).status == 200
    console_page.goto(f"/#/users/{user.sub}")
    picture = console_page.get_by_role("region", name="Picture").last
    before = picture.inner_text()
    expect(picture).to_contain_text('"expires_at"')
    console_page.wait_for_timeout(SECOND_MS)  # the time in a presigned URL has whole seconds
    assert user.patch({"name": "Another name"}).status == 200
    expect(picture).not_to_have_text(before)
    expect(console_page.get_by_role("region", name="Profile (API response)").last.locator("mark").first).to_be_visible()
    assert picture.locator("mark").count() == 0


def test_opened_attributes_stay_open(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_text("Attributes in Cognito").click()
    console_page.get_by_role("button", name="Disable").click()
    expect(console_page.locator(".user-header")).to_contain_text("Disabled")
    expect(console_page.get_by_role("region", name="Attributes in Cognito")).to_be_visible()
