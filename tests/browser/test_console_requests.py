"""The Requests and API tabs of the console in Chromium."""

import pytest
from playwright.sync_api import Page, expect

from local.user_client import UserClient
from tests.support.console import ConsoleClient

pytestmark = pytest.mark.slow
SECOND_MS = 1000


def test_request_is_shown_live_with_problem_and_log(
    console_page: Page, console_client: ConsoleClient, user_client: UserClient
) -> None:
    user = console_client.create_user()
    console_client.change("DELETE", "requests")
    console_page.goto("/#/requests")
    expect(console_page.get_by_text("No requests yet")).to_be_visible()
    token = console_client.issue_token(user["sub"])
    user_client.call("PUT", f"/users/{user['sub']}", token, {"name": ""})
    row = console_page.get_by_role("button", name=f"PUT /users/{user['sub']}")
    expect(row).to_contain_text("422", timeout=SECOND_MS)
    expect(row).to_contain_text(user["email"])
    row.click()
    expect(console_page.get_by_role("region", name="Problem")).to_contain_text('"pointer": "/name"')
    expect(console_page.get_by_role("region", name="log lines")).to_contain_text("INFO request")
    user_client.call("GET", "/users/me", token)
    expect(console_page.get_by_role("button", name="GET /users/me")).to_be_visible()
    expect(row).to_have_attribute("aria-expanded", "true")


def test_requests_are_filtered_by_user_and_status(
    console_page: Page, console_client: ConsoleClient, user_client: UserClient
) -> None:
    console_client.change("DELETE", "requests")
    user = console_client.create_user()
    user_client.call("GET", f"/users/{user['sub']}", console_client.issue_token(user["sub"]))
    user_client.call("GET", "/users/other", console_client.issue_token(user["sub"]))
    console_page.goto("/#/requests")
    rows = console_page.get_by_role("list", name="Requests").get_by_role("button", expanded=False)
    expect(rows.filter(has_text="GET")).to_have_count(2)
    console_page.get_by_label("Filter by status").select_option("client")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("403")
    console_page.get_by_label("Filter by user").fill("unknown@example.com")
    expect(console_page.get_by_text("No request matches")).to_be_visible()


def test_api_is_tried_out_as_the_selected_user(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user(name="Swagger User")
    console_page.goto("/#/api")
    viewer = console_page.frame_locator("iframe")
    operation = viewer.locator("#operations-users-get_user")
    operation.locator(".opblock-summary-control").click()
    console_page.get_by_label("Send requests as").select_option(user["email"])
    expect(console_page.locator("#toasts")).to_contain_text(user["email"])
    operation.locator(".try-out__btn").click()
    operation.locator(".execute").click()
    response = operation.locator(".live-responses-table")
    expect(response.locator(".response-col_status").last).to_contain_text("200")
    expect(response).to_contain_text("Swagger User")
