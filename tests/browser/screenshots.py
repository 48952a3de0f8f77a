"""`make screenshots`: make the screenshots of the console that the documentation shows.

Starts a stack of its own with example data, opens each tab in Chromium, and saves small PNG files with 256 colors.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.sync_api import Page, ViewportSize

from local.config import ROOT
from local.user_client import UserClient
from tests.support.browser import open_chromium
from tests.support.console import ConsoleClient
from tests.support.picture_client import set_picture, upload_file
from tests.support.stack import start_stack
from tests.support.users import User

DIRECTORY: Final = ROOT / "docs" / "screenshots"
_SIZE: Final[ViewportSize] = {"width": 1280, "height": 720}
_COLORS: Final = 256
_SETTLE_MS: Final = 500
_USERS: Final = (
    ("Jane Roe", "jane@example.com", "confirmed"),
    ("نور الهدى بنت عبد الرحمن", "noor@example.com", "confirmed"),
    ("José Álvarez Núñez", "jose@example.com", "invited"),
    ("Hubert Blaine Wolfeschlegelsteinhausenbergerdorff", "hubert@example.com", "disabled"),
    ("Дарья Смирнова", "darya@example.com", "reset-required"),
    ("Ελένη Παπαδοπούλου", "eleni@example.com", "confirmed"),
    ("Mary Major", "mary@example.com", "unconfirmed"),
)


def main() -> int:
    """Return the exit code."""
    if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        print("Chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 1
    DIRECTORY.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as directory,
        start_stack(Path(directory), variables={"RANDOM_CODES": "1"}) as stack,
        open_chromium() as browser,
    ):
        console = ConsoleClient.open(stack.outputs)
        users = {email: console.create_user(state, name=name, email=email) for name, email, state in _USERS}
        jane = users["jane@example.com"]
        _send_requests(console, UserClient(stack.outputs), jane)
        page = browser.new_page(base_url=stack.outputs.console_url, viewport=_SIZE, color_scheme="light")
        for tab, prepare in _list_tabs(console, jane):
            page.goto(f"/#/{tab}")
            page.wait_for_timeout(_SETTLE_MS)
            prepare(page)
            page.wait_for_timeout(_SETTLE_MS)
            _save(page.screenshot(), DIRECTORY / f"{tab.partition('/')[0]}.png")
    return 0


def _send_requests(console: ConsoleClient, client: UserClient, user: Any) -> None:
    """Send requests that succeed and that fail, so that the Requests tab shows both."""
    tokens = console.change("POST", f"users/{user['sub']}/tokens")["tokens"]
    signed_in = User(client, user["email"], user["sub"], tokens)
    set_picture(signed_in, upload_file(signed_in, (ROOT / "local" / "sample.jpg").read_bytes()))
    signed_in.get()
    client.call("GET", "/users/me", "no token")
    signed_in.patch({"name": "", "dob": "1990-02-30"})


def _list_tabs(console: ConsoleClient, user: Any) -> tuple[tuple[str, Callable[[Page], Any]], ...]:
    """Return the address of each tab, and the steps before its screenshot."""
    rejected = "PATCH /users/me"
    return (
        ("start", lambda page: None),
        ("mail", lambda page: None),
        (f"users/{user['sub']}", lambda page: None),
        ("requests", lambda page: page.get_by_role("button", name=rejected).click()),
        ("api", lambda page: _execute(page, user["email"])),
        ("data", lambda page: None),
        # The last one, because its banner is in every tab.
        ("faults", lambda page: console.change("PUT", "fault", {"kind": "unavailable", "remaining": 5})),
    )


def _execute(page: Page, email: str) -> None:
    """Send a GET request as a user in the API tab."""
    page.get_by_label("Send requests as").select_option(email)
    operation = page.frame_locator("iframe").locator("#operations-users-get_user")
    operation.locator(".opblock-summary-control").click()
    operation.locator(".try-out__btn").click()
    operation.locator(".execute").click()
    operation.locator(".live-responses-table").scroll_into_view_if_needed()
    page.locator(".toast").wait_for(state="detached")


def _save(screenshot: bytes, file: Path) -> None:
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    image.quantize(_COLORS, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
