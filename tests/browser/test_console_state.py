"""The Faults and Data tabs of the console in Chromium, and a lost connection."""

import json
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.console import ConsoleClient
from tests.support.stack import RunningStack

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("choice", "status"), [("503 Service Unavailable", 503), ("429 Too Many Requests", 429), ("Connection drops", 0)]
)
def test_fault_is_visible_until_it_ends(
    console_page: Page, console_stack: RunningStack, choice: str, status: int
) -> None:
    console_page.goto("/#/faults")
    banner = console_page.locator("#fault-banner")
    expect(console_page.get_by_text("The API responds normally.")).to_be_visible()
    expect(banner).to_be_hidden()
    console_page.get_by_label(choice).check()
    console_page.get_by_role("button", name="Turn on").click()
    expect(banner).to_contain_text("The next API request is")
    console_page.get_by_role("link", name="Users").click()
    expect(banner).to_be_visible()
    try:
        received = requests.get(f"{console_stack.outputs.api_url}/users/me", timeout=10).status_code
    except requests.ConnectionError:
        received = 0
    assert received == status
    expect(banner).to_be_hidden()


def test_fault_is_turned_off_in_the_banner(console_page: Page, console_client: ConsoleClient) -> None:
    console_page.goto("/#/faults")
    console_page.get_by_label("Slow").check()
    console_page.get_by_label("Delay in seconds").fill("0.2")
    console_page.get_by_label("Every request until turned off").check()
    console_page.get_by_role("button", name="Turn on").click()
    expect(console_page.locator("#fault-banner")).to_contain_text("Every API request is delayed by 0.2 s.")
    console_page.locator("#fault-banner").get_by_role("button", name="Turn off").click()
    expect(console_page.locator("#fault-banner")).to_be_hidden()
    assert console_client.get("fault") == {"fault": None}


def test_data_is_seeded_exported_deleted_and_imported(
    console_page: Page, console_client: ConsoleClient, tmp_path: Path
) -> None:
    console_page.goto("/#/data")
    users = console_page.locator(".counts .card", has_text="Users").locator("dd")
    before = int(users.inner_text())
    console_page.get_by_role("button", name="Add 1 user").click()
    expect(users).to_have_text(str(before + 1))
    with console_page.expect_download() as download:
        console_page.get_by_role("link", name="Export to a file").click()
    file = tmp_path / "state.json"
    download.value.save_as(file)
    assert len(json.loads(file.read_text())["users"]) == before + 1
    console_page.get_by_role("button", name="Delete all data").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Delete all data").click()
    expect(users).to_have_text("0")
    expect(console_page.get_by_text("1 user created")).to_be_hidden()
    console_page.set_input_files("#import-file", file)
    expect(console_page.get_by_role("dialog")).to_contain_text("All mails are deleted.")
    console_page.get_by_role("dialog").get_by_role("button", name="Replace all data").click()
    expect(users).to_have_text(str(before + 1))


def test_file_that_is_not_json_is_rejected(console_page: Page, tmp_path: Path) -> None:
    file = tmp_path / "sample.jpg"
    file.write_bytes(b"\xff\xd8")
    console_page.goto("/#/data")
    console_page.set_input_files("#import-file", file)
    console_page.get_by_role("dialog").get_by_role("button", name="Replace all data").click()
    expect(console_page.locator("#toasts")).to_contain_text("The file was not exported by this console.")


def test_start_offers_the_example_user_while_it_exists(console_page: Page, console_client: ConsoleClient) -> None:
    console_client.change("DELETE", "state")
    console_page.goto("/")
    expect(console_page.locator("[data-example-user]")).to_contain_text("There is no example user.")
    console_client.create_user(email="john@example.com")
    expect(console_page.locator("[data-example-user]")).to_contain_text("Example user john@example.com")


def test_lost_connection_is_shown(console_page: Page) -> None:
    console_page.goto("/")
    expect(console_page.locator("#connection")).to_have_text("Live")
    console_page.context.set_offline(True)
    console_page.get_by_role("link", name="Users").click()
    expect(console_page.get_by_role("alert")).to_contain_text("The console does not respond.")
    console_page.context.set_offline(False)
