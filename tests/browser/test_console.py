"""Each tab of the console in Chromium, without a reload."""

import json
import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from local.user_client import UserClient
from tests.support.console import ConsoleClient
from tests.support.data import sign_up_attributes
from tests.support.stack import RunningStack, wait_until
from tests.support.users import PASSWORD, generate_email

pytestmark = pytest.mark.slow
SECOND_MS = 1000
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff " * 4
RIGHT_TO_LEFT_NAME = "نور الهدى بنت عبد الرحمن"


@pytest.fixture
def user_client(console_stack: RunningStack) -> UserClient:
    return UserClient(console_stack.outputs)


def read_clipboard(page: Page) -> str:
    return str(page.evaluate("() => navigator.clipboard.readText()"))


def issue_token(console: ConsoleClient, sub: str) -> str:
    return str(console.change("POST", f"users/{sub}/tokens")["tokens"]["IdToken"])


def test_start_has_the_ids_and_code_of_this_run(console_page: Page, console_stack: RunningStack) -> None:
    console_page.goto("/")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Start")
    console_page.get_by_role("button", name="Copy App client").click()
    assert read_clipboard(console_page) == console_stack.outputs.user_pool_client_id
    for name in ("Amplify v6", "amazon-cognito-identity-js", "AWS SDK v3", "Python", "curl"):
        console_page.get_by_role("tab", name=name).click()
        expect(console_page.get_by_role("tabpanel")).to_contain_text(console_stack.outputs.user_pool_client_id)
    console_page.get_by_role("button", name="Copy curl example").click()
    assert read_clipboard(console_page).startswith("export API=")


def test_example_user_signs_up_and_the_code_is_copied(console_page: Page, console_client: ConsoleClient) -> None:
    console_page.goto("/")
    console_page.get_by_role("button", name="Sign up an example user").click()
    code = console_page.get_by_role("button", name="Copy code").first
    code.click()
    assert read_clipboard(console_page) == console_client.get("mails")["mails"][0]["code"]


def test_mail_arrives_live_within_a_second(console_page: Page, user_client: UserClient) -> None:
    console_page.goto("/#/mail")
    expect(console_page.get_by_role("heading", level=1)).to_have_text("Mail")
    expect(console_page.locator("#connection")).to_have_text("Live")
    email = generate_email()
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    expect(console_page.get_by_role("list", name="Mails")).to_contain_text(email, timeout=SECOND_MS)
    expect(console_page.locator(".mail").first).to_contain_text("Sign-up")


def test_new_mails_are_counted_in_other_tabs(console_page: Page, console_client: ConsoleClient) -> None:
    console_page.goto("/#/faults")
    expect(console_page.locator("#connection")).to_have_text("Live")
    console_client.create_user("unconfirmed")
    expect(console_page.get_by_label("1 new")).to_be_visible()
    console_page.get_by_role("link", name="Mail").click()
    expect(console_page.get_by_label("1 new")).to_be_hidden()


def test_mails_are_deleted(console_page: Page, console_client: ConsoleClient) -> None:
    console_client.create_user("unconfirmed")
    console_page.goto("/#/mail")
    console_page.get_by_role("button", name="Delete all").click()
    expect(console_page.get_by_text("No mail yet")).to_be_visible()


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


def test_sign_in_as_copies_and_decodes_the_token(
    console_page: Page, console_client: ConsoleClient, console_stack: RunningStack
) -> None:
    user = console_client.create_user()
    console_page.goto(f"/#/users/{user['sub']}")
    console_page.get_by_role("button", name="Sign in as").click()
    claims = console_page.get_by_role("region", name="Claims of the ID token")
    expect(claims).to_contain_text(f'"email": "{user["email"]}"')
    headers = {"Authorization": f"Bearer {read_clipboard(console_page)}"}
    response = requests.get(f"{console_stack.outputs.api_url}/users/me", headers=headers, timeout=10)
    assert response.json()["id"] == user["sub"]


def test_changed_profile_is_shown_live(
    console_page: Page, console_client: ConsoleClient, user_client: UserClient
) -> None:
    user = console_client.create_user(name="Before")
    console_page.goto(f"/#/users/{user['sub']}")
    profile = console_page.get_by_role("region", name="Profile as answered").last
    expect(profile).to_contain_text('"name": "Before"')
    token = issue_token(console_client, user["sub"])
    user_client.call("PATCH", "/users/me", token, {"name": "After"}, {"Content-Type": "application/merge-patch+json"})
    expect(profile).to_contain_text('"name": "After"', timeout=SECOND_MS)
    expect(console_page.get_by_role("region", name="Stored item").last).to_contain_text('"version": 2')
    expect(profile.locator("mark").first).to_be_visible()
    expect(console_page.get_by_role("list", name="Users")).to_contain_text("After")


def test_user_is_confirmed_disabled_and_deleted(console_page: Page, console_client: ConsoleClient) -> None:
    user = console_client.create_user("unconfirmed")
    console_page.goto(f"/#/users/{user['sub']}")
    header = console_page.locator(".user-header")
    console_page.get_by_role("button", name="Confirm", exact=True).click()
    expect(header).to_contain_text("Confirmed")
    console_page.get_by_role("button", name="Disable").click()
    expect(header).to_contain_text("Disabled")
    console_page.get_by_role("button", name="Enable").click()
    expect(header).to_contain_text("Confirmed")
    console_page.get_by_role("button", name="Delete").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    console_page.get_by_role("button", name="Delete").click()
    console_page.get_by_role("dialog").get_by_role("button", name="Delete user").click()
    expect(console_page.get_by_text("User not available")).to_be_visible()


def test_long_and_right_to_left_names_fit(console_page: Page, console_client: ConsoleClient) -> None:
    console_page.set_viewport_size({"width": 320, "height": 700})
    for name in (LONG_NAME.strip(), RIGHT_TO_LEFT_NAME):
        user = console_client.create_user(name=name)
        for path in ("", f"/{user['sub']}"):
            console_page.goto(f"/#/users{path}")
            expect(console_page.get_by_text(name).filter(visible=True).first).to_be_visible()
            assert console_page.evaluate("document.documentElement.scrollWidth") == 320


def test_markup_in_a_name_is_shown_as_text(console_page: Page, console_client: ConsoleClient) -> None:
    name = "<img src=x onerror=alert(1)>"
    user = console_client.create_user(name=name)
    console_page.goto(f"/#/users/{user['sub']}")
    expect(console_page.get_by_role("heading", name=name)).to_be_visible()
    assert console_page.locator("main img").count() == 0


def test_request_is_shown_live_with_problem_and_log(
    console_page: Page, console_client: ConsoleClient, user_client: UserClient
) -> None:
    user = console_client.create_user()
    console_client.change("DELETE", "requests")
    console_page.goto("/#/requests")
    expect(console_page.get_by_text("No requests yet")).to_be_visible()
    token = issue_token(console_client, user["sub"])
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
    user_client.call("GET", f"/users/{user['sub']}", issue_token(console_client, user["sub"]))
    user_client.call("GET", "/users/other", issue_token(console_client, user["sub"]))
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


@pytest.mark.parametrize(
    ("choice", "status"), [("503 Service Unavailable", 503), ("429 Too Many Requests", 429), ("Connection drops", 0)]
)
def test_fault_is_visible_until_it_ends(
    console_page: Page, console_stack: RunningStack, choice: str, status: int
) -> None:
    console_page.goto("/#/faults")
    banner = console_page.locator("#fault-banner")
    expect(console_page.get_by_text("The API answers normally.")).to_be_visible()
    expect(banner).to_be_hidden()
    console_page.get_by_label(choice).check()
    console_page.get_by_role("button", name="Turn on").click()
    expect(banner).to_contain_text("The next API request is")
    console_page.get_by_role("link", name="Users").click()
    expect(banner).to_be_visible()
    try:
        answered = requests.get(f"{console_stack.outputs.api_url}/users/me", timeout=10).status_code
    except requests.ConnectionError:
        answered = 0
    assert answered == status
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
    console_page.set_input_files("#import-file", file)
    console_page.get_by_role("dialog").get_by_role("button", name="Replace all data").click()
    expect(users).to_have_text(str(before + 1))


def test_lost_connection_is_shown(console_page: Page) -> None:
    console_page.goto("/")
    expect(console_page.locator("#connection")).to_have_text("Live")
    console_page.context.set_offline(True)
    console_page.get_by_role("link", name="Users").click()
    expect(console_page.locator("#toasts")).to_contain_text("The console does not respond.")
    console_page.context.set_offline(False)


def test_file_of_a_user_is_shown(console_page: Page, console_client: ConsoleClient, user_client: UserClient) -> None:
    user = console_client.create_user()
    body = {
        "name": "blood count.pdf",
        "content_type": "application/pdf",
        "size": 2048,
        "sha256": "0" * 64,
        "category": "lab-report",
    }
    response = user_client.call("POST", "/users/me/files", issue_token(console_client, user["sub"]), body)
    assert response.status == 201, response.body
    console_page.goto(f"/#/users/{user['sub']}")
    files = console_page.locator("[data-panel=files]")
    for text in ("blood count.pdf", "lab-report", "awaiting-upload", "2 KiB", re.compile("of 200 files")):
        expect(files).to_contain_text(text)


def test_console_needs_no_terminal_for_a_sign_in(console_page: Page, console_client: ConsoleClient) -> None:
    """A user signs up, is confirmed with the code of the mail, and signs in, all in the console."""
    console_page.goto("/")
    console_page.get_by_role("button", name="Sign up an example user").click()
    email = console_page.locator(".mail strong").first.inner_text()
    console_page.get_by_role("link", name="Users").click()
    console_page.get_by_role("list", name="Users").get_by_role("link").filter(has_text=email).click()
    console_page.get_by_role("button", name="Confirm", exact=True).click()
    console_page.get_by_role("button", name="Sign in as").click()
    expect(console_page.get_by_role("region", name="Signed in", exact=True)).to_be_visible()
    (user,) = console_client.get(f"users?search={email}")["users"]
    wait_until(lambda: bool(console_client.get(f"users/{user['sub']}")["panels"][0]["status"] == 200))
