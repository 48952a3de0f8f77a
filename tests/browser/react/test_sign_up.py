"""The screens of a visitor: sign-up, confirmation, sign-in and a new password."""

import pytest
from playwright.sync_api import Page, expect

from local.emulator import CONFIRMATION_CODE
from tests.browser.react.pages import RIGHT_TO_LEFT_NAME, expect_accessible, expect_errors, fill, press, sign_in
from tests.support.stack import RunningStack
from tests.support.user_pool_calls import NEW_PASSWORD, RESET_CODE, enable_authenticator, get_next_code
from tests.support.users import PASSWORD, User, generate_email

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def fill_sign_up(page: Page, email: str, **fields: str) -> None:
    values = {"Password": PASSWORD, "Name": RIGHT_TO_LEFT_NAME, "Phone_number": "+880 1898 765432", **fields}
    fill(page, Email=email, **{"Date_of_birth": "1985-01-31", **values})
    page.get_by_label("Gender").select_option("Female")
    page.get_by_label("Blood group").select_option("O-")


def test_new_user_signs_up_confirms_and_signs_in(page: Page) -> None:
    email = generate_email()
    expect_accessible(page)
    press(page, "Create an account")
    expect(page.get_by_role("heading", name="Create an account")).to_be_focused()
    expect_accessible(page)
    fill_sign_up(page, email, Date_of_birth="2999-01-01", Phone_number="12", Name="42")
    press(page, "Create account")
    expect_errors(
        page,
        "Name must contain a letter.",
        "Phone number must be an international number such as +8801712345678.",
        "Date of birth must not be in the future.",
    )
    expect_accessible(page)
    page.get_by_role("link", name="Date of birth must not be in the future.").click()
    expect(page.get_by_label("Date of birth")).to_be_focused()
    fill_sign_up(page, email)
    press(page, "Create account")
    expect(page.get_by_text("Enter the code that was sent to u***@e***")).to_be_visible()
    expect_accessible(page)
    fill(page, Code="000000")
    press(page, "Confirm")
    expect(page.locator(".field .error")).to_contain_text("code")
    press(page, "Send a new code")
    expect(page.get_by_text("A new code was sent.")).to_be_visible()
    fill(page, Code=CONFIRMATION_CODE)
    press(page, "Confirm")
    expect(page.get_by_text("Your account is confirmed. Sign in.")).to_be_visible()
    sign_in(page, email, "WrongPass123!")
    expect(page.get_by_role("alert")).to_have_text("Incorrect username or password.")
    sign_in(page, email)
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value(RIGHT_TO_LEFT_NAME)
    expect(name).to_have_css("direction", "rtl")
    expect(page.get_by_label("Date of birth")).to_have_value("1985-01-31")
    expect(page.get_by_text("+8801898765432")).to_be_visible()
    page.reload()
    expect(name).to_have_value(RIGHT_TO_LEFT_NAME)
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("JSON.stringify([sessionStorage, localStorage])").count("Token") == 0


def test_empty_sign_up_names_the_required_fields(page: Page) -> None:
    press(page, "Create an account")
    press(page, "Create account")
    labels = ("Email", "Password", "Name", "Phone number", "Date of birth", "Gender", "Blood group")
    expect_errors(page, *(f"{label} is required." for label in labels))


def test_weak_password_is_shown_at_its_field(page: Page) -> None:
    press(page, "Create an account")
    fill_sign_up(page, generate_email(), Password="weak")
    press(page, "Create account")
    expect(page.locator(".field", has=page.get_by_label("Password")).locator(".error")).to_contain_text("assword")


def test_existing_email_offers_a_code_and_a_new_password(page: Page, user: User) -> None:
    press(page, "Create an account")
    fill_sign_up(page, user.email)
    press(page, "Create account")
    expect(page.get_by_role("alert")).to_contain_text("has an account already")
    expect(page.get_by_role("button", name="Send a new code")).to_be_visible()
    press(page, "Set a new password")
    expect(page.get_by_label("Email")).to_have_value(user.email)
    press(page, "Send a code")
    fill(page, Code=RESET_CODE, New_password=NEW_PASSWORD)
    expect_accessible(page)
    press(page, "Set the password")
    fill(page, Password=NEW_PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")


def test_unconfirmed_user_confirms_at_the_sign_in(page: Page, stack: RunningStack) -> None:
    email = generate_email()
    press(page, "Create an account")
    fill_sign_up(page, email)
    press(page, "Create account")
    expect(page.get_by_role("heading", name="Confirm your email address")).to_be_visible()
    page.reload()
    sign_in(page, email)
    fill(page, Code=CONFIRMATION_CODE)
    press(page, "Confirm")
    sign_in(page, email)
    expect(page.get_by_label("Name", exact=True)).to_have_value(RIGHT_TO_LEFT_NAME)


def test_authenticator_app_code_completes_the_sign_in(page: Page, user: User) -> None:
    authenticator = enable_authenticator(user)
    sign_in(page, user.email)
    fill(page, Code="000000")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_be_visible()
    expect_accessible(page)
    fill(page, Code=get_next_code(authenticator))
    press(page, "Continue")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")
