"""Users can sign in, sign up, and list and delete files with any content of their stored items."""

import json
from typing import Any

import pytest

from chalicelib.files.records import build_key, build_sort_key
from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.aws import require_item
from tests.support.file_client import FILES_PATH, announce_and_upload, call_file, list_files, wait_for_check
from tests.support.stack import RunningStack
from tests.support.users import PASSWORD, User, UserFactory

# Changes of a stored item by description. None removes an attribute.
CHANGES: dict[str, dict[str, Any]] = {
    "unknown gender": {"gender": {"S": "Nonbinary"}},
    "unknown blood group": {"blood_group": {"S": "hh"}},
    "birth date in another form": {"dob": {"S": "31 January 1985"}},
    "attribute of a later release": {"consents": {"L": [{"M": {"kind": {"S": "research"}}}]}},
    "picture of a later release": {"picture": {"M": {"content_type": {"S": "image/avif"}, "hash": {"B": b"x"}}}},
    "null instead of an absent value": {"name": {"NULL": True}},
    "no version": {"version": None},
    "version in words": {"version": {"S": "one"}},
    "version with a fraction": {"version": {"N": "1.5"}},
    "no times": {"created_at": None, "updated_at": None},
    "time in another form": {"updated_at": {"N": "1764028800"}},
    "key alone": dict.fromkeys(
        ("email", "email_verified", "phone_number", "phone_number_verified", "name", "dob", "gender", "blood_group",
         "created_at", "updated_at", "version")
    ),
}  # fmt: skip


def change_item(user_client: UserClient, user: User, change: dict[str, Any]) -> dict[str, Any]:
    """Change attributes of a stored item and return it."""
    dynamodb = emulator_client("dynamodb", user_client.stack)
    item = {**require_item(dynamodb, user_client.stack.table, user.sub), **change}
    item = {name: value for name, value in item.items() if value is not None}
    dynamodb.put_item(TableName=user_client.stack.table, Item=item)
    return item


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_sign_in_succeeds_and_does_not_change_the_item(
    user_client: UserClient, signed_up_user: UserFactory, change: dict[str, Any]
) -> None:
    user = signed_up_user()
    item = change_item(user_client, user, change)
    assert user_client.sign_in(user.email, PASSWORD)["IdToken"]
    assert require_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, user.sub) == item


@pytest.mark.parametrize("change", [CHANGES["key alone"], CHANGES["no version"]], ids=["key alone", "no version"])
def test_repeated_confirmation_does_not_change_the_item(
    user_client: UserClient, signed_up_user: UserFactory, change: dict[str, Any]
) -> None:
    """Cognito invokes a trigger up to three times."""
    user = signed_up_user()
    item = change_item(user_client, user, change)
    event = {
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": {"sub": user.sub, "email": user.email, "email_verified": "true"}},
    }
    lambda_ = emulator_client("lambda", user_client.stack)
    response = lambda_.invoke(FunctionName="healthtech-local-post_confirmation", Payload=json.dumps(event))
    assert "FunctionError" not in response
    assert json.load(response["Payload"])["request"] == event["request"]
    assert change_item(user_client, user, {}) == item


def test_unreadable_email_is_replaced_at_the_next_sign_in(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    change_item(user_client, user, {"email": {"SS": ["jane@example.com"]}})
    user_client.sign_in(user.email, PASSWORD)
    assert change_item(user_client, user, {})["email"] == {"S": user.email}


def test_failed_sign_in_trigger_is_logged(
    user_client: UserClient, signed_up_user: UserFactory, stack: RunningStack
) -> None:
    user = signed_up_user()
    change_item(user_client, user, {"version": None})
    user_client.sign_in(user.email, PASSWORD)
    assert '"message":"contact not synced"' in stack.read_logs()


# Changes of the record of a file by description. The record cannot be read then.
FILE_CHANGES: dict[str, dict[str, Any]] = {
    "status of a later release": {"status": {"S": "archived"}},
    "size with a fraction": {"size": {"N": "1.5"}},
    "expiry in words": {"expires_at": {"S": "soon"}},
}


def change_record(stack: RunningStack, user: User, file_id: str, change: dict[str, Any]) -> None:
    dynamodb, key = emulator_client("dynamodb", stack.outputs), build_key(user.sub, build_sort_key(file_id))
    item = dynamodb.get_item(TableName=stack.outputs.records_table, Key=key)["Item"]
    dynamodb.put_item(TableName=stack.outputs.records_table, Item={**item, **change})


def store_file(user: User) -> str:
    file_id = announce_and_upload(user)
    assert wait_for_check(user, file_id)["status"] == "available"
    return file_id


@pytest.mark.parametrize(
    ("field", "expected"), [("category", "other"), ("rejection", None)], ids=["category", "rejection"]
)
def test_file_with_a_value_of_a_later_release_is_read(
    stack: RunningStack, signed_up_user: UserFactory, field: str, expected: str | None
) -> None:
    user = signed_up_user()
    file_id = store_file(user)
    change_record(stack, user, file_id, {field: {"S": "of-a-later-release"}})
    file = call_file(user, file_id).body
    assert (file["status"], file[field]) == ("available", expected)
    assert list_files(user) == [file]
    assert call_file(user, file_id, path="/content").status == 200


@pytest.mark.parametrize("change", FILE_CHANGES.values(), ids=FILE_CHANGES)
def test_unreadable_file_is_not_listed_and_can_be_deleted(
    stack: RunningStack, signed_up_user: UserFactory, change: dict[str, Any]
) -> None:
    user = signed_up_user()
    oldest, damaged, newest = (store_file(user) for _ in range(3))
    change_record(stack, user, damaged, change)
    first = user.client.call("GET", f"{FILES_PATH}?limit=2", user.token).body
    second = user.client.call("GET", f"{FILES_PATH}?limit=2&cursor={first['next_cursor']}", user.token).body
    assert [file["id"] for file in (*first["items"], *second["items"])] == [newest, oldest]
    export = user.client.call("GET", "/users/me/export", user.token)
    assert [file["id"] for file in export.body["files"]] == [newest, oldest]
    assert call_file(user, damaged).status == 500
    assert call_file(user, damaged, "DELETE").status == 204
    assert call_file(user, damaged).status == 404
