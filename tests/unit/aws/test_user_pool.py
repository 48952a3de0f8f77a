"""Users as Cognito returns them, also with fields missing, and the errors of its operations."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.aws.throttled_user_pool import CursorExpired, Rates, ThrottledUserPool
from chalicelib.aws.user_pool import PoolUser, UserPool
from chalicelib.core.errors import UnreadableUser, UpstreamError
from tests.support.aws import client_error

USER_POOL_ID = "us-east-1_EXAMPLE"
USER = {
    "Username": "u-1",
    "UserAttributes": [{"Name": "sub", "Value": "u-1"}, {"Name": "email", "Value": "jane@example.com"}],
    "Enabled": True,
    "UserStatus": "CONFIRMED",
    "UserLastModifiedDate": datetime(2026, 11, 25, tzinfo=UTC),
}


def user_without(field: str) -> dict[str, Any]:
    return {name: value for name, value in USER.items() if name != field}


UNREADABLE_USERS: dict[str, dict[str, Any]] = {
    "empty": {},
    "no status": user_without("UserStatus"),
    "no date": user_without("UserLastModifiedDate"),
    "not enabled or disabled": user_without("Enabled"),
    "status of another type": {**USER, "UserStatus": 7},
    "attribute without a name": {**USER, "UserAttributes": [{"Value": "u-1"}]},
    "attributes as a text": {**USER, "UserAttributes": "sub"},
    "attribute of another type": {**USER, "UserAttributes": [{"Name": "sub", "Value": ["u-1"]}]},
}


class FakeCognito:
    """A client of Cognito that returns these users."""

    def __init__(self, *users: dict[str, Any]) -> None:
        self._users = users

    def admin_get_user(self, **_: Any) -> dict[str, Any]:
        return self._users[0]

    def list_users(self, **_: Any) -> dict[str, Any]:
        # AdminGetUser and ListUsers name the same field differently.
        users = [
            {"Attributes" if name == "UserAttributes" else name: value for name, value in user.items()}
            for user in self._users
        ]
        return {"Users": users, "PaginationToken": "next"}


def create_directory(*users: dict[str, Any]) -> UserPool:
    cognito: Any = FakeCognito(*users)
    return UserPool(lambda: cognito, USER_POOL_ID)


def create_user_pool(*users: dict[str, Any]) -> ThrottledUserPool:
    cognito: Any = FakeCognito(*users)
    return ThrottledUserPool(lambda: cognito, USER_POOL_ID, Rates(1e4, 1e4, 1e4))


@pytest.mark.parametrize(
    ("status", "enabled", "is_active"),
    [
        ("CONFIRMED", True, True),
        ("EXTERNAL_PROVIDER", True, True),
        ("RESET_REQUIRED", True, True),
        ("UNCONFIRMED", True, False),
        ("FORCE_CHANGE_PASSWORD", True, False),  # invited, and not signed in yet
        ("CONFIRMED", False, False),
    ],
)
def test_user_is_active_if_enabled_and_confirmed(status: str, enabled: bool, is_active: bool) -> None:
    user = PoolUser(attributes={}, enabled=enabled, status=status, last_modified_at=datetime.now(UTC))
    assert user.is_active == is_active


@pytest.mark.parametrize("user", UNREADABLE_USERS.values(), ids=UNREADABLE_USERS)
def test_unreadable_user_exists(user: dict[str, Any]) -> None:
    """Otherwise reconciliation would delete the profile."""
    assert create_user_pool(user).user_exists("u-1")


@pytest.mark.parametrize("user", UNREADABLE_USERS.values(), ids=UNREADABLE_USERS)
def test_unreadable_user_is_not_deleted(user: dict[str, Any]) -> None:
    (listed,), _ = create_user_pool({**USER, "UserStatus": "UNCONFIRMED"}).list_users(None)
    assert not create_user_pool(user).delete_unconfirmed(listed)


@pytest.mark.parametrize("user", UNREADABLE_USERS.values(), ids=UNREADABLE_USERS)
def test_unreadable_user_is_an_error_of_the_service(user: dict[str, Any]) -> None:
    with pytest.raises(UnreadableUser):
        create_directory(user).get_user("u-1")


@pytest.mark.parametrize("user", UNREADABLE_USERS.values(), ids=UNREADABLE_USERS)
def test_unreadable_user_is_omitted_from_a_page(user: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    users, cursor = create_user_pool(user, USER).list_users(None)
    assert ([user.sub for user in users], cursor) == (["u-1"], "next")
    assert "user not readable" in capsys.readouterr().out


@pytest.mark.parametrize("attributes", [[], [{"Name": "email", "Value": "jane@example.com"}]])
def test_user_without_a_sub_is_omitted_from_a_page(attributes: list[dict[str, str]]) -> None:
    user = {**USER, "UserAttributes": attributes}
    returned = create_directory(user).get_user("u-1")
    assert returned is not None
    assert returned.sub == ""
    assert create_user_pool(user, USER).list_users(None)[0] == [create_directory(USER).get_user("u-1")]


class RejectingCognito:
    """A client of Cognito that rejects every request for a page."""

    def list_users(self, **_: Any) -> Any:
        raise client_error("InvalidParameterException", operation="ListUsers")


def test_rejected_cursor_has_expired() -> None:
    cognito: Any = RejectingCognito()
    with pytest.raises(CursorExpired):
        ThrottledUserPool(lambda: cognito, "pool").list_users("cursor")


def test_rejected_first_page_is_an_error_of_the_service() -> None:
    cognito: Any = RejectingCognito()
    with pytest.raises(UpstreamError):
        ThrottledUserPool(lambda: cognito, "pool").list_users(None)
