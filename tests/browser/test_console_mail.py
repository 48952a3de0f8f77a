"""The Start and Mail tabs of the console in Chromium."""

import pytest
from playwright.sync_api import Page, expect

from local.user_client import UserClient
from tests.support.browser import read_clipboard
from tests.support.console import ConsoleClient
from tests.support.data import sign_up_attributes
from tests.support.stack import RunningStack, wait_until
from tests.support.users import PASSWORD, generate_email

pytestmark = pytest.mark.slow
SECOND_MS = 1000


def test_start_has_the_ids_and_code_of_this_run(console_page: Page, console_stack: RunningStack) -> None:
    console_page.goto("/")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Start")
    console_page.get_by_role("button", name="Copy App client").click()
    assert read_clipboard(console_page) == console_stack.outputs.user_pool_client_id
    for name in ("Amplify v6", "amazon-cognito-identity-js", "AWS SDK v3", "Python", "curl"):
        console_page.get_by_role("tab", name=name).click()
        expect(console_page.get_by_role("tabpanel")).to_contain_text(console_stack.outputs.user_pool_client_id)
    console_page.get_by_role("button", name="Copy curl example").click()
    assert read_clipboard(console_page).startswith("export API=")


def test_curl_example_has_the_steps_that_remain(console_page: Page, console_client: ConsoleClient) -> None:
    console_client.change("DELETE", "state")
    console_page.goto("/")
    console_page.get_by_role("tab", name="curl").click()
    expect(console_page.get_by_role("tabpanel")).to_contain_text("cognito SignUp")
    console_client.create_user(email="jane@example.com")
    expect(console_page.get_by_role("tabpanel")).not_to_contain_text("cognito SignUp")
    expect(console_page.get_by_role("tabpanel", name="curl")).to_contain_text("EMAIL=jane@example.com")


def test_random_user_signs_up_and_the_code_is_copied(console_page: Page, console_client: ConsoleClient) -> None:
    console_page.goto("/")
    console_page.get_by_role("button", name="Sign up a random user").click()
    code = console_page.get_by_role("button", name="Copy code").first
    code.click()
    assert read_clipboard(console_page) == console_client.get("mails")["mails"][0]["code"]


def test_mail_arrives_live_within_a_second(console_page: Page, user_client: UserClient) -> None:
    console_page.goto("/#/mail")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Mail")
    expect(console_page.locator("#connection")).to_have_text("Live")
    email = generate_email()
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    expect(console_page.get_by_role("list", name="Mails")).to_contain_text(email, timeout=SECOND_MS)
    expect(console_page.locator(".mail").first).to_contain_text("Sign-up")


def test_new_mails_are_counted_in_other_tabs(console_page: Page, console_client: ConsoleClient) -> None:
    console_page.goto("/#/faults")
    expect(console_page.locator("#connection")).to_have_text("Live")
    console_client.create_user("unconfirmed")
    expect(console_page.get_by_label("1 new")).to_be_visible()
    console_page.get_by_role("link", name="Mail").click()
    expect(console_page.get_by_label("1 new")).to_be_hidden()


def test_new_mails_are_counted_after_a_reset(console_page: Page, console_client: ConsoleClient) -> None:
    for _ in range(3):
        console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    expect(console_page.locator(".mail").nth(2)).to_be_visible()
    console_page.get_by_role("link", name="Faults").click()
    expect(console_page.locator("#connection")).to_have_text("Live")
    console_client.change("DELETE", "state")
    console_client.create_user("unconfirmed")
    expect(console_page.get_by_label("1 new")).to_be_visible()


def test_mail_links_to_its_user(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    console_page.get_by_role("link", name=f"Show user {user['email']}").click()
    expect(console_page.get_by_role("heading", name=user["name"])).to_be_visible()


def test_sign_up_explains_the_use_of_the_code(console_page: Page) -> None:
    console_page.goto("/")
    console_page.get_by_role("button", name="Sign up a random user").click()
    expect(console_page.locator("#toasts")).to_contain_text("Enter the code in your app, or select Show user")


def test_copied_code_is_named(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    console_page.get_by_role("button", name=f"of {user['email']}").click()
    expect(console_page.locator("#toasts")).to_have_text("The code was copied.")


def test_mails_are_deleted(console_page: Page, console_client: ConsoleClient) -> None:
    console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    console_page.get_by_role("button", name="Delete all").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Delete all mails").click()
    expect(console_page.get_by_text("No mail yet")).to_be_visible()


def test_console_needs_no_terminal_for_a_sign_in(console_page: Page, console_client: ConsoleClient) -> None:
    """A user signs up, is confirmed with the code of the mail, and signs in, all in the console."""
    console_page.goto("/")
    console_page.get_by_role("button", name="Sign up a random user").click()
    email = console_page.locator(".mail strong").first.inner_text()
    console_page.get_by_role("link", name="Users").click()
    console_page.get_by_role("list", name="Users").get_by_role("link").filter(has_text=email).click()
    console_page.get_by_role("button", name="Confirm", exact=True).click()
    console_page.get_by_role("button", name="Sign in as").click()
    expect(console_page.get_by_role("region", name="Signed in", exact=True)).to_be_visible()
    (user,) = console_client.get(f"users?search={email}")["users"]
    wait_until(lambda: bool(console_client.get(f"users/{user['sub']}")["panels"][0]["status"] == 200))
