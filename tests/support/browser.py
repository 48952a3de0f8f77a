"""Chromium, and web pages of another origin. Tests are skipped if Chromium is not installed."""

import functools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.optional_tools import skip

NO_CHROMIUM = "needs Chromium: apt-get install chromium, or brew install --cask chromium"
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@contextmanager
def serve_directory(directory: Path) -> Iterator[str]:
    """Serve a directory on a free port, and yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_QuietHandler, directory=directory))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def open_chromium_page(*flags: str) -> Iterator[Page]:
    """Start a browser with additional flags, and yield an empty page in it."""
    with open_chromium(*flags) as browser:
        yield browser.new_page()


@contextmanager
def open_chromium(*flags: str) -> Iterator[Browser]:
    """Start a browser with additional flags."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*_FLAGS, *flags])
        yield browser
        browser.close()


def read_clipboard(page: Page) -> str:
    """Return the text in the clipboard. The context of the page needs the permission `clipboard-read`."""
    return str(page.evaluate("() => navigator.clipboard.readText()"))


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...
