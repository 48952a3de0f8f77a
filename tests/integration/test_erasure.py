"""`null` erases date of birth, gender and blood group, and nothing that this release cannot read."""

from collections.abc import Callable
from typing import Any

import pytest

from local.emulator_clients import emulator_client
from local.user_client import ApiResponse, UserClient
from tests.support.users import User

NewUser = Callable[..., User]
ERASABLE = ["dob", "gender", "blood_group"]


def put(user: User, changes: dict[str, Any]) -> ApiResponse:
    return user.put({**user.get().body, **changes})


def patch(user: User, changes: dict[str, Any]) -> ApiResponse:
    return user.client.call("PATCH", "/users/me", user.token, changes)


METHODS = pytest.mark.parametrize("change", [put, patch])
Change = Callable[[User, dict[str, Any]], ApiResponse]


def stored(session: UserClient, user: User) -> dict[str, Any]:
    dynamodb = emulator_client("dynamodb", session.stack)
    item: dict[str, Any] = dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})["Item"]
    return item


def overwrite(session: UserClient, user: User, **attributes: Any) -> None:
    """Store attributes as another release may have written them."""
    item = {**stored(session, user), **attributes}
    emulator_client("dynamodb", session.stack).put_item(TableName=session.stack.table, Item=item)


@METHODS
@pytest.mark.parametrize("field", ERASABLE)
def test_null_erases_a_value(session: UserClient, new_user: NewUser, change: Change, field: str) -> None:
    user = new_user()
    before = user.get().body
    answer = change(user, {field: None})
    assert answer.status == 200
    assert answer.body == {**before, field: None, "version": 2, "updated_at": answer.body["updated_at"]}
    assert field not in stored(session, user)


@METHODS
def test_null_of_an_erased_value_changes_nothing(new_user: NewUser, change: Change) -> None:
    user = new_user()
    erased = change(user, dict.fromkeys(ERASABLE)).body
    assert change(user, dict.fromkeys(ERASABLE)).body == erased
    assert erased["version"] == 2


@METHODS
def test_erased_value_can_be_given_again(new_user: NewUser, change: Change) -> None:
    user = new_user()
    change(user, {"blood_group": None})
    assert change(user, {"blood_group": "unknown"}).body["blood_group"] == "Unknown"


@METHODS
def test_null_does_not_erase_the_name(new_user: NewUser, change: Change) -> None:
    user = new_user()
    answer = change(user, {"name": None, "dob": None})
    assert answer.status == 422
    assert answer.body["errors"] == [{"pointer": "/name", "detail": "must not be null"}]
    assert user.get().body["dob"] == "1985-01-31"


def test_unknown_choice_reads_as_null_and_stays_stored(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    overwrite(session, user, blood_group={"S": "hh"})
    before = stored(session, user)
    answer = user.get()
    assert (answer.status, answer.body["blood_group"], answer.body["gender"]) == (200, None, "Female")
    assert stored(session, user) == before


@METHODS
def test_unreadable_values_survive_a_change(session: UserClient, new_user: NewUser, change: Change) -> None:
    """A client that sends back the null it has read must not erase what a later release has stored."""
    user = new_user()
    odd = {"gender": {"S": "Nonbinary"}, "picture": {"M": {"content_type": {"S": "image/avif"}}}}
    overwrite(session, user, **odd)
    answer = change(user, {"name": "Jane Edited", "gender": None, "dob": None})
    assert (answer.status, answer.body["name"], answer.body["dob"]) == (200, "Jane Edited", None)
    item = stored(session, user)
    assert {name: item[name] for name in odd} == odd


@METHODS
def test_unreadable_value_can_be_replaced(session: UserClient, new_user: NewUser, change: Change) -> None:
    user = new_user()
    overwrite(session, user, gender={"S": "Nonbinary"})
    assert change(user, {"gender": "Other"}).body["gender"] == "Other"


def test_profile_without_a_version_is_an_error_without_details(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    overwrite(session, user, version={"S": "seven"})
    answer = user.get()
    assert answer.status == 500
    assert answer.body["detail"] == "An unexpected error occurred in the service."
    assert stored(session, user)["version"] == {"S": "seven"}
