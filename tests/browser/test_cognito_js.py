"""amazon-cognito-identity-js and fetch in Chromium, from a page on another origin."""

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from tests.support.browser import open_chromium_page, serve_directory
from tests.support.data import sign_up_attributes
from tests.support.erasure import wait_until_erased
from tests.support.markdown import list_examples
from tests.support.optional_tools import require_npm_packages
from tests.support.sample_images import FORMATS, camera_metadata, make_image
from tests.support.stack import RunningStack, start_stack
from tests.support.users import PASSWORD, generate_email

BROWSER_DIR = Path(__file__).parent
LIBRARY = BROWSER_DIR / "node_modules" / "amazon-cognito-identity-js" / "dist" / "amazon-cognito-identity.min.js"
PUBLIC_OUTPUTS = ("api_url", "aws_endpoint_url", "user_pool_id", "user_pool_client_id")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the page on a port of its own, which is another origin than the API and Cognito."""
    require_npm_packages(BROWSER_DIR)
    root = tmp_path_factory.mktemp("site")
    shutil.copy(BROWSER_DIR / "page.html", root / "index.html")
    shutil.copy(LIBRARY, root)
    with serve_directory(root) as address:
        yield address


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack


@pytest.fixture(scope="module")
def page(origin: str) -> Iterator[Page]:
    with open_chromium_page() as page:
        page.goto(origin)
        yield page


class PageClient:
    """Calls the functions of the page."""

    def __init__(self, page: Page, stack: RunningStack) -> None:
        self._page = page
        self._stack = {name: value for name, value in asdict(stack.outputs).items() if name in PUBLIC_OUTPUTS}

    def __call__(self, function: str, *arguments: Any) -> Any:
        return self._page.evaluate(f"arguments => {function}(...arguments)", [self._stack, *arguments])


@pytest.fixture(scope="module")
def page_client(page: Page, stack: RunningStack) -> PageClient:
    return PageClient(page, stack)


@pytest.fixture(scope="module")
def token(page_client: PageClient) -> str:
    email = generate_email()
    assert page_client("signUp", email, PASSWORD, sign_up_attributes(email))
    assert page_client("confirm", email, CONFIRMATION_CODE) == "SUCCESS"
    signed_in: str = page_client("signIn", email, PASSWORD)
    return signed_in


def test_page_can_sign_up_sign_in_read_and_edit(page_client: PageClient, token: str) -> None:
    read = page_client("call", "GET", "/users/me", token)
    assert read["status"] == 200
    assert read["body"]["email_verified"] is True
    edited = page_client("call", "PUT", "/users/me", token, {**read["body"], "name": "Jane Browser"})
    assert (edited["status"], edited["body"]["version"]) == (200, 2)
    assert page_client("call", "GET", "/users/me", token)["body"] == edited["body"]


@pytest.mark.parametrize(
    ("method", "path", "signed_in", "body", "status"),
    [
        ("GET", "/users/me", False, None, 401),
        ("PUT", "/users/me", False, {"name": "Mallory"}, 401),
        ("GET", "/users/another", True, None, 403),
        ("PUT", "/users/me", True, {"name": ""}, 422),
    ],
)
def test_page_can_read_every_error(
    page_client: PageClient, token: str, method: str, path: str, signed_in: bool, body: Any, status: int
) -> None:
    response = page_client("call", method, path, token if signed_in else None, body)
    assert (response["status"], response["body"]["status"]) == (status, status)


def test_page_can_edit_only_the_version_that_it_has_read(page_client: PageClient, token: str) -> None:
    etag = page_client("call", "GET", "/users/me", token)["headers"]["etag"]
    edited = page_client("call", "PATCH", "/users/me", token, {"gender": "Other"}, {"If-Match": etag})
    assert (edited["status"], edited["body"]["gender"]) == (200, "Other")
    stale = page_client("call", "PATCH", "/users/me", token, {"gender": "Female"}, {"If-Match": etag})
    assert (stale["status"], stale["body"]["title"]) == (412, "Precondition Failed")
    assert stale["headers"]["x-request-id"] == stale["body"]["request_id"]
    unchanged = page_client("call", "GET", "/users/me", token, None, {"If-None-Match": edited["headers"]["etag"]})
    assert unchanged["status"] == 304


def test_page_can_export_and_delete_the_account(page_client: PageClient, stack: RunningStack) -> None:
    email = generate_email()
    page_client("signUp", email, PASSWORD, sign_up_attributes(email))
    page_client("confirm", email, CONFIRMATION_CODE)
    token = page_client("signIn", email, PASSWORD)
    exported = page_client("call", "GET", "/users/me/export", token)
    assert (exported["status"], exported["body"]["profile"]["email"]) == (200, email)
    assert exported["headers"]["content-disposition"].startswith('attachment; filename="healthtech-')
    assert exported["headers"]["repr-digest"].startswith("sha-256=:")
    repeated = page_client("call", "GET", "/users/me/export", token)
    assert (repeated["status"], 0 < int(repeated["headers"]["retry-after"]) <= 60) == (429, True)
    deletion = page_client("call", "DELETE", "/users/me", token)
    assert (deletion["status"], deletion["body"]["status"]) == (202, "scheduled")
    assert deletion["headers"]["location"].endswith("/deletion")
    wait_until_erased(stack.outputs, exported["body"]["id"])
    assert page_client("call", "GET", "/users/me", token)["status"] == 410
    with pytest.raises(Error, match="Incorrect username or password"):
        page_client("signIn", email, PASSWORD)


def test_page_can_read_the_challenge_of_a_401(page_client: PageClient) -> None:
    assert page_client("call", "DELETE", "/users/me", None)["headers"]["www-authenticate"] == "Bearer"


@pytest.fixture(scope="module")
def pictures(page: Page, stack: RunningStack, token: str) -> Page:
    """Return the page with the documented functions for pictures."""
    (code,) = list_examples("docs/pictures.md", "js")
    page.add_script_tag(content=f"const API = {stack.outputs.api_url!r}, TOKEN = {token!r};\n{code}")
    return page


def select_and_set_picture(page: Page, content: bytes, content_type: str) -> Any:
    """Select a file in the page and set it as the picture."""
    page.set_input_files("input", {"name": "me", "mimeType": content_type, "buffer": content})
    return page.evaluate("() => setPicture(document.querySelector('input').files[0])")


@pytest.mark.parametrize("content_type", FORMATS)
def test_page_can_upload_and_show_a_picture(pictures: Page, content_type: str) -> None:
    profile = select_and_set_picture(
        pictures, make_image(content_type, (320, 240), **camera_metadata(orientation=6)), content_type
    )
    assert (profile["picture"]["width"], profile["picture"]["height"]) == (240, 320)
    size = pictures.evaluate(
        """async () => {
          const image = document.querySelector("img");
          image.src = await pictureUrl();
          await image.decode();
          return [image.naturalWidth, image.naturalHeight];
        }"""
    )
    assert size == [240, 320]
    download = pictures.evaluate(
        """async () => {
          const response = await fetch(await pictureUrl());
          return [response.status, (await response.blob()).size];
        }"""
    )
    assert download == [200, profile["picture"]["size"]]


def test_page_can_read_why_a_file_is_rejected(pictures: Page) -> None:
    with pytest.raises(Error, match="upload_id: the file must be a JPEG image"):
        select_and_set_picture(pictures, b"not an image", "image/jpeg")
    with pytest.raises(Error, match="must be one of image/jpeg, image/png, image/webp"):
        select_and_set_picture(pictures, b"GIF89a", "image/gif")
    with pytest.raises(Error, match=r"size: must be at most 5 MiB \(5242880 bytes\)"):
        select_and_set_picture(pictures, b"x" * (5 * 1024 * 1024 + 1), "image/jpeg")


def test_page_can_delete_the_picture(pictures: Page) -> None:
    select_and_set_picture(pictures, make_image(), "image/jpeg")
    assert pictures.evaluate("() => picture('DELETE')")["picture"] is None
    with pytest.raises(Error, match="The profile has no picture"):
        pictures.evaluate("() => pictureUrl()")


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("signUp", ("short@example.com", "short", {"email": "short@example.com"}), "Password"),
        ("signIn", ("unknown@example.com", PASSWORD), "Incorrect username or password"),
        ("confirm", ("john@example.com", "000000"), "CONFIRMED"),
    ],
)
def test_page_can_read_errors_of_cognito(
    page_client: PageClient, function: str, arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(Error, match=message):
        page_client(function, *arguments)


def test_page_can_read_a_500(page_client: PageClient, token: str, stack: RunningStack) -> None:
    """This test must be the last of the module: it deletes the table."""
    dynamodb = emulator_client("dynamodb", stack.outputs)
    dynamodb.update_table(TableName=stack.outputs.table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=stack.outputs.table)
    response = page_client("call", "GET", "/users/me", token)
    assert (response["status"], response["body"]["status"]) == (500, 500)
    assert response["headers"]["x-request-id"] == response["body"]["request_id"]
