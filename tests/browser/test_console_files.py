"""The files of a user in the Users tab of the console, in Chromium."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from local.malware_scan import EICAR_TEST_STRING
from local.user_client import UserClient
from tests.support.console import ConsoleClient
from tests.support.file_bodies import TEXT
from tests.support.file_client import create_file, upload_file
from tests.support.users import User

pytestmark = pytest.mark.slow
LONG_NAME = "Chest X-ray of the left lung.txt"
MIN_NAME_WIDTH = 220  # pixels at a width of 320
MANY_FILES = 60
MAX_LIST_HEIGHT = 480  # pixels


@pytest.fixture
def user(console_client: ConsoleClient, user_client: UserClient) -> User:
    entry = console_client.create_user()
    tokens = console_client.change("POST", f"users/{entry['sub']}/tokens")["tokens"]
    return User(user_client, entry["email"], entry["sub"], tokens)


def show_many_files(page: Page, user: User) -> None:
    """Repeat the file of a user in the responses of the console."""

    def repeat(route: Route) -> None:
        content = route.fetch().json()
        (body,) = (panel["body"] for panel in content["panels"] if panel["id"] == "files")
        body["items"] *= MANY_FILES
        route.fulfill(json=content)

    page.route(f"**/data/users/{user.sub}", repeat)


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


def test_available_file_is_downloaded(console_page: Page, user: User, tmp_path: Path) -> None:
    upload_file(user, name=LONG_NAME)
    console_page.goto(f"/#/users/{user.sub}")
    with console_page.expect_download() as download:
        console_page.get_by_role("link", name=f"Download {LONG_NAME}").click()
    assert download.value.suggested_filename == LONG_NAME
    download.value.save_as(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == TEXT


def test_rejected_file_has_its_reason_and_no_link(console_page: Page, user: User) -> None:
    upload_file(user, EICAR_TEST_STRING, name="eicar.txt")
    console_page.goto(f"/#/users/{user.sub}")
    files = console_page.locator("[data-panel=files]")
    expect(files).to_contain_text("The malware scan found a threat.")
    expect(files.get_by_role("link")).to_have_count(0)


def test_name_of_a_file_has_a_whole_line(console_page: Page, user: User) -> None:
    create_file(user, name=LONG_NAME)
    console_page.set_viewport_size({"width": 320, "height": 700})
    console_page.goto(f"/#/users/{user.sub}")
    box = console_page.get_by_text(LONG_NAME).bounding_box()
    assert box is not None
    assert box["width"] > MIN_NAME_WIDTH


@pytest.mark.parametrize("width", [1280, 320])
def test_long_list_of_files_scrolls_on_its_own(console_page: Page, user: User, width: int) -> None:
    create_file(user, name="blood count.csv")
    show_many_files(console_page, user)
    console_page.set_viewport_size({"width": width, "height": 900})
    console_page.goto(f"/#/users/{user.sub}")
    files = console_page.get_by_role("list", name="Files")
    expect(files.get_by_role("listitem")).to_have_count(MANY_FILES)
    assert files.evaluate("list => list.clientHeight") <= MAX_LIST_HEIGHT
    assert console_page.evaluate("document.documentElement.scrollWidth") == width


def test_list_of_files_remains_scrolled_after_a_change(console_page: Page, user: User) -> None:
    create_file(user, name="blood count.csv")
    show_many_files(console_page, user)
    console_page.goto(f"/#/users/{user.sub}")
    files = console_page.get_by_role("list", name="Files")
    files.evaluate("list => list.scrollTo(0, 700)")
    assert user.patch({"name": "Another name"}).status == 200
    expect(console_page.get_by_role("heading", name="Another name")).to_be_visible()
    assert files.evaluate("list => list.scrollTop") == 700
    console_page.unroute_all(behavior="wait")
