"""Amplify's Authenticator against the stack of `make run`, from a page on another origin."""

import json
import subprocess
from collections.abc import Callable, Iterator
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
from tests.support.users import PASSWORD, User, generate_email, sign_up_and_sign_in

SITE = Path(__file__).parent / "amplify"
PUBLIC = ("api_url", "aws_endpoint_url", "user_pool_id", "user_pool_client_id")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def stack(run: RunningStack) -> dict[str, str]:
    """What a page needs to know."""
    return {name: value for name, value in asdict(run.outputs).items() if name in PUBLIC}


@pytest.fixture(scope="module")
def origin(stack: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the site, tell it where the stack is, and serve it."""
    require_npm_packages(SITE)
    built = tmp_path_factory.mktemp("site")
    command = ["npm", "run", "build", "--", "--outDir", str(built), "--logLevel", "error"]
    subprocess.run(command, cwd=SITE, check=True, capture_output=True)
    (built / "stack.json").write_text(json.dumps(stack))
    with serve_directory(built) as address:
        yield address


@pytest.fixture
def page(origin: str) -> Iterator[Page]:
    with open_chromium_page() as page:
        page.goto(origin)
        yield page


@pytest.fixture(scope="module")
def new_user(run: RunningStack) -> Callable[[], User]:
    return lambda: sign_up_and_sign_in(UserClient(run.outputs))


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


def send(page: Page, label: str, value: str) -> None:
    """Fill in one of the page's own forms of one field, and send it."""
    form = page.get_by_role("form", name=label)
    form.get_by_label(label).fill(value)
    form.get_by_role("button", name="Send").click()


def result(page: Page, label: str) -> str:
    """Return what came of such a form."""
    output = page.get_by_role("form", name=label).get_by_role("status")
    expect(output).not_to_be_empty()
    return output.inner_text()


def expect_signed_in_as(page: Page, email: str) -> None:
    press(page, "Load")
    expect(page.get_by_label("Profile")).to_have_text(f"profile {email}, pool {email}")


def test_readme_example_reads_the_profile_of_a_new_user(stack: dict[str, str]) -> None:
    require_npm_packages(SITE)
    example = next(code for code in list_examples("Run it", "js") if "aws-amplify" in code)
    done = subprocess.run(
        ["node", "--input-type=module"], input=f"const stack = {json.dumps(stack)};\n{example}",
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


def test_authenticator_shows_why_a_sign_up_is_refused(page: Page) -> None:
    fill_sign_up(page, generate_email(), "2999-01-01")
    expect(page.get_by_role("alert")).to_contain_text("must not be in the future")


def test_authenticator_asks_for_a_code_of_the_app(page: Page, new_user: Callable[[], User]) -> None:
    user = new_user()
    sign_in(page, user.email)
    press(page, "Set up an app")
    secret = page.get_by_label("Secret")
    expect(secret).not_to_be_empty()
    app = pyotp.TOTP(secret.inner_text())
    send(page, "Code from the app", app.now())
    assert result(page, "Code from the app") == "turned on"
    press(page, "Sign out")
    sign_in(page, user.email)
    fill(page, **{"Code *": app.at(datetime.now(UTC) + timedelta(seconds=app.interval))})
    press(page, "Confirm")
    expect_signed_in_as(page, user.email)


def test_authenticator_resets_a_password(page: Page, new_user: Callable[[], User]) -> None:
    user = new_user()
    press(page, "Forgot your password?")
    fill(page, Enter_your_email=user.email)
    press(page, "Send code")
    fill(page, **{"Code *": RESET_CODE, "New Password": NEW_PASSWORD, "Confirm Password": NEW_PASSWORD})
    press(page, "Submit")
    sign_in(page, user.email, NEW_PASSWORD)
    expect_signed_in_as(page, user.email)


def test_email_changes_once_its_code_is_entered(page: Page, new_user: Callable[[], User]) -> None:
    user, email = new_user(), generate_email()
    sign_in(page, user.email)
    send(page, "New email", email)
    assert result(page, "New email") == "CONFIRM_ATTRIBUTE_WITH_CODE"
    expect_signed_in_as(page, user.email)
    send(page, "Code from the mail", "000000")
    assert result(page, "Code from the mail").startswith("CodeMismatchException")
    send(page, "Code from the mail", CONFIRMATION_CODE)
    expect(page.get_by_text("verified", exact=True)).to_be_visible()
    press(page, "Sign out")
    sign_in(page, email)
    expect_signed_in_as(page, email)


def test_deleted_account_signs_in_no_more(page: Page, new_user: Callable[[], User]) -> None:
    user = new_user()
    sign_in(page, user.email)
    press(page, "Delete Account")
    press(page, "Delete")
    sign_in(page, user.email)
    expect(page.get_by_role("alert")).to_contain_text("Incorrect username or password")
