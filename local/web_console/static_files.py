"""The files that the console serves: its page and modules, and Swagger UI from its package."""

import importlib.util
from functools import cache
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Final

from local.config import ROOT
from local.web_console.replies import Reply

UI_DIRECTORY: Final = ROOT / "local" / "console_ui"
UI_PREFIX: Final = "/ui/"
VIEWER_PREFIX: Final = "/swagger/"
VIEWER_PATH: Final = f"{UI_PREFIX}api_viewer.html"
TOKEN_PLACEHOLDER: Final = "{{token}}"
_PAGE: Final = "index.html"
_CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_VIEWER_PACKAGE: Final = "star_openapi_swagger"
_VIEWER_FILES: Final = {
    "swagger-ui-bundle.js": "js/swagger-ui-bundle.js",
    "swagger-ui.css": "css/swagger-ui.css",
}


def read_page(token: str) -> Reply:
    """Return the page, with the token for its requests."""
    text = (UI_DIRECTORY / _PAGE).read_text()
    return Reply(text.replace(TOKEN_PLACEHOLDER, escape(token)).encode(), _CONTENT_TYPES[".html"])


def read_file(path: str) -> Reply | None:
    """Return the file at a path of the console, or None if there is none."""
    if path.startswith(UI_PREFIX):
        return _read_ui_file(path.removeprefix(UI_PREFIX))
    if path.startswith(VIEWER_PREFIX):
        return _read_viewer_file(path.removeprefix(VIEWER_PREFIX))
    return None


def _read_ui_file(name: str) -> Reply | None:
    file = (UI_DIRECTORY / name).resolve()
    is_served = file.is_relative_to(UI_DIRECTORY) and file.suffix in _CONTENT_TYPES and file.name != _PAGE
    return Reply(file.read_bytes(), _CONTENT_TYPES[file.suffix]) if is_served and file.is_file() else None


def _read_viewer_file(name: str) -> Reply | None:
    directory = find_viewer_directory()
    if name not in _VIEWER_FILES or directory is None:
        return None
    file = directory / _VIEWER_FILES[name]
    headers = {"Cache-Control": "private, max-age=3600"}  # 1.7 MB that change only with the package
    return Reply(file.read_bytes(), _CONTENT_TYPES[file.suffix], HTTPStatus.OK, headers)


@cache
def find_viewer_directory() -> Path | None:
    """Return the folder of Swagger UI in its package, or None if the package is not installed.

    Only the files of the package are used. Its code is not imported, because it needs a web framework.
    """
    spec = importlib.util.find_spec(_VIEWER_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "templates" / "swagger"
