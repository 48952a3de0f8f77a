"""The browser client of Cognito and fetch, in Chromium, from a page on another origin."""

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
from tests.support.markdown import list_examples
from tests.support.optional_tools import require_npm_packages
from tests.support.sample_images import FORMATS, camera_metadata, make_image
from tests.support.stack import RunningStack, start_stack
from tests.support.users import PASSWORD, generate_email

HERE = Path(__file__).parent
LIBRARY = HERE / "node_modules" / "amazon-cognito-identity-js" / "dist" / "amazon-cognito-identity.min.js"
PUBLIC = ("api_url", "aws_endpoint_url", "user_pool_id", "user_pool_client_id")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server with the page, on a port of its own: another origin than the API and Cognito."""
    require_npm_packages(HERE)
    root = tmp_path_factory.mktemp("site")
    shutil.copy(HERE / "page.html", root / "index.html")
    shutil.copy(LIBRARY, root)
    with serve_directory(root) as address:
        yield address


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with start_stack(tmp_path_factory.mktemp("local")) as run:
        yield run


@pytest.fixture(scope="module")
def page(origin: str) -> Iterator[Page]:
    with open_chromium_page() as page:
        page.goto(origin)
        yield page


class Visitor:
    """Calls the page's own functions."""

    def __init__(self, page: Page, run: RunningStack) -> None:
        self._page = page
        self._stack = {name: value for name, value in asdict(run.outputs).items() if name in PUBLIC}

    def __call__(self, function: str, *arguments: Any) -> Any:
        return self._page.evaluate(f"arguments => {function}(...arguments)", [self._stack, *arguments])


@pytest.fixture(scope="module")
def visitor(page: Page, run: RunningStack) -> Visitor:
    return Visitor(page, run)


@pytest.fixture(scope="module")
def token(visitor: Visitor) -> str:
    email = generate_email()
    assert visitor("signUp", email, PASSWORD, sign_up_attributes(email))
    assert visitor("confirm", email, CONFIRMATION_CODE) == "SUCCESS"
    signed_in: str = visitor("signIn", email, PASSWORD)
    return signed_in


def test_a_page_signs_up_confirms_signs_in_reads_and_edits(visitor: Visitor, token: str) -> None:
    read = visitor("call", "GET", "/users/me", token)
    assert read["status"] == 200
    assert read["body"]["email_verified"] is True
    edited = visitor("call", "PUT", "/users/me", token, {**read["body"], "name": "Jane Browser"})
    assert (edited["status"], edited["body"]["version"]) == (200, 2)
    assert visitor("call", "GET", "/users/me", token)["body"] == edited["body"]


@pytest.mark.parametrize(
    ("method", "path", "signed_in", "body", "status"),
    [
        ("GET", "/users/me", False, None, 401),
        ("PUT", "/users/me", False, {"name": "Mallory"}, 401),
        ("GET", "/users/another", True, None, 403),
        ("PUT", "/users/me", True, {"name": ""}, 422),
    ],
)
def test_a_page_can_read_every_refusal(
    visitor: Visitor, token: str, method: str, path: str, signed_in: bool, body: Any, status: int
) -> None:
    answer = visitor("call", method, path, token if signed_in else None, body)
    assert (answer["status"], answer["body"]["status"]) == (status, status)


def test_a_page_edits_the_version_it_has_read_and_no_other(visitor: Visitor, token: str) -> None:
    tag = visitor("call", "GET", "/users/me", token)["headers"]["etag"]
    edited = visitor("call", "PATCH", "/users/me", token, {"gender": "Other"}, {"If-Match": tag})
    assert (edited["status"], edited["body"]["gender"]) == (200, "Other")
    stale = visitor("call", "PATCH", "/users/me", token, {"gender": "Female"}, {"If-Match": tag})
    assert (stale["status"], stale["body"]["title"]) == (412, "Precondition Failed")
    assert stale["headers"]["x-request-id"] == stale["body"]["request_id"]
    known = visitor("call", "GET", "/users/me", token, None, {"If-None-Match": edited["headers"]["etag"]})
    assert known["status"] == 304


@pytest.fixture(scope="module")
def pictures(page: Page, run: RunningStack, token: str) -> Page:
    """The page, with the README's functions for pictures in it."""
    (code,) = list_examples("Pictures", "js")
    page.add_script_tag(content=f"const API = {run.outputs.api_url!r}, TOKEN = {token!r};\n{code}")
    return page


def choose(page: Page, content: bytes, content_type: str) -> Any:
    page.set_input_files("input", {"name": "me", "mimeType": content_type, "buffer": content})
    return page.evaluate("() => setPicture(document.querySelector('input').files[0])")


@pytest.mark.parametrize("content_type", FORMATS)
def test_a_page_uploads_a_file_and_sees_it(pictures: Page, content_type: str) -> None:
    profile = choose(pictures, make_image(content_type, (320, 240), **camera_metadata(orientation=6)), content_type)
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
    loaded = pictures.evaluate(
        "async () => { const told = await fetch(await pictureUrl()); return [told.status, (await told.blob()).size]; }"
    )
    assert loaded == [200, profile["picture"]["size"]]


def test_a_page_is_told_why_a_file_is_refused(pictures: Page) -> None:
    with pytest.raises(Error, match="upload_id: the file must be a JPEG image"):
        choose(pictures, b"no picture", "image/jpeg")
    with pytest.raises(Error, match="must be one of image/jpeg, image/png, image/webp"):
        choose(pictures, b"GIF89a", "image/gif")
    with pytest.raises(Error, match=r"size: must be at most 5 MiB \(5242880 bytes\)"):
        choose(pictures, b"x" * (5 * 1024 * 1024 + 1), "image/jpeg")


def test_a_page_removes_the_picture(pictures: Page) -> None:
    choose(pictures, make_image(), "image/jpeg")
    assert pictures.evaluate("() => picture('DELETE')")["picture"] is None
    with pytest.raises(Error, match="There is no picture"):
        pictures.evaluate("() => pictureUrl()")


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("signUp", ("short@example.com", "short", {"email": "short@example.com"}), "Password"),
        ("signIn", ("nobody@example.com", PASSWORD), "Incorrect username or password"),
        ("confirm", ("john@example.com", "000000"), "CONFIRMED"),
    ],
)
def test_a_page_can_read_what_cognito_refuses(
    visitor: Visitor, function: str, arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(Error, match=message):
        visitor(function, *arguments)


def test_a_page_can_read_that_the_fault_is_not_its_own(visitor: Visitor, token: str, run: RunningStack) -> None:
    """The last one here: the table is taken away."""
    dynamodb = emulator_client("dynamodb", run.outputs)
    dynamodb.update_table(TableName=run.outputs.table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=run.outputs.table)
    answer = visitor("call", "GET", "/users/me", token)
    assert (answer["status"], answer["body"]["status"]) == (500, 500)
    assert answer["headers"]["x-request-id"] == answer["body"]["request_id"]
