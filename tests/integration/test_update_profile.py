"""PUT /users/{user_id} over HTTP: which bodies are rejected, and that they change nothing."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.aws import require_item
from tests.support.data import PROFILE_BODY
from tests.support.users import User, UserFactory

BODY = {**PROFILE_BODY, "name": "Jane R. Roe"}


def put_bytes(
    user: User, body: bytes | None, content_type: str | None = "application/json"
) -> tuple[int, dict[str, Any]]:
    """Send a PUT with exactly this body. Return the status and the problem."""
    headers = {"Authorization": user.token} | ({"Content-Type": content_type} if content_type else {})
    connection = http.client.HTTPConnection(urlsplit(user.client.stack.api_url).netloc, timeout=10)
    connection.request("PUT", "/users/me", body, headers)
    response = connection.getresponse()
    assert response.getheader("Content-Type") == "application/problem+json"
    problem: dict[str, Any] = json.loads(response.read())
    connection.close()
    return response.status, problem


def get_stored_item(user_client: UserClient, user: User) -> Any:
    return require_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, user.sub)


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
        (json.dumps({**BODY, "name": "x" * 65_536}).encode(), 413),
        (b" " * 1_000_000, 413),
    ],
)
def test_malformed_body_changes_nothing(user_client: UserClient, user: User, body: bytes | None, status: int) -> None:
    before = get_stored_item(user_client, user)
    assert put_bytes(user, body)[0] == status
    assert get_stored_item(user_client, user) == before


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml", "multipart/form-data"])
def test_body_of_another_media_type_changes_nothing(
    user_client: UserClient, user: User, content_type: str | None
) -> None:
    before = get_stored_item(user_client, user)
    assert put_bytes(user, json.dumps(BODY).encode(), content_type)[0] == 415
    assert get_stored_item(user_client, user) == before


WRONG_TYPES: list[Any] = [5, True, [], {}, "", "\x07"]
INVALID_FIELDS: list[tuple[str, Any]] = [
    *((field, value) for field in BODY for value in WRONG_TYPES),
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


@pytest.mark.parametrize(("field", "value"), INVALID_FIELDS)
def test_invalid_field_is_named_and_changes_nothing(
    user_client: UserClient, user: User, field: str, value: Any
) -> None:
    before = get_stored_item(user_client, user)
    response = user.put({**BODY, field: value})
    assert response.status == 422
    assert [error["pointer"] for error in response.body["errors"]] == [f"/{field}"]
    assert get_stored_item(user_client, user) == before


@pytest.mark.parametrize("field", BODY)
def test_missing_field_is_named_and_changes_nothing(user_client: UserClient, user: User, field: str) -> None:
    before = get_stored_item(user_client, user)
    response = user.put({name: value for name, value in BODY.items() if name != field})
    assert response.status == 422
    assert response.body["errors"] == [{"pointer": f"/{field}", "detail": "is required"}]
    assert get_stored_item(user_client, user) == before


def test_all_changed_read_only_fields_are_named(user: User) -> None:
    read = user.get().body
    changed = {**read, "email": "mallory@example.com", "email_verified": False, "id": "another", "name": None}
    response = user.put(changed)
    assert response.status == 422
    assert response.body["errors"] == [
        {"pointer": "/id", "detail": "is set by the server and can't be changed"},
        {"pointer": "/email", "detail": "is set by the server and can't be changed"},
        {"pointer": "/email_verified", "detail": "is set by the server and can't be changed"},
        {"pointer": "/name", "detail": "must not be null"},
    ]


def test_invalid_field_does_not_hide_read_only_fields(user: User) -> None:
    read = user.get().body
    response = user.put({**read, "name": "", "role": "admin", "email": "mallory@example.com", "version": 1_000_000})
    assert response.status == 422
    assert [error["pointer"] for error in response.body["errors"]] == ["/name", "/role", "/email", "/version"]


def test_invalid_field_of_a_stale_body_is_named(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    stale = user.get().body
    assert user.put({**stale, "name": "Jane Second"}).status == 200
    response = user.put({**stale, "name": ""})
    assert [error["pointer"] for error in response.body["errors"]] == ["/name"]


def test_stale_body_is_a_conflict(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    stale = user.get().body
    current = user.put({**stale, "name": "Jane Second"}).body
    assert user.put({**stale, "name": "Jane Third"}).status == 409
    assert user.put({"updated_at": stale["updated_at"], **BODY}).status == 409
    assert user.get().body == current
    assert user.put({**current, "name": "Jane Third"}).status == 200


def test_missing_values_remain_null_until_set(admin_created_user: UserFactory) -> None:
    user = admin_created_user(name="Jane Roe", **{"custom:gender": "Female"})
    read = user.get().body
    assert (read["dob"], read["blood_group"], read["phone_number"]) == (None, None, None)
    renamed = user.put({**read, "name": "Jane Open"}).body
    assert (renamed["name"], renamed["dob"]) == ("Jane Open", None)
    filled = user.put({**renamed, "dob": "1985-01-31", "blood_group": "ab+"}).body
    assert (filled["dob"], filled["blood_group"]) == ("1985-01-31", "AB+")


def test_unchanged_representation_can_be_put_again(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    read = user.get().body
    response = user.put(read)
    assert response.status == 200
    assert response.body == read


def test_names_in_other_scripts_are_stored_unchanged(signed_up_user: UserFactory) -> None:
    user = signed_up_user(name="Zoe\u0308 Müller")
    assert user.get().body["name"] == "Zoë Müller"
    for name in ("জন ডো", "李小龍", "نرگس\u200cخانم", "Ólafur Ragnar"):
        assert user.put({**BODY, "name": name}).body["name"] == name
