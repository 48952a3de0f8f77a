"""The dialog of the Users tab that creates a user, in Chromium."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import ConsoleClient

pytestmark = pytest.mark.slow
FIELDS = ("Name", "Email", "Phone number", "Date of birth", "Gender", "Blood group")


def open_dialog(page: Page) -> Locator:
    page.goto("/#/users")
    page.get_by_role("button", name="Create user").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def clear(dialog: Locator, label: str) -> None:
    """Remove the value of a field."""
    field = dialog.get_by_label(label, exact=True)
    if label in ("Gender", "Blood group"):
        field.select_option("")
    else:
        field.fill("")


def submit(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Create user").click()


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


def test_dialog_starts_with_values_in_all_fields(console_page: Page) -> None:
    dialog = open_dialog(console_page)
    for label in FIELDS:
        expect(dialog.get_by_label(label, exact=True)).not_to_have_value("")


def test_random_values_replace_all_values(console_page: Page) -> None:
    dialog = open_dialog(console_page)
    email = dialog.get_by_label("Email")
    before = email.input_value()
    dialog.get_by_role("button", name="Random values").click()
    expect(email).not_to_have_value(before)
    for label in FIELDS:
        expect(dialog.get_by_label(label, exact=True)).not_to_have_value("")


@pytest.mark.parametrize("label", FIELDS)
def test_empty_field_is_rejected_at_the_field(console_page: Page, console_client: ConsoleClient, label: str) -> None:
    before = console_client.get("state")["counts"]["users"]
    dialog = open_dialog(console_page)
    clear(dialog, label)
    submit(dialog)
    field = dialog.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(f"{label.lower()} is required")
    expect(field).to_be_focused()
    expect(dialog.get_by_role("alert")).to_contain_text("The user was not created.")
    assert console_client.get("state")["counts"]["users"] == before


def test_rejected_value_is_corrected(console_page: Page, console_client: ConsoleClient) -> None:
    dialog = open_dialog(console_page)
    clear(dialog, "Name")
    submit(dialog)
    expect(dialog.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Name", exact=True).fill("Corrected Name")
    submit(dialog)
    expect(console_page.get_by_role("heading", name="Corrected Name")).to_be_visible()
    assert console_client.get("users?search=Corrected+Name")["total"] == 1


def test_existing_email_is_rejected_at_the_field(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    dialog = open_dialog(console_page)
    dialog.get_by_label("Email").fill(user["email"])
    submit(dialog)
    expect(dialog.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_label("Email")).to_have_accessible_description(re.compile("^UsernameExistsException: "))


def test_gender_and_blood_group_have_the_allowed_values(console_page: Page) -> None:
    dialog = open_dialog(console_page)
    options = {
        name: dialog.get_by_label(name).locator("option").all_inner_texts() for name in ("Gender", "Blood group")
    }
    assert options["Gender"] == ["No value", "Male", "Female", "Other", "Unknown"]
    assert options["Blood group"] == ["No value", "A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-", "Unknown"]
