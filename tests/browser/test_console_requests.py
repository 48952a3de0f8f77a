"""The Requests and API tabs of the console in Chromium."""

import pytest
import requests
from playwright.sync_api import Locator, Page, Request, Route, expect

from local.user_client import UserClient
from tests.support.console import ConsoleClient
from tests.support.stack import RunningStack

pytestmark = pytest.mark.slow
SECOND_MS = 1000
MIN_PATH_WIDTH = 220  # pixels
MIN_GAP = 8  # pixels
MAX_TOKEN_AGE_MS = 4 * 60 * SECOND_MS  # export and deletion need a sign-in within five minutes


def open_operation(page: Page) -> Locator:
    operation = page.frame_locator("iframe").locator("#operations-users-get_user")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".try-out__btn").click()
    return operation


def execute(page: Page, operation: Locator) -> Request:
    with page.expect_request("**/users/me") as request:
        operation.locator(".execute").click()
    return request.value


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


def test_api_tab_keeps_its_state_while_another_tab_is_open(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.goto("/#/api")
    console_page.get_by_label("Send requests as").select_option(user["email"])
    expect(console_page.locator("#toasts")).to_contain_text(user["email"])
    operation = console_page.frame_locator("iframe").locator("#operations-users-get_user")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".try-out__btn").click()
    console_page.get_by_role("link", name="Mail").click()
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Mail")
    console_page.get_by_role("link", name="API").click()
    expect(console_page.get_by_role("heading", level=1)).to_have_text("API")
    expect(console_page.get_by_label("Send requests as")).to_have_value(user["sub"])
    operation.locator(".execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")


def test_api_token_is_renewed_while_the_tab_is_open(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.clock.install()
    console_page.goto("/#/api")
    console_page.get_by_label("Send requests as").select_option(user["email"])
    expect(console_page.locator("#toasts")).to_contain_text(user["email"])
    operation = open_operation(console_page)
    with console_page.expect_response("**/tokens") as renewal:
        console_page.clock.fast_forward(MAX_TOKEN_AGE_MS)
    expect(console_page.locator("#toasts")).to_be_empty()
    token = renewal.value.json()["tokens"]["IdToken"]
    assert execute(console_page, operation).headers["authorization"] == f"Bearer {token}"


def test_api_token_is_renewed_when_the_tab_is_opened(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.clock.install()
    console_page.goto("/#/api")
    console_page.get_by_label("Send requests as").select_option(user["email"])
    expect(console_page.locator("#toasts")).to_contain_text(user["email"])
    console_page.get_by_role("link", name="Faults").click()
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Faults")
    tokens: list[Request] = []
    console_page.on("request", lambda request: tokens.append(request) if request.url.endswith("/tokens") else None)
    console_page.clock.fast_forward(MAX_TOKEN_AGE_MS)
    assert tokens == []
    with console_page.expect_response("**/tokens"):
        console_page.get_by_role("link", name="API").click()


def test_user_selected_before_the_reference_is_loaded_is_used(
    console_page: Page, console_client: ConsoleClient
) -> None:
    user = console_client.create_user()
    held: list[Route] = []
    console_page.route("**/swagger-ui-bundle.js", lambda route: held.append(route))
    console_page.goto("/#/api", wait_until="commit")
    console_page.get_by_label("Send requests as").select_option(user["email"])
    expect(console_page.locator("#toasts")).to_contain_text(user["email"])
    held[0].continue_()
    assert "authorization" in execute(console_page, open_operation(console_page)).headers


def test_api_tab_forgets_a_deleted_user(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user()
    console_page.goto("/#/api")
    console_page.get_by_label("Send requests as").select_option(user["email"])
    expect(console_page.locator("#toasts")).to_contain_text(user["email"])
    console_client.change("DELETE", f"users/{user['sub']}")
    expect(console_page.locator("#toasts")).to_contain_text("Requests are sent without a token.")
    expect(console_page.get_by_label("Send requests as")).to_have_value("")


def test_api_reference_fits_a_narrow_window(console_page: Page) -> None:
    console_page.set_viewport_size({"width": 320, "height": 700})
    console_page.goto("/#/api")
    operation = console_page.frame_locator("iframe").locator("#operations-users-get_user")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".try-out__btn").click()
    operation.locator(".execute").click()
    expect(operation.locator(".live-responses-table")).to_be_visible()
    assert console_page.frames[-1].evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("width", [801, 820, 919, 920, 960, 1024, 1119, 1120, 1280])
def test_path_of_a_request_is_readable(console_page: Page, console_client: ConsoleClient, width: int) -> None:
    console_client.create_user()
    console_page.set_viewport_size({"width": width, "height": 700})
    console_page.goto("/#/requests")
    box = console_page.locator(".request-name").first.bounding_box()
    assert box is not None
    assert box["width"] >= MIN_PATH_WIDTH
    assert console_page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_dropped_request_has_a_legend_and_a_gap(
    console_page: Page, console_client: ConsoleClient, console_stack: RunningStack
) -> None:
    console_client.change("DELETE", "requests")
    console_client.change("PUT", "fault", {"kind": "dropped", "remaining": 1})
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{console_stack.outputs.api_url}/problems", timeout=10)
    console_page.goto("/#/requests")
    row = console_page.locator(".request-row").filter(has_text="dropped")
    label, name = row.locator(".badge").bounding_box(), row.locator(".request-name").bounding_box()
    assert label is not None
    assert name is not None
    assert name["x"] - label["x"] - label["width"] >= MIN_GAP
    expect(console_page.locator(".legend")).to_have_text("Fault injected by the Faults tab")
    expect(console_page.locator(".has-fault")).to_have_attribute("title", "Fault injected by the Faults tab")
