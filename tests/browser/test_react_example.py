"""The React example in Chromium, from another origin than the API, with the stack of `make run`."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, FilePayload, Locator, Page, expect

from local.config import ROOT
from local.emulator import CONFIRMATION_CODE
from local.malware_scan import EICAR_TEST_STRING
from local.ports import allocate_port
from local.user_client import UserClient
from tests.support.browser import open_chromium_page, serve_directory
from tests.support.optional_tools import require_npm_packages
from tests.support.sample_images import make_image
from tests.support.stack import RunningStack, start_api, start_stack, wait_until
from tests.support.token_forger import TokenForger
from tests.support.user_pool_calls import NEW_PASSWORD, RESET_CODE, enable_authenticator, get_next_code
from tests.support.users import PASSWORD, User, generate_email, sign_up_and_sign_in

EXAMPLE = ROOT / "examples" / "react"
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CONFIG_KEYS = ("api_url", "aws_endpoint_url", "user_pool_id", "user_pool_client_id")
REPORT = b"glucose,mmol/l\n5.1,normal\n"
RIGHT_TO_LEFT_NAME = "\u0644\u064a\u0644\u0649 Jane"
SLOW_TIMEOUT = 20_000  # milliseconds, for a file check or an erasure
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def run_npm(*arguments: str, directory: Path = EXAMPLE, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["npm", "run", "--silent", *arguments]
    return subprocess.run(command, cwd=directory, env={**os.environ, **variables}, capture_output=True, text=True)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack


@pytest.fixture(scope="module")
def config(stack: RunningStack) -> dict[str, str]:
    return {name: value for name, value in asdict(stack.outputs).items() if name in CONFIG_KEYS}


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site without a configuration."""
    require_npm_packages(EXAMPLE)
    require_npm_packages(AXE.parents[2])
    directory = tmp_path_factory.mktemp("site")
    done = run_npm("build", "--", "--outDir", str(directory), "--emptyOutDir", "--logLevel", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    (directory / "config.json").unlink(missing_ok=True)  # of a developer
    return directory


@contextmanager
def open_site(build: Path, config: dict[str, str] | None) -> Iterator[Page]:
    """Serve the site with a configuration and open it. Fail if it sends a request to another machine, or throws."""
    if config:
        (build / "config.json").write_text(json.dumps(config))
    hosts, exceptions = set[str | None](), list[str]()
    with serve_directory(build) as address, open_chromium_page() as page:
        page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
        page.on("pageerror", lambda error: exceptions.append(str(error)))
        page.goto(address)
        yield page
    assert hosts - {None} == {"127.0.0.1"}  # None: blob and data URLs
    assert not exceptions


@pytest.fixture
def page(build: Path, config: dict[str, str]) -> Iterator[Page]:
    with open_site(build, config) as page:
        yield page


@pytest.fixture
def user(stack: RunningStack) -> User:
    return sign_up_and_sign_in(UserClient(stack.outputs))


@pytest.fixture
def account(page: Page, user: User) -> Page:
    """Sign the user in and return the page of the account."""
    sign_in(page, user.email)
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")
    return page


def press(page: Page | Locator, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill(page: Page | Locator, **fields: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    fill(page, Email=email, Password=password)
    press(page, "Sign in")


def fill_sign_up(page: Page, email: str, **fields: str) -> None:
    values = {"Password": PASSWORD, "Name": RIGHT_TO_LEFT_NAME, "Phone_number": "+880 1898 765432", **fields}
    fill(page, Email=email, **{"Date_of_birth": "1985-01-31", **values})
    page.get_by_label("Gender").select_option("Female")
    page.get_by_label("Blood group").select_option("O-")


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def file_item(page: Page, name: str) -> Locator:
    return section(page, "Files").get_by_role("listitem").filter(has_text=name)


def upload_file(page: Page, name: str, content: bytes, media_type: str = "text/csv") -> Locator:
    """Upload a file through the form. Return its item in the list."""
    files = section(page, "Files")
    files.get_by_label("File", exact=True).set_input_files({"name": name, "mimeType": media_type, "buffer": content})
    files.get_by_label("Category").select_option("lab-report")
    press(files, "Upload")
    return file_item(page, name)


def expect_errors(page: Page, *errors: str) -> None:
    """Expect these errors in the focused summary of a form, and at the fields."""
    summary = page.get_by_role("alert")
    expect(summary.get_by_role("listitem")).to_have_text(list(errors))
    expect(summary).to_be_focused()
    for error in errors:
        expect(page.locator(".field .error", has_text=error)).to_be_visible()


def expect_accessible(page: Page) -> None:
    """Expect no finding of axe, and no horizontal scrolling at 320 px, in light and dark mode."""
    page.add_script_tag(path=AXE)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        findings: list[Any] = page.evaluate("async () => (await axe.run()).violations")
        assert [(found["id"], [node["html"] for node in found["nodes"]]) for found in findings] == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.set_viewport_size({"width": 1280, "height": 720})


def make_sign_in_old(page: Page, stack: RunningStack, user: User) -> None:
    """Replace the ID token of the page by one of a session that has begun ten minutes ago."""
    token = TokenForger(stack.directory, user).refresh_after(600)
    page.evaluate(
        "token => sessionStorage.setItem(Object.keys(sessionStorage).find(key => key.endsWith('.idToken')), token)",
        token,
    )


def sign_in_again(page: Page, password: str = PASSWORD) -> None:
    dialog = page.get_by_role("dialog", name="Sign in again")
    fill(dialog, Password=password)
    press(dialog, "Sign in")


def test_type_checker_and_linter_find_nothing() -> None:
    require_npm_packages(EXAMPLE)
    done = run_npm("check")
    assert done.returncode == 0, done.stdout + done.stderr


def copy_checkout(directory: Path) -> Path:
    """Copy the program that writes the configuration. Return its folder, at the same depth as in the repository."""
    example = directory / "examples" / "react"
    (example / "public").mkdir(parents=True)
    for name in ("configure.js", "package.json"):
        shutil.copy(EXAMPLE / name, example)
    return example


def test_configure_writes_the_local_stack(stack: RunningStack, config: dict[str, str], tmp_path: Path) -> None:
    example = copy_checkout(tmp_path)
    (tmp_path / ".local").symlink_to(stack.directory)
    assert run_npm("configure", directory=example).returncode == 0
    assert json.loads((example / "public" / "config.json").read_text()) == config


def test_configure_writes_a_deployed_stage(tmp_path: Path) -> None:
    example, chalice = copy_checkout(tmp_path), tmp_path / ".chalice"
    (chalice / "deployed").mkdir(parents=True)
    variables = {
        "USER_POOL_ARN": "arn:aws:cognito-idp:eu-central-1:000000000000:userpool/eu-central-1_Pool",
        "USER_POOL_CLIENT_ID": "client",
    }
    functions = {"api_handler": {"environment_variables": variables}}
    (chalice / "config.json").write_text(json.dumps({"stages": {"dev": {"lambda_functions": functions}}}))
    api = {"resource_type": "rest_api", "rest_api_url": "https://api.example.com/dev/"}
    resources = [{"resource_type": "lambda_function"}, api]
    (chalice / "deployed" / "dev.json").write_text(json.dumps({"resources": resources}))
    assert run_npm("configure", "--", "dev", directory=example).returncode == 0
    assert json.loads((example / "public" / "config.json").read_text()) == {
        "api_url": "https://api.example.com/dev",
        "user_pool_id": "eu-central-1_Pool",
        "user_pool_client_id": "client",
    }


@pytest.mark.parametrize(
    ("arguments", "advice"), [((), "Start make run first."), (("--", "dev"), "Run make deploy STAGE=dev")]
)
def test_configure_without_a_stage_shows_advice(arguments: tuple[str, ...], advice: str, tmp_path: Path) -> None:
    done = run_npm("configure", *arguments, directory=copy_checkout(tmp_path), LOCAL_DIR=str(tmp_path))
    assert done.returncode == 1
    assert advice in done.stderr


def test_development_server_serves_the_site() -> None:
    require_npm_packages(EXAMPLE)
    port = allocate_port()
    command = ["node_modules/.bin/vite", "--port", str(port), "--logLevel", "error"]
    process = subprocess.Popen(command, cwd=EXAMPLE)
    try:
        with open_chromium_page() as page:
            wait_until(lambda: can_open(page, f"http://127.0.0.1:{port}/"))
            # The heading depends on the configuration of the developer.
            expect(page.get_by_role("heading", name=re.compile("Sign in|Configuration missing"))).to_be_visible(
                timeout=SLOW_TIMEOUT
            )
    finally:
        process.terminate()
        process.wait()


def can_open(page: Page, address: str) -> bool:
    try:
        page.goto(address)
    except Error:
        return False
    return True


def test_site_without_configuration_shows_the_command(build: Path) -> None:
    (build / "config.json").unlink(missing_ok=True)
    with open_site(build, None) as page:
        expect(page.get_by_role("heading", name="Configuration missing")).to_be_visible()
        expect(page.get_by_text("npm run configure")).to_be_visible()


def test_new_user_signs_up_confirms_and_signs_in(page: Page) -> None:
    email = generate_email()
    expect_accessible(page)
    press(page, "Create an account")
    expect(page.get_by_role("heading", name="Create an account")).to_be_focused()
    expect_accessible(page)
    fill_sign_up(page, email, Date_of_birth="2999-01-01", Phone_number="12", Name="42")
    press(page, "Create account")
    expect_errors(
        page,
        "Name must contain a letter.",
        "Phone number must be an international number such as +8801712345678.",
        "Date of birth must not be in the future.",
    )
    expect_accessible(page)
    page.get_by_role("link", name="Date of birth must not be in the future.").click()
    expect(page.get_by_label("Date of birth")).to_be_focused()
    fill_sign_up(page, email)
    press(page, "Create account")
    expect(page.get_by_text("Enter the code that was sent to u***@e***")).to_be_visible()
    expect_accessible(page)
    fill(page, Code="000000")
    press(page, "Confirm")
    expect(page.locator(".field .error")).to_contain_text("code")
    press(page, "Send a new code")
    expect(page.get_by_text("A new code was sent.")).to_be_visible()
    fill(page, Code=CONFIRMATION_CODE)
    press(page, "Confirm")
    expect(page.get_by_text("Your account is confirmed. Sign in.")).to_be_visible()
    sign_in(page, email, "WrongPass123!")
    expect(page.get_by_role("alert")).to_have_text("Incorrect username or password.")
    sign_in(page, email)
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_value(RIGHT_TO_LEFT_NAME)
    expect(name).to_have_css("direction", "rtl")
    expect(page.get_by_label("Date of birth")).to_have_value("1985-01-31")
    expect(page.get_by_text("+8801898765432")).to_be_visible()
    page.reload()
    expect(name).to_have_value(RIGHT_TO_LEFT_NAME)
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("JSON.stringify([sessionStorage, localStorage])").count("Token") == 0


def test_empty_sign_up_names_the_required_fields(page: Page) -> None:
    press(page, "Create an account")
    press(page, "Create account")
    labels = ("Email", "Password", "Name", "Phone number", "Date of birth", "Gender", "Blood group")
    expect_errors(page, *(f"{label} is required." for label in labels))


def test_weak_password_is_shown_at_its_field(page: Page) -> None:
    press(page, "Create an account")
    fill_sign_up(page, generate_email(), Password="weak")
    press(page, "Create account")
    expect(page.locator(".field", has=page.get_by_label("Password")).locator(".error")).to_contain_text("assword")


def test_existing_email_offers_a_code_and_a_new_password(page: Page, user: User) -> None:
    press(page, "Create an account")
    fill_sign_up(page, user.email)
    press(page, "Create account")
    expect(page.get_by_role("alert")).to_contain_text("has an account already")
    expect(page.get_by_role("button", name="Send a new code")).to_be_visible()
    press(page, "Set a new password")
    expect(page.get_by_label("Email")).to_have_value(user.email)
    press(page, "Send a code")
    fill(page, Code=RESET_CODE, New_password=NEW_PASSWORD)
    expect_accessible(page)
    press(page, "Set the password")
    fill(page, Password=NEW_PASSWORD)
    press(page, "Sign in")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")


def test_unconfirmed_user_confirms_at_the_sign_in(page: Page, stack: RunningStack) -> None:
    email = generate_email()
    press(page, "Create an account")
    fill_sign_up(page, email)
    press(page, "Create account")
    expect(page.get_by_role("heading", name="Confirm your email address")).to_be_visible()
    page.reload()
    sign_in(page, email)
    fill(page, Code=CONFIRMATION_CODE)
    press(page, "Confirm")
    sign_in(page, email)
    expect(page.get_by_label("Name", exact=True)).to_have_value(RIGHT_TO_LEFT_NAME)


def test_authenticator_app_code_completes_the_sign_in(page: Page, user: User) -> None:
    authenticator = enable_authenticator(user)
    sign_in(page, user.email)
    fill(page, Code="000000")
    press(page, "Continue")
    expect(page.get_by_role("alert")).to_be_visible()
    expect_accessible(page)
    fill(page, Code=get_next_code(authenticator))
    press(page, "Continue")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")


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


def test_picture_is_set_shown_replaced_and_deleted(account: Page, user: User) -> None:
    picture = section(account, "Picture")
    image: FilePayload = {"name": "a.png", "mimeType": "image/png", "buffer": make_image("image/png")}
    fill(account, Name="Jane Entered")
    picture.get_by_label("Upload a picture").set_input_files({**image, "buffer": REPORT})
    expect(picture.get_by_role("alert")).to_contain_text("The file must be a PNG image")
    picture.get_by_label("Upload a picture").set_input_files(image)
    shown = picture.get_by_role("img", name="Your picture")
    expect(shown).to_be_visible()
    wait_until(lambda: bool(shown.evaluate("image => image.naturalWidth === 64")))
    expect_accessible(account)
    picture.get_by_label("Replace the picture").set_input_files({**image, "buffer": make_image("image/png", (32, 32))})
    wait_until(lambda: bool(shown.evaluate("image => image.naturalWidth === 32")))
    press(section(account, "Profile"), "Save")  # the pictures have changed the version
    expect(account.get_by_text("Saved.")).to_be_visible()
    press(picture, "Delete the picture")
    dialog = account.get_by_role("dialog", name="Delete the picture?")
    expect_accessible(account)
    press(dialog, "Delete")
    expect(picture.get_by_text("No picture")).to_be_visible()
    assert user.get().body["picture"] is None


def test_file_is_uploaded_downloaded_renamed_and_deleted(account: Page) -> None:
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
    press(item, "Rename report.csv")
    dialog = account.get_by_role("dialog", name="Rename the file")
    fill(dialog, Name="a/b.csv")
    press(dialog, "Save")
    expect(dialog.get_by_role("alert")).to_contain_text("Name must be a file name without a path.")
    expect_accessible(account)
    fill(dialog, Name="glucose.csv")
    press(dialog, "Save")
    item = file_item(account, "glucose.csv")
    expect(item).to_be_visible()
    press(item, "Delete glucose.csv")
    press(account.get_by_role("dialog"), "Delete")
    expect(account.get_by_text("There are no files.")).to_be_visible()
    expect(account.get_by_text("0 of 200 files used")).to_be_visible()


def test_file_with_malware_is_rejected(account: Page) -> None:
    item = upload_file(account, "eicar.txt", EICAR_TEST_STRING, "text/plain")
    expect(item).to_contain_text("Rejected: the file contains malware.", timeout=SLOW_TIMEOUT)
    expect(item.get_by_role("button", name="Download eicar.txt")).to_have_count(0)
    expect(account.get_by_text("0 of 200 files used")).to_be_visible()
    expect_accessible(account)


@pytest.mark.parametrize(
    ("name", "media_type", "error"),
    [
        ("page.html", "text/html", "The type of the file must be one of"),
        ("empty.csv", "text/csv", "The size of the file must be a number of bytes, 1 or more."),
    ],
)
def test_unsupported_file_shows_the_rule(account: Page, name: str, media_type: str, error: str) -> None:
    upload_file(account, name, b"" if "empty" in name else REPORT, media_type)
    expect(section(account, "Files").get_by_role("alert")).to_contain_text(error)


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


def test_export_requires_a_recent_sign_in(account: Page, stack: RunningStack, user: User) -> None:
    make_sign_in_old(account, stack, user)
    press(account, "Download your data")
    expect(account.get_by_role("dialog", name="Sign in again")).to_be_visible()
    expect_accessible(account)
    sign_in_again(account, "WrongPass123!")
    expect(account.get_by_role("dialog").get_by_role("alert")).to_have_text("Incorrect username or password.")
    with account.expect_download() as download:
        sign_in_again(account)
    exported = json.loads(download.value.path().read_bytes())
    assert re.fullmatch(r"[\w-]+\.json", download.value.suggested_filename)
    assert exported["profile"]["email"] == user.email
    press(account, "Download your data")
    expect(section(account, "Your data").get_by_role("alert")).to_contain_text(re.compile("Try again in .* seconds"))


def test_cancelled_sign_in_keeps_the_session(account: Page, stack: RunningStack, user: User) -> None:
    make_sign_in_old(account, stack, user)
    press(account, "Download your data")
    press(account.get_by_role("dialog", name="Sign in again"), "Cancel")
    expect(account.get_by_role("dialog")).to_have_count(0)
    expect(account.get_by_label("Name", exact=True)).to_have_value("Jane Roe")


def test_account_is_deleted_after_a_recent_sign_in(account: Page, stack: RunningStack, user: User) -> None:
    make_sign_in_old(account, stack, user)
    press(account, "Delete your account")
    dialog = account.get_by_role("dialog", name="Delete your account?")
    expect_accessible(account)
    press(dialog, "Delete account")
    sign_in_again(account)
    expect(account.get_by_text("Your account is being deleted.")).to_be_visible()
    wait_until(lambda: user.get().status == 410)
    sign_in(account, user.email)
    expect(account.get_by_role("alert")).to_have_text("Incorrect username or password.")


def test_scheduled_deletion_is_cancelled(
    build: Path, config: dict[str, str], stack: RunningStack, user: User, tmp_path: Path
) -> None:
    with (
        start_api(stack.outputs, tmp_path, DELETION_GRACE_DAYS="7") as api,
        open_site(build, {**config, "api_url": api.stack.api_url}) as page,
    ):
        sign_in(page, user.email)
        press(page, "Delete your account")
        press(page.get_by_role("dialog"), "Delete account")
        expect(page.get_by_text("Your account will be deleted on")).to_be_visible()
        expect_accessible(page)
        press(section(page, "Profile"), "Save")
        expect(section(page, "Profile").get_by_role("alert")).to_contain_text("scheduled for deletion")
        press(page, "Keep the account")
        expect(page.get_by_text("Your account will be deleted on")).to_have_count(0)
        press(section(page, "Profile"), "Save")
        expect(page.get_by_text("Saved.")).to_be_visible()


def test_stage_without_a_bucket_hides_pictures_and_files(page: Page, config: dict[str, str], user: User) -> None:
    problem = {"type": f"{config['api_url']}/problems#files-not-enabled", "detail": "Files are not enabled."}
    headers = {"Access-Control-Allow-Origin": "*"}
    page.route(
        f"{config['api_url']}/users/me/files*",
        lambda route: (
            route.fulfill(status=404, json=problem, headers=headers)
            if route.request.method == "GET"
            else route.continue_()
        ),
    )
    sign_in(page, user.email)
    expect(section(page, "Your data")).to_be_visible()
    expect(section(page, "Files")).to_have_count(0)
    expect(section(page, "Picture")).to_have_count(0)


def test_unreachable_api_is_reported_and_the_request_repeated(page: Page, stack: RunningStack, user: User) -> None:
    page.route(f"{stack.outputs.api_url}/**", lambda route: route.abort())
    sign_in(page, user.email)
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    page.unroute_all()
    press(page, "Try again")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Jane Roe")
