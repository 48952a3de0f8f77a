"""Users sign in and sign up whatever is stored of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.stack import RunningStack
from tests.support.users import PASSWORD, User

NewUser = Callable[..., User]

# What a stored item is changed by; None removes an attribute.
ITEMS: dict[str, dict[str, Any]] = {
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


def overwrite(session: UserClient, user: User, change: dict[str, Any]) -> dict[str, Any]:
    """Change a stored item; return it."""
    dynamodb, key = emulator_client("dynamodb", session.stack), {"user_id": {"S": user.sub}}
    item = {**dynamodb.get_item(TableName=session.stack.table, Key=key)["Item"], **change}
    item = {name: value for name, value in item.items() if value is not None}
    dynamodb.put_item(TableName=session.stack.table, Item=item)
    return item


@pytest.mark.parametrize("change", ITEMS.values(), ids=ITEMS)
def test_sign_in_works_whatever_is_stored(session: UserClient, new_user: NewUser, change: dict[str, Any]) -> None:
    user = new_user()
    item = overwrite(session, user, change)
    assert session.sign_in(user.email, PASSWORD)["IdToken"]
    found = emulator_client("dynamodb", session.stack).get_item(
        TableName=session.stack.table, Key={"user_id": {"S": user.sub}}
    )
    assert found["Item"] == item


@pytest.mark.parametrize("change", [ITEMS["key alone"], ITEMS["no version"]], ids=["key alone", "no version"])
def test_confirmation_again_leaves_an_odd_item(session: UserClient, new_user: NewUser, change: dict[str, Any]) -> None:
    """Cognito calls a trigger up to three times."""
    user = new_user()
    item = overwrite(session, user, change)
    event = {
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": {"sub": user.sub, "email": user.email, "email_verified": "true"}},
    }
    lambda_ = emulator_client("lambda", session.stack)
    answer = lambda_.invoke(FunctionName="healthtech-local-post_confirmation", Payload=json.dumps(event))
    assert "FunctionError" not in answer
    assert json.load(answer["Payload"])["request"] == event["request"]
    assert overwrite(session, user, {}) == item


def test_unreadable_email_is_replaced_by_that_of_the_pool(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    overwrite(session, user, {"email": {"SS": ["jane@example.com"]}})
    session.sign_in(user.email, PASSWORD)
    assert overwrite(session, user, {})["email"] == {"S": user.email}


def test_failed_trigger_of_a_sign_in_is_logged(session: UserClient, new_user: NewUser, run: RunningStack) -> None:
    user = new_user()
    overwrite(session, user, {"version": None})
    session.sign_in(user.email, PASSWORD)
    assert '"message":"contact not synced"' in run.read_logs()
