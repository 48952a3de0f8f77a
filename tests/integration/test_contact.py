"""A profile takes over contact data that changed in the user pool, at the next sign-in or with the next token."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.aws.user_pool import UserPool
from chalicelib.core.identity import Caller
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.profiles.service import ProfileService
from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.aws import get_item
from tests.support.data import UNKNOWN_SUB
from tests.support.user_pool_calls import refresh_tokens, update_as_admin
from tests.support.users import PASSWORD, UserFactory, generate_email


def contact_fields(profile: dict[str, Any]) -> list[Any]:
    return [profile[name] for name in ("email", "email_verified", "phone_number", "phone_number_verified")]


def test_verified_address_is_in_the_profile_after_a_sign_in(
    user_client: UserClient, signed_up_user: UserFactory
) -> None:
    user, email = signed_up_user(), generate_email()
    edited = user.put({**user.get().body, "name": "Jane Edited"}).body
    update_as_admin(
        user, email=email, email_verified="true", phone_number="+4915112345678", phone_number_verified="true"
    )
    assert contact_fields(user.get().body) == contact_fields(edited)
    user_client.sign_in(email, PASSWORD)
    after = user.get().body
    assert contact_fields(after) == [email, True, "+4915112345678", True]
    assert (after["name"], after["version"]) == ("Jane Edited", 3)


def test_unverified_number_replaces_an_unverified_one(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    update_as_admin(user, phone_number="+4915112345678", phone_number_verified="false")
    user_client.sign_in(user.email, PASSWORD)
    assert contact_fields(user.get().body) == [user.email, True, "+4915112345678", False]


def test_unverified_number_does_not_replace_a_verified_one(
    user_client: UserClient, signed_up_user: UserFactory
) -> None:
    user = signed_up_user()
    update_as_admin(user, phone_number="+4915112345678", phone_number_verified="true")
    user_client.sign_in(user.email, PASSWORD)
    before = user.get().body
    update_as_admin(user, phone_number="+4915112345679", phone_number_verified="false")
    user_client.sign_in(user.email, PASSWORD)
    assert user.get().body == before


def test_user_can_correct_their_phone_number(user_client: UserClient, signed_up_user: UserFactory) -> None:
    """The front end calls Cognito with the user's own access token. The user pool does not verify phone numbers."""
    user = signed_up_user()
    user_client.cognito.update_user_attributes(
        AccessToken=user.tokens["AccessToken"], UserAttributes=[{"Name": "phone_number", "Value": "+4915112345678"}]
    )
    assert (
        user.client.call("GET", "/users/me", refresh_tokens(user)["IdToken"]).body["phone_number"] == "+4915112345678"
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_address_in_a_refreshed_token_is_in_the_response(signed_up_user: UserFactory, method: str) -> None:
    user, email = signed_up_user(), generate_email()
    update_as_admin(user, email=email, email_verified="true")
    body = None if method == "GET" else {**user.get().body, "name": "Jane Edited"}
    response = user.client.call(method, "/users/me", refresh_tokens(user)["IdToken"], body)
    assert response.status == 200
    assert contact_fields(response.body)[:2] == [email, True]
    assert response.headers["ETag"] == f'"{response.body["version"]}"'
    assert user.get().body == response.body


def test_older_token_does_not_change_the_stored_address(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    update_as_admin(user, email=email, email_verified="true")
    user_client.sign_in(email, PASSWORD)
    assert [contact_fields(user.get().body)[0] for _ in range(2)] == [email, email]
    assert user.get().body["version"] == 2


def test_profile_is_read_while_the_user_pool_fails(
    user_client: UserClient, signed_up_user: UserFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    user = signed_up_user()
    repository = ProfileRepository(emulator_client("dynamodb", user_client.stack), user_client.stack.table)
    user_pool = UserPool(lambda: emulator_client("cognito-idp", user_client.stack), "us-east-1_None")
    caller = Caller(user.sub, user.sub, {"email": generate_email(), "email_verified": "true"})
    assert ProfileService(repository, user_pool).get_profile(caller).email == user.email
    assert '"ContactWriteFailed":1' in capsys.readouterr().out


def test_sign_in_without_changes_writes_nothing(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    before = user.get().body
    user_client.sign_in(user.email, PASSWORD)
    assert user.get().body == before


def test_sign_in_without_a_profile_does_not_create_one(
    user_client: UserClient, admin_created_user: UserFactory
) -> None:
    """The first request creates it."""
    user = admin_created_user()
    user_client.sign_in(user.email, PASSWORD)
    assert get_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, user.sub) is None
    assert user.get().status == 200


def test_older_contact_data_does_not_replace_newer(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user, now = signed_up_user(), datetime.now(UTC)
    repository = ProfileRepository(emulator_client("dynamodb", user_client.stack), user_client.stack.table)

    def follow(email: str, as_of: datetime) -> bool:
        changes: dict[str, FieldValue] = {"email": email, "email_verified": True}
        return repository.update_contact_if_newer(user.sub, changes, as_of, datetime.now(UTC)) is not None

    assert follow("second@example.com", now)
    assert not follow("first@example.com", now - timedelta(seconds=1))
    assert follow("third@example.com", now + timedelta(seconds=1))
    assert (user.get().body["email"], user.get().body["version"]) == ("third@example.com", 3)


def test_contact_data_without_a_profile_is_not_stored(user_client: UserClient) -> None:
    repository = ProfileRepository(emulator_client("dynamodb", user_client.stack), user_client.stack.table)
    now = datetime.now(UTC)
    assert not repository.update_contact_if_newer(
        UNKNOWN_SUB, {"email": "a@example.com", "email_verified": True}, now, now
    )
    assert repository.get_profile(UNKNOWN_SUB) is None
