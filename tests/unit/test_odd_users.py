"""Answers of Cognito that lack what they always have end no request and no walk."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.cognito import UserDirectory
from chalicelib.errors import UnreadableUser
from chalicelib.user_pool import Rates, UserPool

USER = {
    "Username": "u-1",
    "UserAttributes": [{"Name": "sub", "Value": "u-1"}, {"Name": "email", "Value": "jane@example.com"}],
    "Enabled": True,
    "UserStatus": "CONFIRMED",
    "UserLastModifiedDate": datetime(2026, 11, 25, tzinfo=UTC),
}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in USER.items() if key != name}


ODD: dict[str, dict[str, Any]] = {
    "empty": {},
    "no status": without("UserStatus"),
    "no date": without("UserLastModifiedDate"),
    "not enabled or disabled": without("Enabled"),
    "status of another type": {**USER, "UserStatus": 7},
    "attribute without a name": {**USER, "UserAttributes": [{"Value": "u-1"}]},
    "attributes as a text": {**USER, "UserAttributes": "sub"},
    "attribute of another type": {**USER, "UserAttributes": [{"Name": "sub", "Value": ["u-1"]}]},
}


class Pool:
    """Answers as Cognito's client does, with these users."""

    def __init__(self, *users: dict[str, Any]) -> None:
        self._users = users

    def admin_get_user(self, **_: Any) -> dict[str, Any]:
        return self._users[0]

    def list_users(self, **_: Any) -> dict[str, Any]:
        users = [
            {"Attributes" if name == "UserAttributes" else name: value for name, value in user.items()}
            for user in self._users
        ]
        return {"Users": users, "PaginationToken": "next"}


def directory(*users: dict[str, Any]) -> UserDirectory:
    pool: Any = Pool(*users)
    return UserDirectory(lambda: pool, "us-east-1_EXAMPLE")


def user_pool(*users: dict[str, Any]) -> UserPool:
    pool: Any = Pool(*users)
    return UserPool(lambda: pool, "us-east-1_EXAMPLE", Rates(1e4, 1e4, 1e4))


@pytest.mark.parametrize("user", ODD.values(), ids=ODD)
def test_profile_of_an_odd_user_is_no_orphan(user: dict[str, Any]) -> None:
    assert user_pool(user).has_user("u-1")


@pytest.mark.parametrize("user", ODD.values(), ids=ODD)
def test_odd_user_is_not_deleted(user: dict[str, Any]) -> None:
    (listed,), _ = user_pool({**USER, "UserStatus": "UNCONFIRMED"}).list_page(None)
    assert not user_pool(user).delete_unconfirmed(listed)


@pytest.mark.parametrize("user", ODD.values(), ids=ODD)
def test_odd_user_is_an_error_of_the_backend(user: dict[str, Any]) -> None:
    with pytest.raises(UnreadableUser):
        directory(user).find("u-1")


@pytest.mark.parametrize("user", ODD.values(), ids=ODD)
def test_odd_user_is_left_out_of_a_page(user: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    users, cursor = user_pool(user, USER).list_page(None)
    assert ([user.sub for user in users], cursor) == (["u-1"], "next")
    assert "user not readable" in capsys.readouterr().out


@pytest.mark.parametrize("attributes", [[], [{"Name": "email", "Value": "jane@example.com"}]])
def test_user_without_a_sub_has_no_profile(attributes: list[dict[str, str]]) -> None:
    user = {**USER, "UserAttributes": attributes}
    found = directory(user).find("u-1")
    assert found is not None
    assert found.sub == ""
    assert user_pool(user, USER).list_page(None)[0] == [directory(USER).find("u-1")]
