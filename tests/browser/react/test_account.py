"""The export of the data and the deletion of the account, after a recent sign-in."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.react.pages import expect_accessible, fill, open_site, press, section, sign_in
from tests.support.erasure import wait_until_erased
from tests.support.stack import RunningStack, start_api
from tests.support.token_forger import TokenForger
from tests.support.user_pool_calls import enable_authenticator, get_next_code
from tests.support.users import PASSWORD, User, delete_stored_profile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def make_sign_in_old(page: Page, stack: RunningStack, user: User) -> None:
    """Replace the ID token of the page by one of a session that has begun ten minutes ago."""
    token = TokenForger(stack.directory, user).refresh_after(600)
    page.evaluate(
        "token => sessionStorage.setItem(Object.keys(sessionStorage).find(key => key.endsWith('.idToken')), token)",
        token,
    )


def expire_access_token(page: Page) -> None:
    """Replace the tokens of the page by ones that have expired. Only the refresh token remains valid."""
    page.evaluate(
        """() => {
          for (const key of Object.keys(sessionStorage).filter((key) => /\\.(access|id)Token$/.test(key))) {
            const [header, payload, signature] = sessionStorage.getItem(key).split(".");
            const claims = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
            const expired = btoa(JSON.stringify({ ...claims, exp: claims.iat })).replace(/=+$/, "");
            const encoded = expired.replaceAll("+", "-").replaceAll("/", "_");
            sessionStorage.setItem(key, [header, encoded, signature].join("."));
          }
        }"""
    )


def sign_in_again(page: Page, password: str = PASSWORD) -> None:
    dialog = page.get_by_role("dialog", name="Sign in again")
    fill(dialog, Password=password)
    press(dialog, "Sign in")


def test_export_requires_a_recent_sign_in(account: Page, stack: RunningStack, user: User) -> None:
    make_sign_in_old(account, stack, user)
    press(account, "Download your data")
    expect(account.get_by_role("dialog", name="Sign in again")).to_be_visible()
    expect_accessible(account)
    sign_in_again(account, "WrongPass123!")
    expect(account.get_by_role("dialog").get_by_role("alert")).to_have_text("Incorrect username or password.")
    with account.expect_download() as download:
        sign_in_again(account)
    exported = json.loads(download.value.path().read_bytes())
    assert re.fullmatch(r"[\w-]+\.json", download.value.suggested_filename)
    assert exported["profile"]["email"] == user.email
    press(account, "Download your data")
    expect(section(account, "Your data").get_by_role("alert")).to_contain_text(re.compile("Try again in .* seconds"))


def test_cancelled_sign_in_keeps_the_session(account: Page, stack: RunningStack, user: User) -> None:
    make_sign_in_old(account, stack, user)
    press(account, "Download your data")
    press(account.get_by_role("dialog", name="Sign in again"), "Cancel")
    expect(account.get_by_role("dialog")).to_have_count(0)
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Roe")


def test_wrong_password_and_cancel_keep_the_session(account: Page, stack: RunningStack, user: User) -> None:
    make_sign_in_old(account, stack, user)
    press(account, "Delete your account")
    press(account.get_by_role("dialog"), "Delete account")
    sign_in_again(account, "WrongPass123!")
    expect(account.get_by_role("dialog").get_by_role("alert")).to_have_text("Incorrect username or password.")
    press(account.get_by_role("dialog"), "Cancel")
    expect(account.get_by_role("dialog")).to_have_count(0)
    account.reload()
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Roe")
    fill(account, Name="Jane Entered")
    press(section(account, "Profile"), "Save")
    expect(account.get_by_text("Saved.")).to_be_visible()


def test_repeated_sign_in_keeps_the_refresh_token_valid(account: Page, stack: RunningStack, user: User) -> None:
    """A cancelled sign-in revokes no token, so the session can be refreshed."""
    make_sign_in_old(account, stack, user)
    press(account, "Download your data")
    sign_in_again(account, "WrongPass123!")
    expect(account.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    press(account.get_by_role("dialog"), "Cancel")
    expire_access_token(account)
    account.reload()
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Roe")


def test_repeated_sign_in_requires_the_authenticator_code(page: Page, stack: RunningStack, user: User) -> None:
    sign_in(page, user.email)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")
    authenticator = enable_authenticator(user)
    make_sign_in_old(page, stack, user)
    press(page, "Download your data")
    sign_in_again(page)
    dialog = page.get_by_role("dialog", name="Sign in again")
    fill(dialog, Code="000000")
    press(dialog, "Continue")
    expect(dialog.get_by_role("alert")).to_be_visible()
    fill(dialog, Code=get_next_code(authenticator))
    with page.expect_download():
        press(dialog, "Continue")


def test_cancelled_dialog_returns_the_focus(account: Page) -> None:
    press(account, "Delete your account")
    press(account.get_by_role("dialog"), "Cancel")
    expect(account.get_by_role("button", name="Delete your account")).to_be_focused()


def test_missing_account_offers_to_sign_out(account: Page, stack: RunningStack, user: User) -> None:
    delete_stored_profile(user)
    user.client.cognito.admin_delete_user(UserPoolId=stack.outputs.user_pool_id, Username=user.sub)
    account.reload()
    expect(account.get_by_role("alert")).to_have_text("Your account was not found. It was deleted or disabled.")
    expect_accessible(account)
    press(account.get_by_role("main"), "Sign out")
    expect(account.get_by_role("heading", name="Sign in")).to_be_visible()


def test_account_is_deleted_after_a_recent_sign_in(account: Page, stack: RunningStack, user: User) -> None:
    make_sign_in_old(account, stack, user)
    press(account, "Delete your account")
    dialog = account.get_by_role("dialog", name="Delete your account?")
    expect_accessible(account)
    press(dialog, "Delete account")
    sign_in_again(account)
    expect(account.get_by_text("Your account is being deleted.")).to_be_visible()
    wait_until_erased(stack.outputs, user.sub)
    sign_in(account, user.email)
    expect(account.get_by_role("alert")).to_have_text("Incorrect username or password.")


def test_scheduled_deletion_is_cancelled(
    build: Path, config: dict[str, str], stack: RunningStack, user: User, tmp_path: Path
) -> None:
    with (
        start_api(stack.outputs, tmp_path, DELETION_GRACE_DAYS="7") as api,
        open_site(build, {**config, "api_url": api.stack.api_url}) as page,
    ):
        sign_in(page, user.email)
        press(page, "Delete your account")
        press(page.get_by_role("dialog"), "Delete account")
        expect(page.get_by_text("Your account will be deleted on")).to_be_visible()
        expect_accessible(page)
        press(section(page, "Profile"), "Save")
        expect(section(page, "Profile").get_by_role("alert")).to_contain_text("scheduled for deletion")
        press(page, "Keep the account")
        expect(page.get_by_text("Your account will be deleted on")).to_have_count(0)
        press(section(page, "Profile"), "Save")
        expect(page.get_by_text("Saved.")).to_be_visible()
