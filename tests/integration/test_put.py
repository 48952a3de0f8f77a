"""What a PUT refuses, over HTTP, and that it then changes nothing."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.users import User

NewUser = Callable[..., User]
VALID = {"name": "Jane R. Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    return new_user()


def send(user: User, body: bytes | None, content_type: str | None = "application/json") -> tuple[int, dict[str, Any]]:
    """A PUT with exactly these bytes."""
    headers = {"Authorization": user.token} | ({"Content-Type": content_type} if content_type else {})
    connection = http.client.HTTPConnection(urlsplit(user.client.stack.api_url).netloc, timeout=10)
    connection.request("PUT", "/users/me", body, headers)
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "application/problem+json"
    problem: dict[str, Any] = json.loads(answer.read())
    connection.close()
    return answer.status, problem


def stored(session: UserClient, user: User) -> Any:
    dynamodb = emulator_client("dynamodb", session.stack)
    return dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})["Item"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (None, 400),
        (b"", 400),
        (b"{", 400),
        (b"name=Jane", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "\xff\xfe"}', 400),
        (b'{"a":' * 10_000, 400),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b"[]", 422),
        (b"5", 422),
        (b"null", 422),
        (json.dumps({**VALID, "name": "x" * 65_536}).encode(), 413),
        (b" " * 1_000_000, 413),
    ],
)
def test_a_body_that_is_no_profile_changes_nothing(
    session: UserClient, user: User, body: bytes | None, status: int
) -> None:
    before = stored(session, user)
    assert send(user, body)[0] == status
    assert stored(session, user) == before


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml", "multipart/form-data"])
def test_a_body_of_another_type_changes_nothing(session: UserClient, user: User, content_type: str | None) -> None:
    before = stored(session, user)
    assert send(user, json.dumps(VALID).encode(), content_type)[0] == 415
    assert stored(session, user) == before


NO_VALUE: list[Any] = [5, True, [], {}, "", "\x07"]
WRONG: list[tuple[str, Any]] = [
    *((field, value) for field in VALID for value in NO_VALUE),
    ("name", None),
    ("name", "x" * 257),
    ("dob", "2999-01-01"),
    ("dob", "1985-02-30"),
    ("dob", "1785-01-31"),
    ("gender", "F"),
    ("blood_group", "0-"),
    ("role", "admin"),
    ("user_id", "another"),
    ("__proto__", {}),
    ("id", "another"),
    ("email", "mallory@example.com"),
    ("email", None),
    ("email_verified", False),
    ("phone_number", "+8801712345679"),
    ("phone_number_verified", True),
    ("picture", {"url": "https://example.com"}),
    ("created_at", "2020-01-01T00:00:00.000Z"),
    ("updated_at", "2999-01-01T00:00:00.000Z"),
    ("version", 1_000),
    ("version", "1"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_field_is_named_and_changes_nothing(session: UserClient, user: User, field: str, value: Any) -> None:
    before = stored(session, user)
    answer = user.put({**VALID, field: value})
    assert answer.status == 422
    assert [error["pointer"] for error in answer.body["errors"]] == [f"/{field}"]
    assert stored(session, user) == before


@pytest.mark.parametrize("field", VALID)
def test_a_missing_field_is_named_and_changes_nothing(session: UserClient, user: User, field: str) -> None:
    before = stored(session, user)
    answer = user.put({name: value for name, value in VALID.items() if name != field})
    assert answer.status == 422
    assert answer.body["errors"] == [{"pointer": f"/{field}", "detail": "is required"}]
    assert stored(session, user) == before


def test_all_that_the_server_owns_is_named_at_once(user: User) -> None:
    read = user.get().body
    changed = {**read, "email": "mallory@example.com", "email_verified": False, "id": "another", "name": None}
    answer = user.put(changed)
    assert answer.status == 422
    assert answer.body["errors"] == [
        {"pointer": "/id", "detail": "is set by the server and can't be changed"},
        {"pointer": "/email", "detail": "is set by the server and can't be changed"},
        {"pointer": "/email_verified", "detail": "is set by the server and can't be changed"},
        {"pointer": "/name", "detail": "must not be null"},
    ]


def test_a_broken_rule_does_not_hide_a_changed_field_of_the_server(user: User) -> None:
    read = user.get().body
    answer = user.put({**read, "name": "", "role": "admin", "email": "mallory@example.com", "version": 1_000_000})
    assert answer.status == 422
    assert [error["pointer"] for error in answer.body["errors"]] == ["/name", "/role", "/email", "/version"]


def test_a_broken_rule_in_an_overtaken_representation_is_told_of_as_such(new_user: NewUser) -> None:
    user = new_user()
    old = user.get().body
    assert user.put({**old, "name": "Jane Second"}).status == 200
    answer = user.put({**old, "name": ""})
    assert [error["pointer"] for error in answer.body["errors"]] == ["/name"]


def test_a_representation_that_has_been_overtaken_is_a_conflict(new_user: NewUser) -> None:
    user = new_user()
    old = user.get().body
    new = user.put({**old, "name": "Jane Second"}).body
    assert user.put({**old, "name": "Jane Third"}).status == 409
    assert user.put({"updated_at": old["updated_at"], **VALID}).status == 409
    assert user.get().body == new
    assert user.put({**new, "name": "Jane Third"}).status == 200


def test_what_the_pool_does_not_know_stays_open_until_it_is_given(made_user: NewUser) -> None:
    user = made_user(name="Jane Roe", **{"custom:gender": "Female"})
    read = user.get().body
    assert (read["dob"], read["blood_group"], read["phone_number"]) == (None, None, None)
    renamed = user.put({**read, "name": "Jane Open"}).body
    assert (renamed["name"], renamed["dob"]) == ("Jane Open", None)
    filled = user.put({**renamed, "dob": "1985-01-31", "blood_group": "ab+"}).body
    assert (filled["dob"], filled["blood_group"]) == ("1985-01-31", "AB+")


def test_the_untouched_representation_can_be_put_again(new_user: NewUser) -> None:
    user = new_user()
    read = user.get().body
    again = user.put(read)
    assert again.status == 200
    assert again.body == read


def test_names_keep_their_script(new_user: NewUser) -> None:
    user = new_user(name="Zoe\u0308 Müller")
    assert user.get().body["name"] == "Zoë Müller"
    for name in ("জন ডো", "李小龍", "نرگس\u200cخانم", "Ólafur Ragnar"):
        assert user.put({**VALID, "name": name}).body["name"] == name
