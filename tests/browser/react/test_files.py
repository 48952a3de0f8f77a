"""The files: upload, status, download, edit and delete."""

import hashlib

import pytest
from playwright.sync_api import Locator, Page, expect

from local.malware_scan import EICAR_TEST_STRING
from tests.browser.react.pages import (
    REPORT,
    SLOW_TIMEOUT,
    expect_accessible,
    expect_errors,
    fill,
    press,
    reject_gets,
    section,
    sign_in,
)
from tests.support.stack import RunningStack
from tests.support.users import User

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def file_item(page: Page, name: str) -> Locator:
    return section(page, "Files").get_by_role("listitem").filter(has_text=name)


def upload_file(page: Page, name: str, content: bytes, media_type: str = "text/csv") -> Locator:
    """Upload a file through the form. Return its item in the list."""
    files = section(page, "Files")
    files.get_by_label("File", exact=True).set_input_files({"name": name, "mimeType": media_type, "buffer": content})
    files.get_by_label("Category").select_option("lab-report")
    press(files, "Upload")
    return file_item(page, name)


def test_file_is_uploaded_downloaded_edited_and_deleted(account: Page) -> None:
    expect(account.get_by_text("There are no files.")).to_be_visible()
    press(section(account, "Files"), "Upload")
    expect_errors(account, "File is required.")
    item = upload_file(account, "report.csv", REPORT)
    expect(item).to_contain_text("Available", timeout=SLOW_TIMEOUT)
    expect(item).to_contain_text("Lab report, 26 bytes")
    expect(account.get_by_text("1 of 200 files used")).to_be_visible()
    expect_accessible(account)
    with account.expect_download() as download:
        press(item, "Download report.csv")
    assert download.value.suggested_filename == "report.csv"
    assert download.value.path().read_bytes() == REPORT
    press(item, "Edit report.csv")
    dialog = account.get_by_role("dialog", name="Edit the file")
    fill(dialog, Name="a/b.csv")
    press(dialog, "Save")
    expect_errors(account, "Name must be a file name without a path.")
    expect_accessible(account)
    fill(dialog, Name="glucose.csv")
    dialog.get_by_label("Category").select_option("Insurance")
    press(dialog, "Save")
    item = file_item(account, "glucose.csv")
    expect(item).to_contain_text("Insurance, 26 bytes")
    press(item, "Delete glucose.csv")
    press(account.get_by_role("dialog"), "Delete")
    expect(account.get_by_text("There are no files.")).to_be_visible()
    expect(account.get_by_text("0 of 200 files used")).to_be_visible()


def test_csv_file_with_the_type_of_excel_is_accepted(account: Page) -> None:
    """Chromium on Windows with Excel reports this type."""
    item = upload_file(account, "report.csv", REPORT, "application/vnd.ms-excel")
    expect(item).to_contain_text("Available", timeout=SLOW_TIMEOUT)


def test_file_with_malware_is_rejected(account: Page) -> None:
    item = upload_file(account, "eicar.txt", EICAR_TEST_STRING, "text/plain")
    expect(item).to_contain_text("Rejected: the file contains malware.", timeout=SLOW_TIMEOUT)
    expect(item.get_by_role("button", name="Download eicar.txt")).to_have_count(0)
    expect(account.get_by_text("0 of 200 files used")).to_be_visible()
    expect_accessible(account)


@pytest.mark.parametrize(
    ("name", "media_type", "error"),
    [
        ("page.html", "text/html", "Choose a PDF, JPEG, PNG, WebP, text, CSV, DICOM or FHIR JSON file."),
        ("empty.csv", "text/csv", "The file is empty."),
    ],
)
def test_unsupported_file_shows_the_rule(account: Page, name: str, media_type: str, error: str) -> None:
    upload_file(account, name, b"" if "empty" in name else REPORT, media_type)
    expect_errors(account, error)


def test_renamed_file_keeps_the_focus_at_its_button(account: Page) -> None:
    item = upload_file(account, "report.csv", REPORT)
    expect(item).to_contain_text("Available", timeout=SLOW_TIMEOUT)
    press(item, "Edit report.csv")
    name = account.get_by_role("dialog").get_by_label("Name")
    name.fill("glucose.csv")
    name.press("Enter")
    expect(account.get_by_role("dialog")).to_have_count(0)
    expect(account.get_by_role("button", name="Edit glucose.csv")).to_be_focused()


def test_failed_upload_frees_the_quota(account: Page, stack: RunningStack) -> None:
    account.route(f"{stack.outputs.aws_endpoint_url}/{stack.outputs.bucket}*", lambda route: route.abort())
    upload_file(account, "report.csv", REPORT)
    expect(section(account, "Files").get_by_role("alert")).to_contain_text("cannot be reached")
    account.reload()
    expect(account.get_by_text("0 of 200 files used")).to_be_visible()


def test_many_files_are_loaded_in_pages(page: Page, user: User) -> None:
    body = {"content_type": "text/csv", "size": 1, "sha256": hashlib.sha256(b"x").hexdigest(), "category": "other"}
    for number in range(21):
        created = user.client.call("POST", "/users/me/files", user.token, {**body, "name": f"{number}.csv"})
        assert created.status == 201
    sign_in(page, user.email)
    items = section(page, "Files").get_by_role("listitem")
    expect(items).to_have_count(20)
    press(page, "Show more")
    expect(items).to_have_count(21)


def test_stage_without_a_bucket_hides_pictures_and_files(page: Page, config: dict[str, str], user: User) -> None:
    problem = {"type": f"{config['api_url']}/problems#files-not-enabled", "detail": "Files are not enabled."}
    headers = {"Access-Control-Allow-Origin": "*"}
    reject_gets(page, f"{config['api_url']}/users/me/files*", 404, problem, headers)
    sign_in(page, user.email)
    expect(section(page, "Your data")).to_be_visible()
    expect(section(page, "Files")).to_have_count(0)
    expect(section(page, "Picture")).to_have_count(0)
