"""Requests about files to the API and to S3."""

from typing import Any, Final

import requests

from local.user_client import ApiResponse
from tests.support.file_bodies import TEXT, announce
from tests.support.stack import wait_until
from tests.support.users import User, header_names

FILES_PATH: Final = "/users/me/files"
_TIMEOUT: Final = 20  # seconds


def create_file(user: User, content: bytes = TEXT, **overrides: Any) -> dict[str, Any]:
    """Create a file without content, and return it with its form."""
    response = user.client.call("POST", FILES_PATH, user.token, announce(content, **overrides))
    assert response.status == 201, response.body
    return response.body


def post_form(file: dict[str, Any], content: bytes, **overrides: str) -> requests.Response:
    """Send the form of a new file to S3 as a browser does."""
    form = file["upload"]
    return requests.post(form["url"], data={**form["fields"], **overrides}, files={"file": content}, timeout=_TIMEOUT)


def get_file(user: User, file_id: str, **headers: str) -> ApiResponse:
    return user.client.call("GET", f"{FILES_PATH}/{file_id}", user.token, headers=header_names(headers))


def list_files(user: User) -> list[dict[str, Any]]:
    """Return all files, newest first."""
    files: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = user.client.call("GET", f"{FILES_PATH}?limit=100&cursor={cursor}", user.token).body
        files += page["items"]
        if not (cursor := page["next_cursor"]):
            return files


def wait_for_check(user: User, file_id: str) -> dict[str, Any]:
    """Return the file after its check."""
    wait_until(lambda: "Retry-After" not in get_file(user, file_id).headers)
    return get_file(user, file_id).body


def upload_file(user: User, content: bytes = TEXT, **overrides: Any) -> dict[str, Any]:
    """Create a file, upload its content, and return the file after its check."""
    file = create_file(user, content, **overrides)
    response = post_form(file, content)
    assert response.status_code == 204, response.text
    return wait_for_check(user, file["id"])
