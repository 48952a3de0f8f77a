"""Hostile values in requests about files: each is rejected with its rule, and nothing is stored."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.cursors import encode_cursor
from chalicelib.files.models import MAX_FILE_BYTES, FileCategory, FileType
from tests.support.data import FILE_ID, SUB
from tests.support.file_bodies import announce
from tests.support.in_process import SEEDED_RECORDS_TABLE, seeded_table, send_request
from tests.support.stack import RunningStack

pytestmark = pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
FILES_PATH = "/users/me/files"
NO_PATH = "must be a file name without a path"
NO_CONTROL_CHARACTERS = "must not contain control or invisible characters"
NO_SIZE = "must be a number of bytes, 1 or more"
NO_CHECKSUM = "must be a SHA-256 checksum of 64 hexadecimal digits"
NO_TYPE = "must be one of " + ", ".join(FileType)
NO_CATEGORY = "must be one of " + ", ".join(FileCategory)
TOO_LARGE = "must be at most 50 MiB (52428800 bytes)"
INVALID_VALUES = [
    *(("name", name, NO_PATH) for name in ("../x.pdf", "..\\x.pdf", "/etc/passwd", "a/b", ".", "..", "C:\\x.pdf")),
    *(
        ("name", name, NO_CONTROL_CHARACTERS)
        for name in ("x\x00.pdf", "x\r\nSet-Cookie: a=b", "\u202efdp.exe", "\u2066x", "\u200bx", "\ufeffx", "x\u2028y")
    ),
    ("name", "x" * 10_000, "must be at most 255 characters long"),
    *(("name", name, "must not be empty") for name in ("", "  ", "\n")),
    *(("name", name, "must be a string") for name in (5, None, True, ["x"], {"S": "x"})),
    *(("size", size, NO_SIZE) for size in (0, -1, 1.5, True, "10", None, [1], -(10**300))),
    *(("size", size, TOO_LARGE) for size in (MAX_FILE_BYTES + 1, 2**63, 10**300, 1e300)),
    *(("sha256", sha256, NO_CHECKSUM) for sha256 in ("", "0" * 63, "0" * 65, "g" * 64, "\u0660" * 64, "0" * 64 + "\n")),
    ("sha256", 5, "must be a string"),
    *(
        ("content_type", content_type, NO_TYPE)
        for content_type in (
            *("", "text/html", "image/svg+xml", "application/zip", "application/octet-stream", "text/plain; charset=x"),
            "application/vnd.ms-word.document.macroEnabled.12",
        )
    ),
    *(("category", category, NO_CATEGORY) for category in ("", "selfies")),
    *((name, "x", "is not a known field") for name in ("status", "version", "id", "key", "tagging", "__proto__", "")),
]
INVALID_PATCHES = [
    *((name, announce()[name], "is not a known field") for name in ("content_type", "size", "sha256")),
    *((name, "available", "is not a known field") for name in ("status", "rejection", "expires_at", "user_id")),
    *((name, None, "must be a string") for name in ("name", "category")),
    ("name", "../x.pdf", NO_PATH),
    ("name", "\u202efdp.exe", NO_CONTROL_CHARACTERS),
    ("name", "x" * 10_000, "must be at most 255 characters long"),
]
INVALID_LIMITS = ["0", "101", "x", "-1", "1.5", "", "1e1", "0x1", "%D9%A3", "9" * 400, "20%00", "1;2", "null"]
INVALID_CURSORS = [
    "x",
    "%00",
    "me",
    "%F0%9F%92%8A",
    "A" * 9_999,
    *map(encode_cursor, ("", "file-quota", "file#x", "x" * 9_000)),
]
INVALID_IDS = [
    *("x", "..", "%2e%2e", "%00", "file-quota", f"file%23{FILE_ID}", FILE_ID.upper().replace("0", "A"), "x" * 2_000),
    *(f"{FILE_ID}%0A", f"{FILE_ID}%2F..", "00000000-0000-4000-8000-000000000000", "%F0%9F%92%8A"),
]


@pytest.fixture(scope="module")
def dynamodb(stack: RunningStack) -> Iterator[Any]:
    with seeded_table(stack.outputs) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_is_stored(dynamodb: Any) -> Iterator[None]:
    """Fail a test that has stored a record."""
    yield
    assert dynamodb.scan(TableName=SEEDED_RECORDS_TABLE)["Items"] == []


def list_errors(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 422
    return [(error["pointer"], error["detail"]) for error in response.json_body["errors"]]


@pytest.mark.parametrize(("name", "value", "rule"), INVALID_VALUES)
def test_invalid_value_of_a_new_file_is_rejected_by_its_rule(name: str, value: object, rule: str) -> None:
    assert list_errors(send_request("POST", FILES_PATH, {**announce(), name: value})) == [(f"/{name}", rule)]


@pytest.mark.parametrize(("name", "value", "rule"), INVALID_PATCHES)
def test_invalid_value_of_a_change_is_rejected_by_its_rule(name: str, value: object, rule: str) -> None:
    """The file does not exist, but the body is checked first."""
    assert list_errors(send_request("PATCH", f"{FILES_PATH}/{FILE_ID}", {name: value})) == [(f"/{name}", rule)]


@pytest.mark.parametrize("name", announce())
def test_missing_field_of_a_new_file_is_rejected(name: str) -> None:
    body = {other: value for other, value in announce().items() if other != name}
    assert list_errors(send_request("POST", FILES_PATH, body)) == [(f"/{name}", "is required")]


@pytest.mark.parametrize("body", [[], "x", 5, True, [announce()]])
def test_body_that_is_not_an_object_is_rejected(body: Any) -> None:
    assert list_errors(send_request("POST", FILES_PATH, body)) == [("", "must be a JSON object")]


@pytest.mark.parametrize("limit", INVALID_LIMITS)
def test_invalid_limit_is_rejected(limit: str) -> None:
    response = send_request("GET", f"{FILES_PATH}?limit={limit}")
    assert (response.status_code, response.json_body["detail"]) == (400, "limit must be a whole number from 1 to 100.")


@pytest.mark.parametrize("cursor", INVALID_CURSORS)
def test_invalid_cursor_is_rejected(cursor: str) -> None:
    response = send_request("GET", f"{FILES_PATH}?cursor={cursor}")
    assert response.status_code == 400
    assert response.json_body["detail"] == "cursor must be the next_cursor of a page of this list."


@pytest.mark.parametrize("invalid_id", INVALID_IDS)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_id_that_is_not_of_a_file_is_not_found(method: str, invalid_id: str) -> None:
    response = send_request(method, f"{FILES_PATH}/{invalid_id}", {"name": "x.pdf"})
    assert response.status_code == 404


@pytest.mark.parametrize(
    "name", ["Röntgen 2026.pdf", "报告.pdf", "نتیجه\u200cها.pdf", "...pdf", "x" * 255, "a;b\"c'd%00.pdf"]
)
def test_unusual_but_valid_name_is_accepted(dynamodb: Any, name: str) -> None:
    response = send_request("POST", FILES_PATH, announce(name=name))
    assert (response.status_code, response.json_body["name"]) == (201, name)
    assert send_request("DELETE", f"{FILES_PATH}/{response.json_body['id']}").status_code == 204
    dynamodb.delete_item(TableName=SEEDED_RECORDS_TABLE, Key={"user_id": {"S": SUB}, "record": {"S": "file-quota"}})
