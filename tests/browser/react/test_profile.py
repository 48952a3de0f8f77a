"""The profile and the picture."""

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.react.pages import (
    REPORT,
    expect_accessible,
    expect_errors,
    fill,
    press,
    reject_gets,
    section,
    sign_in,
)
from tests.support.sample_images import make_image
from tests.support.stack import RunningStack, wait_until
from tests.support.users import User

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_profile_is_edited_and_shows_violated_rules(account: Page, user: User) -> None:
    profile = section(account, "Profile")
    expect_accessible(account)
    fill(account, Name="42", Date_of_birth="2999-01-01")
    press(profile, "Save")
    expect_errors(account, "Name must contain a letter.", "Date of birth must not be in the future.")
    fill(account, Name="Jane R. Roe", Date_of_birth="")
    account.get_by_label("Blood group").select_option("AB+")
    press(profile, "Save")
    expect(account.get_by_text("Saved.")).to_be_visible()
    stored = user.get().body
    assert (stored["name"], stored["dob"], stored["blood_group"]) == ("Jane R. Roe", None, "AB+")


def test_conflicting_profile_is_loaded_with_the_entries(account: Page, user: User) -> None:
    profile = section(account, "Profile")
    fill(account, Name="Jane Entered")
    user.patch({"name": "Jane Elsewhere", "gender": "Other"})
    press(profile, "Save")
    expect(account.get_by_role("alert")).to_contain_text("changed elsewhere")
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Entered")
    assert user.get().body["name"] == "Jane Elsewhere"
    expect_accessible(account)
    press(profile, "Load the new version")
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Entered")
    expect(account.get_by_text("Changed elsewhere to: Jane Elsewhere")).to_be_visible()
    expect(account.get_by_label("Gender")).to_have_value("Other")
    press(profile, "Save")
    expect(account.get_by_text("Saved.")).to_be_visible()
    stored = user.get().body
    assert (stored["name"], stored["gender"]) == ("Jane Entered", "Other")


def test_discarded_changes_show_the_stored_profile(account: Page) -> None:
    fill(account, Name="Jane Entered")
    press(account, "Discard changes")
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Roe")


def test_discard_removes_errors_and_returns_the_focus(account: Page) -> None:
    profile = section(account, "Profile")
    fill(account, Name="42", Date_of_birth="2999-01-01")
    press(profile, "Save")
    expect_errors(account, "Name must contain a letter.", "Date of birth must not be in the future.")
    press(profile, "Discard changes")
    expect(account.get_by_role("alert")).to_have_count(0)
    expect(profile.locator(".error, [aria-invalid=true]")).to_have_count(0)
    expect(profile.get_by_role("heading")).to_be_focused()


def test_discard_after_a_conflict_shows_the_new_version(account: Page, user: User) -> None:
    profile = section(account, "Profile")
    fill(account, Name="Jane Entered")
    user.patch({"name": "Jane Elsewhere"})
    press(profile, "Save")
    expect(account.get_by_role("alert")).to_contain_text("changed elsewhere")
    press(profile, "Discard changes")
    expect(account.get_by_role("alert")).to_have_count(0)
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Elsewhere")
    press(profile, "Save")
    expect(account.get_by_text("Saved.")).to_be_visible()


def test_picture_is_set_shown_replaced_and_deleted(account: Page, user: User) -> None:
    picture = section(account, "Picture")
    image: FilePayload = {"name": "a.png", "mimeType": "image/png", "buffer": make_image("image/png")}
    fill(account, Name="Jane Entered")
    picture.get_by_label("Upload a picture").set_input_files({**image, "buffer": REPORT})
    expect(picture.get_by_role("alert")).to_have_text("The file is not a PNG image. Choose a JPEG, PNG or WebP image.")
    picture.get_by_label("Upload a picture").set_input_files(image)
    displayed = picture.get_by_role("img", name="Your picture")
    expect(displayed).to_be_visible()
    wait_until(lambda: bool(displayed.evaluate("image => image.naturalWidth === 64")))
    expect_accessible(account)
    picture.get_by_label("Replace the picture").set_input_files({**image, "buffer": make_image("image/png", (32, 32))})
    wait_until(lambda: bool(displayed.evaluate("image => image.naturalWidth === 32")))
    press(section(account, "Profile"), "Save")  # the pictures have changed the version
    expect(account.get_by_text("Saved.")).to_be_visible()
    press(picture, "Delete the picture")
    dialog = account.get_by_role("dialog", name="Delete the picture?")
    expect_accessible(account)
    press(dialog, "Delete")
    expect(picture.get_by_text("No picture")).to_be_visible()
    assert user.get().body["picture"] is None


@pytest.mark.parametrize(
    ("media_type", "content", "error"),
    [
        ("text/csv", REPORT, "Choose a JPEG, PNG or WebP image."),
        ("image/png", b"", "The file is empty."),
        ("image/png", b"\0" * (5 * 1024**2 + 1), "The file is larger than 5 MB."),
    ],
)
def test_unsupported_picture_shows_the_rule(account: Page, media_type: str, content: bytes, error: str) -> None:
    picture = section(account, "Picture")
    file: FilePayload = {"name": "a.png", "mimeType": media_type, "buffer": content}
    picture.get_by_label("Upload a picture").set_input_files(file)
    expect(picture.get_by_role("alert")).to_have_text(error)


@pytest.mark.parametrize(
    ("seconds", "wait"), [(1, "1 second"), (2, "2 seconds"), (120, "2 minutes"), (7200, "2 hours")]
)
def test_unavailable_api_shows_when_to_try_again(
    page: Page, config: dict[str, str], user: User, seconds: int, wait: str
) -> None:
    problem = {"type": f"{config['api_url']}/problems#unavailable", "detail": "The service is unavailable."}
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After",
        "Retry-After": str(seconds),
    }
    reject_gets(page, f"{config['api_url']}/users/me", 503, problem, headers)
    sign_in(page, user.email)
    expect(page.get_by_role("alert")).to_have_text(f"The service is unavailable. Try again in {wait}.")


def test_unreachable_api_is_reported_and_the_request_repeated(page: Page, stack: RunningStack, user: User) -> None:
    page.route(f"{stack.outputs.api_url}/**", lambda route: route.abort())
    sign_in(page, user.email)
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.unroute_all()
    press(page, "Try again")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")
