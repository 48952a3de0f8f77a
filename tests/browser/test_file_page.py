"""The functions of docs/files.md in Chromium, in a page on another origin."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from local.user_client import UserClient
from tests.support.browser import open_chromium_page, serve_directory
from tests.support.file_bodies import TEXT
from tests.support.file_client import list_files
from tests.support.markdown import list_examples
from tests.support.stack import RunningStack
from tests.support.users import User, sign_up_and_sign_in

pytestmark = pytest.mark.slow
PAGE = '<!doctype html><meta charset="utf-8"><title>A front end on another origin</title><input type="file">'
LINK = """async id => {
  const link = document.createElement("a");
  link.href = await getContentUrl(id);
  document.body.append(link);
  link.click();
}"""


@pytest.fixture(scope="module")
def user(stack: RunningStack) -> User:
    return sign_up_and_sign_in(UserClient(stack.outputs))


@pytest.fixture(scope="module")
def page(user: User, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Yield a page with the documented functions."""
    site = tmp_path_factory.mktemp("site")
    (site / "index.html").write_text(PAGE)
    (functions,) = list_examples("docs/files.md", "js")
    with serve_directory(site) as origin, open_chromium_page() as page:
        page.goto(origin)
        page.add_script_tag(content=f"const API = {user.client.stack.api_url!r}, TOKEN = {user.token!r};\n{functions}")
        yield page


def select_and_upload(page: Page, name: str, content: bytes = TEXT, content_type: str = "text/plain") -> Any:
    """Select a file in the page, and upload it."""
    page.set_input_files("input", {"name": name, "mimeType": content_type, "buffer": content})
    return page.evaluate("() => uploadFile(document.querySelector('input').files[0], 'lab-report')")


def test_page_can_upload_and_download_a_file(page: Page) -> None:
    file = select_and_upload(page, "Röntgen.txt")
    assert file["status"] == "available"
    with page.expect_download() as download:
        page.evaluate(LINK, file["id"])
    assert download.value.suggested_filename == "Röntgen.txt"
    assert download.value.path().read_bytes() == TEXT


def test_page_can_rename_and_delete_a_file(page: Page, user: User) -> None:
    file = select_and_upload(page, "first.txt")
    assert page.evaluate("id => renameFile(id, 'second.txt')", file["id"])["name"] == "second.txt"
    page.evaluate("id => deleteFile(id).then(() => null)", file["id"])
    assert file["id"] not in [listed["id"] for listed in list_files(user)]


def test_page_can_show_why_a_file_is_rejected(page: Page) -> None:
    file = select_and_upload(page, "page.pdf", b"<html><script>alert(1)</script>", "application/pdf")
    assert (file["status"], file["rejection"]) == ("rejected", "content-mismatch")


def test_page_can_read_the_violated_rule(page: Page) -> None:
    with pytest.raises(Error, match="name: must be a file name without a path"):
        page.evaluate("() => uploadFile(new File(['x'], '..\\\\x.txt', { type: 'text/plain' }), 'other')")
