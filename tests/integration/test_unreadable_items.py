"""Users can sign in and sign up with any content of their stored item."""

import json
from typing import Any

import pytest

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.aws import require_item
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
