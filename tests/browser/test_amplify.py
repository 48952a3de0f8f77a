"""Amplify's Authenticator with the stack of `make run`, from a page on another origin."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Page, expect

from local.emulator import CONFIRMATION_CODE
from local.user_client import UserClient
from tests.support.browser import open_chromium_page, serve_directory
from tests.support.markdown import list_examples
from tests.support.optional_tools import require_npm_packages
from tests.support.stack import RunningStack
from tests.support.user_pool_calls import NEW_PASSWORD, RESET_CODE
from tests.support.users import PASSWORD, UserFactory, generate_email, sign_up_and_sign_in

SITE = Path(__file__).parent / "amplify"
PUBLIC_OUTPUTS = ("api_url", "aws_endpoint_url", "user_pool_id", "user_pool_client_id")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def public_outputs(stack: RunningStack) -> dict[str, str]:
    """Return the values of stack.json that a page may have."""
    return {name: value for name, value in asdict(stack.outputs).items() if name in PUBLIC_OUTPUTS}


@pytest.fixture(scope="module")
def origin(public_outputs: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the site, give it the outputs of the stack, and serve it."""
    require_npm_packages(SITE)
    output_dir = tmp_path_factory.mktemp("site")
    command = ["npm", "run", "build", "--", "--outDir", str(output_dir), "--logLevel", "error"]
    subprocess.run(command, cwd=SITE, check=True, capture_output=True)
    (output_dir / "stack.json").write_text(json.dumps(public_outputs))
    with serve_directory(output_dir) as address:
        yield address


@pytest.fixture
def page(origin: str) -> Iterator[Page]:
    with open_chromium_page() as page:
        page.goto(origin)
        yield page


@pytest.fixture(scope="module")
def signed_up_user(stack: RunningStack) -> UserFactory:
    return lambda: sign_up_and_sign_in(UserClient(stack.outputs))


def fill(page: Page, **fields: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    fill(page, Email=email, Password=password)
    press(page, "Sign in")


def fill_sign_up(page: Page, email: str, birth_date: str) -> None:
    page.get_by_role("tab", name="Create Account").click()
    fill(page, Email=email, Password=PASSWORD, Confirm_Password=PASSWORD, Name="Jane Roe", Date_of_birth=birth_date)
    page.get_by_label("Country code").select_option("+880")
    page.get_by_label("Phone Number").fill("1898765432")
    page.get_by_label("Gender").select_option("Female")
    page.get_by_label("Blood group").select_option("O-")
    press(page, "Create Account")


def submit_form(page: Page, label: str, value: str) -> None:
    """Fill in and send a form of the page that has one field."""
    form = page.get_by_role("form", name=label)
    form.get_by_label(label).fill(value)
    form.get_by_role("button", name="Send").click()


def get_form_result(page: Page, label: str) -> str:
    """Return the text that the page shows as the result of a form."""
    output = page.get_by_role("form", name=label).get_by_role("status")
    expect(output).not_to_be_empty()
    return output.inner_text()


def expect_signed_in_as(page: Page, email: str) -> None:
    press(page, "Load")
    expect(page.get_by_label("Profile")).to_have_text(f"profile {email}, pool {email}")


def test_documented_example_reads_the_profile_of_a_new_user(public_outputs: dict[str, str]) -> None:
    require_npm_packages(SITE)
    (example,) = list_examples("docs/getting-started.md", "js", "Amplify")
    done = subprocess.run(
        ["node", "--input-type=module"], input=f"const stack = {json.dumps(public_outputs)};\n{example}",
        cwd=SITE, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "email: 'mary@example.com'" in done.stdout
    assert "blood_group: 'O+'" in done.stdout


def test_authenticator_signs_up_confirms_and_signs_in(page: Page) -> None:
    email = generate_email()
    fill_sign_up(page, email, "1985-01-31")
    fill(page, Confirmation_Code=CONFIRMATION_CODE)
    press(page, "Confirm")
    expect_signed_in_as(page, email)


def test_authenticator_shows_why_a_sign_up_is_rejected(page: Page) -> None:
    fill_sign_up(page, generate_email(), "2999-01-01")
    expect(page.get_by_role("alert")).to_contain_text("must not be in the future")


def test_authenticator_requires_the_code_of_a_second_factor(page: Page, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    sign_in(page, user.email)
    press(page, "Set up an app")
    secret = page.get_by_label("Secret")
    expect(secret).not_to_be_empty()
    authenticator = pyotp.TOTP(secret.inner_text())
    submit_form(page, "Code from the app", authenticator.now())
    assert get_form_result(page, "Code from the app") == "enabled"
    press(page, "Sign out")
    sign_in(page, user.email)
    fill(page, **{"Code *": authenticator.at(datetime.now(UTC) + timedelta(seconds=authenticator.interval))})
    press(page, "Confirm")
    expect_signed_in_as(page, user.email)


def test_authenticator_resets_a_password(page: Page, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    press(page, "Forgot your password?")
    fill(page, Enter_your_email=user.email)
    press(page, "Send code")
    fill(page, **{"Code *": RESET_CODE, "New Password": NEW_PASSWORD, "Confirm Password": NEW_PASSWORD})
    press(page, "Submit")
    sign_in(page, user.email, NEW_PASSWORD)
    expect_signed_in_as(page, user.email)


def test_email_changes_after_its_code_is_entered(page: Page, signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    sign_in(page, user.email)
    submit_form(page, "New email", email)
    assert get_form_result(page, "New email") == "CONFIRM_ATTRIBUTE_WITH_CODE"
    expect_signed_in_as(page, user.email)
    submit_form(page, "Code from the email", "000000")
    assert get_form_result(page, "Code from the email").startswith("CodeMismatchException")
    submit_form(page, "Code from the email", CONFIRMATION_CODE)
    expect(page.get_by_text("verified", exact=True)).to_be_visible()
    press(page, "Sign out")
    sign_in(page, email)
    expect_signed_in_as(page, email)


def test_deleted_account_cannot_sign_in(page: Page, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    sign_in(page, user.email)
    press(page, "Delete Account")
    press(page, "Delete")
    sign_in(page, user.email)
    expect(page.get_by_role("alert")).to_contain_text("Incorrect username or password")
