"""Requests about files to the API and to S3, and results of their scans."""

import json
from typing import Any, Final

import requests

from chalicelib.files.storage import build_object_key
from local.emulator_clients import emulator_client
from local.malware_scan import ObjectVersion, build_event_detail
from local.stack import Stack
from local.user_client import ApiResponse
from tests.support.file_bodies import PDF, TEXT, announce
from tests.support.stack import wait_until
from tests.support.users import User, header_names

FILES_PATH: Final = "/users/me/files"
_TIMEOUT: Final = 20  # seconds


def announce_file(user: User, content: bytes = PDF, **overrides: Any) -> ApiResponse:
    """Announce a file with this content, by default a PDF. Return the response."""
    body = {**announce(content), "name": "report.pdf", "content_type": "application/pdf", **overrides}
    return user.client.call("POST", FILES_PATH, user.token, body)


def announce_and_upload(user: User, content: bytes = PDF, **overrides: Any) -> str:
    """Announce a file with these fields, by default a PDF, and upload its content. Return its id before its check."""
    created = announce_file(user, content, **overrides)
    assert created.status == 201, created.body
    response = post_form(created.body, content)
    assert response.status_code == 204, response.text
    return str(created.body["id"])


def call_file(user: User, file_id: str, method: str = "GET", path: str = "", body: Any = None) -> ApiResponse:
    """Send a request for a file. `path` is a subresource such as `/content`."""
    return user.client.call(method, f"{FILES_PATH}/{file_id}{path}", user.token, body)


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


def report_scan(stack: Stack, user: User, file_id: str, result: str) -> Any:
    """Invoke check_file with an event of GuardDuty. Return its response."""
    scanned = ObjectVersion(stack.bucket, build_object_key(user.sub, file_id), None, "etag")
    payload = json.dumps({"detail": build_event_detail(scanned, result)})
    response = emulator_client("lambda", stack).invoke(FunctionName=stack.check_file_function, Payload=payload)
    return json.load(response["Payload"])
