"""A state file is checked completely before an import deletes anything."""

import copy
from typing import Any

import pytest

from local.web_console.replies import RequestRejected
from local.web_console.state_file_check import FORMAT, VERSION, TableSchema, check_state, parse_file

SCHEMAS = {"Users": TableSchema(("user_id",), {"user_id": "S"}), "Records": TableSchema(("id", "at"), {"at": "N"})}
USER = {
    "Username": "jane",
    "Attributes": [{"Name": "sub", "Value": "sub-1"}],
    "UserCreateDate": 1.5,
    "UserLastModifiedDate": 2,
    "Enabled": True,
    "UserStatus": "CONFIRMED",
    "MFAOptions": [],
    "_password": "secret",
    "_groups": [],
    "_tokens": [],
}
FILE: dict[str, Any] = {
    "format": FORMAT,
    "version": VERSION,
    "users": {"jane": USER},
    "tables": {
        "Users": [{"user_id": {"S": "sub-1"}, "hash": {"B": "AP8="}}],
        "Records": [{"id": {"S": "a"}, "at": {"N": "1"}}, {"id": {"S": "a"}, "at": {"N": "2"}}],
    },
    "objects": [{"key": "a", "content_type": "text/plain", "metadata": {"x": "y"}, "content": "YQ==", "tags": {}}],
}


def change(path: str, value: Any) -> dict[str, Any]:
    """Return the valid file with another value at a path of keys and indexes."""
    content = copy.deepcopy(FILE)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    part: Any = content
    for name in parents:
        part = part[name]
    part[last] = value
    return content


def test_valid_file_is_decoded() -> None:
    state = check_state(FILE, SCHEMAS)
    assert state.users == {"jane": USER}
    assert state.tables["Users"] == [{"user_id": {"S": "sub-1"}, "hash": {"B": b"\x00\xff"}}]
    assert (state.objects[0].key, state.objects[0].content) == ("a", b"a")


def test_object_of_an_earlier_version_has_no_tags() -> None:
    stored = {"key": "a", "content_type": "text/plain", "metadata": {}, "content": ""}
    assert check_state(change("objects/0", stored), SCHEMAS).objects[0].tags == {}


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"format": "other", "version": VERSION},
        {"format": FORMAT, "version": VERSION + 1},
        {"format": FORMAT, "version": VERSION, "users": {}, "tables": {}},
        {"format": FORMAT, "version": VERSION, "users": [], "tables": {}, "objects": []},
        {"format": FORMAT, "version": VERSION, "users": {}, "tables": {"Other": []}, "objects": []},
    ],
)
def test_other_file_is_rejected(content: Any) -> None:
    with pytest.raises(RequestRejected, match=r"^The file "):
        check_state(content, SCHEMAS)


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("users/x", {}, "/users/x/Username must be a string"),
        ("users/x", 1, "/users/x must be an object"),
        ("users/jane/Username", "john", "/users/jane/Username must be the key of the user"),
        ("users/jane/Enabled", 1, "/users/jane/Enabled must be true or false"),
        ("users/jane/UserCreateDate", True, "/users/jane/UserCreateDate must be a number"),
        ("users/jane/_password", None, "/users/jane/_password must be a string"),
        ("users/jane/Attributes", [], "/users/jane/Attributes must contain the sub of the user"),
        ("users/jane/Attributes/0", {"Name": "sub"}, "/users/jane/Attributes/0 must have a Name and a Value"),
        ("users/john", {**USER, "Username": "john"}, "/users/john/Attributes has the sub of another user"),
    ],
)
def test_invalid_user_is_rejected(path: str, value: Any, error: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        check_state(change(path, value), SCHEMAS)
    assert str(caught.value) == f"The file was not imported: {error}."


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("tables/Users", {}, "/tables/Users must be a list"),
        ("tables/Users/0", [], "/tables/Users/0 must be an object"),
        ("tables/Users/0", {"bad": 1}, "/tables/Users/0/bad must have exactly one DynamoDB type"),
        ("tables/Users/0", {"bad": {"S": "x"}}, "/tables/Users/0 must have the key user_id"),
        ("tables/Users/0/user_id", {"N": "1"}, "/tables/Users/0/user_id must have the type S"),
        ("tables/Users/0/user_id", {"S": ""}, "/tables/Users/0/user_id must not be empty"),
        ("tables/Users/0/hash", {"B": "AP8"}, "/tables/Users/0/hash must be in base64"),
        ("tables/Users/0/hash", {"S": 1}, "/tables/Users/0/hash must be a DynamoDB value"),
        ("tables/Users/0/hash", {"SS": []}, "/tables/Users/0/hash must be a DynamoDB value"),
        ("tables/Users/0/hash", {"N": "x"}, "/tables/Users/0/hash must be a number"),
        ("tables/Users/0/hash", {"S": "x", "N": "1"}, "/tables/Users/0/hash must have exactly one DynamoDB type"),
        ("tables/Users/0/hash", {"L": [{"M": {"x": 1}}]}, "/tables/Users/0/hash/L/0/M/x must have exactly one"),
        ("tables/Records/1/at", {"N": "1"}, "/tables/Records/1 has the key of another item"),
    ],
)
def test_invalid_item_is_rejected(path: str, value: Any, error: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        check_state(change(path, value), SCHEMAS)
    assert str(caught.value).startswith(f"The file was not imported: {error}")


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("objects/0", {}, "/objects/0/key must be a string"),
        ("objects/0", 1, "/objects/0 must be an object"),
        ("objects/0/key", "k" * 1025, "/objects/0/key must be a string of 1 to 1024 bytes"),
        ("objects/0/content", "%", "/objects/0/content must be in base64"),
        ("objects/0/content", None, "/objects/0/content must be in base64"),
        ("objects/0/content_type", "text/plain\n", "/objects/0/content_type must be a media type"),
        ("objects/0/metadata", {"x": 1}, "/objects/0/metadata must be an object with strings"),
        ("objects/0/tags", [], "/objects/0/tags must be an object with strings"),
        ("objects", [FILE["objects"][0]] * 2, "/objects/1/key is the key of another object"),
    ],
)
def test_invalid_object_is_rejected(path: str, value: Any, error: str) -> None:
    with pytest.raises(RequestRejected) as caught:
        check_state(change(path, value), SCHEMAS)
    assert str(caught.value).startswith(f"The file was not imported: {error}")


@pytest.mark.parametrize("body", [b"", b"\xff\xd8\xff", b"not JSON", b"[" * 200_000])
def test_file_that_is_not_json_is_rejected(body: bytes) -> None:
    with pytest.raises(RequestRejected, match="The file was not exported by this console"):
        parse_file(body)
