"""`null` erases the birth date, the gender and the blood group, but no value that this release cannot read."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from local.emulator_clients import emulator_client
from local.user_client import ApiResponse, UserClient
from tests.support.aws import require_item
from tests.support.users import User, UserFactory

ERASABLE = ["dob", "gender", "blood_group"]


def put_changes(user: User, changes: dict[str, Any]) -> ApiResponse:
    return user.put({**user.get().body, **changes})


def patch_changes(user: User, changes: dict[str, Any]) -> ApiResponse:
    return user.client.call("PATCH", "/users/me", user.token, changes)


Change: TypeAlias = Callable[[User, dict[str, Any]], ApiResponse]
both_methods = pytest.mark.parametrize("change", [put_changes, patch_changes])


def get_stored_item(user_client: UserClient, user: User) -> dict[str, Any]:
    return require_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, user.sub)


def overwrite(user_client: UserClient, user: User, **attributes: Any) -> None:
    """Store attributes that another release may have written."""
    item = {**get_stored_item(user_client, user), **attributes}
    emulator_client("dynamodb", user_client.stack).put_item(TableName=user_client.stack.table, Item=item)


@both_methods
@pytest.mark.parametrize("field", ERASABLE)
def test_null_erases_a_value(user_client: UserClient, signed_up_user: UserFactory, change: Change, field: str) -> None:
    user = signed_up_user()
    before = user.get().body
    response = change(user, {field: None})
    assert response.status == 200
    assert response.body == {**before, field: None, "version": 2, "updated_at": response.body["updated_at"]}
    assert field not in get_stored_item(user_client, user)


@both_methods
def test_null_of_an_erased_value_changes_nothing(signed_up_user: UserFactory, change: Change) -> None:
    user = signed_up_user()
    erased = change(user, dict.fromkeys(ERASABLE)).body
    assert change(user, dict.fromkeys(ERASABLE)).body == erased
    assert erased["version"] == 2


@both_methods
def test_erased_value_can_be_set_again(signed_up_user: UserFactory, change: Change) -> None:
    user = signed_up_user()
    change(user, {"blood_group": None})
    assert change(user, {"blood_group": "unknown"}).body["blood_group"] == "Unknown"


@both_methods
def test_null_does_not_erase_the_name(signed_up_user: UserFactory, change: Change) -> None:
    user = signed_up_user()
    response = change(user, {"name": None, "dob": None})
    assert response.status == 422
    assert response.body["errors"] == [{"pointer": "/name", "detail": "must not be null"}]
    assert user.get().body["dob"] == "1985-01-31"


def test_unknown_value_reads_as_null_and_is_not_changed(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    overwrite(user_client, user, blood_group={"S": "hh"})
    before = get_stored_item(user_client, user)
    response = user.get()
    assert (response.status, response.body["blood_group"], response.body["gender"]) == (200, None, "Female")
    assert get_stored_item(user_client, user) == before


@both_methods
def test_unreadable_values_survive_an_update(
    user_client: UserClient, signed_up_user: UserFactory, change: Change
) -> None:
    """A client that sends back the null that it has read must not erase the value of a later release."""
    user = signed_up_user()
    unreadable = {"gender": {"S": "Nonbinary"}, "picture": {"M": {"content_type": {"S": "image/avif"}}}}
    overwrite(user_client, user, **unreadable)
    response = change(user, {"name": "Jane Edited", "gender": None, "dob": None})
    assert (response.status, response.body["name"], response.body["dob"]) == (200, "Jane Edited", None)
    item = get_stored_item(user_client, user)
    assert {name: item[name] for name in unreadable} == unreadable


@both_methods
def test_unreadable_value_can_be_replaced(user_client: UserClient, signed_up_user: UserFactory, change: Change) -> None:
    user = signed_up_user()
    overwrite(user_client, user, gender={"S": "Nonbinary"})
    assert change(user, {"gender": "Other"}).body["gender"] == "Other"


def test_profile_with_an_invalid_version_is_a_500(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    overwrite(user_client, user, version={"S": "seven"})
    response = user.get()
    assert response.status == 500
    assert response.body["detail"] == "An unexpected error occurred in the service."
    assert get_stored_item(user_client, user)["version"] == {"S": "seven"}
