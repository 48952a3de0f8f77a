"""A profile takes over contact data that was changed in the pool, at the next sign-in or with the next token."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.aws.user_pool import UserPool
from chalicelib.core.identity import Caller
from chalicelib.profiles import service
from chalicelib.profiles.repository import ProfileRepository
from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.user_pool_calls import refresh_tokens
from tests.support.users import PASSWORD, User, generate_email

NewUser = Callable[..., User]


@pytest.fixture(scope="module")
def change(session: UserClient) -> Callable[..., None]:
    """Change attributes in the pool, as a user does who then types the code in."""
    cognito = emulator_client("cognito-idp", session.stack)

    def to(user: User, **attributes: str) -> None:
        pairs = [{"Name": name, "Value": value} for name, value in attributes.items()]
        cognito.admin_update_user_attributes(
            UserPoolId=session.stack.user_pool_id, Username=user.sub, UserAttributes=pairs
        )

    return to


def contact(profile: dict[str, Any]) -> list[Any]:
    return [profile[name] for name in ("email", "email_verified", "phone_number", "phone_number_verified")]


def test_a_verified_new_address_is_in_the_profile_after_the_next_sign_in(
    session: UserClient, new_user: NewUser, change: Callable[..., None]
) -> None:
    user, email = new_user(), generate_email()
    edited = user.put({**user.get().body, "name": "Jane Edited"}).body
    change(user, email=email, email_verified="true", phone_number="+4915112345678", phone_number_verified="true")
    assert contact(user.get().body) == contact(edited)
    session.sign_in(email, PASSWORD)
    followed = user.get().body
    assert contact(followed) == [email, True, "+4915112345678", True]
    assert (followed["name"], followed["version"]) == ("Jane Edited", 3)


def test_unverified_number_replaces_an_unverified_one(
    session: UserClient, new_user: NewUser, change: Callable[..., None]
) -> None:
    user = new_user()
    change(user, phone_number="+4915112345678", phone_number_verified="false")
    session.sign_in(user.email, PASSWORD)
    assert contact(user.get().body) == [user.email, True, "+4915112345678", False]


def test_unverified_address_replaces_no_verified_one(
    session: UserClient, new_user: NewUser, change: Callable[..., None]
) -> None:
    user = new_user()
    change(user, phone_number="+4915112345678", phone_number_verified="true")
    session.sign_in(user.email, PASSWORD)
    before = user.get().body
    change(user, phone_number="+4915112345679", phone_number_verified="false")
    session.sign_in(user.email, PASSWORD)
    assert user.get().body == before


def test_person_corrects_their_phone_number(session: UserClient, new_user: NewUser) -> None:
    """As a front end does it, with the person's own access token. The pool verifies no numbers."""
    user = new_user()
    session.cognito.update_user_attributes(
        AccessToken=user.tokens["AccessToken"], UserAttributes=[{"Name": "phone_number", "Value": "+4915112345678"}]
    )
    assert (
        user.client.call("GET", "/users/me", refresh_tokens(user)["IdToken"]).body["phone_number"] == "+4915112345678"
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_address_of_a_refreshed_token_is_in_the_answer(
    new_user: NewUser, change: Callable[..., None], method: str
) -> None:
    user, email = new_user(), generate_email()
    change(user, email=email, email_verified="true")
    body = None if method == "GET" else {**user.get().body, "name": "Jane Edited"}
    answer = user.client.call(method, "/users/me", refresh_tokens(user)["IdToken"], body)
    assert answer.status == 200
    assert contact(answer.body)[:2] == [email, True]
    assert answer.headers["ETag"] == f'"{answer.body["version"]}"'
    assert user.get().body == answer.body


def test_token_older_than_the_stored_address_changes_nothing(
    session: UserClient, new_user: NewUser, change: Callable[..., None]
) -> None:
    user, email = new_user(), generate_email()
    change(user, email=email, email_verified="true")
    session.sign_in(email, PASSWORD)
    assert [contact(user.get().body)[0] for _ in range(2)] == [email, email]
    assert user.get().body["version"] == 2


def test_read_works_while_the_pool_does_not(
    session: UserClient, new_user: NewUser, capsys: pytest.CaptureFixture[str]
) -> None:
    user = new_user()
    repository = ProfileRepository(emulator_client("dynamodb", session.stack), session.stack.table)
    directory = UserPool(lambda: emulator_client("cognito-idp", session.stack), "us-east-1_None")
    caller = Caller(user.sub, user.sub, {"email": generate_email(), "email_verified": "true"})
    assert service.ProfileService(repository, directory, caller).email == user.email
    assert '"ContactWriteFailed":1' in capsys.readouterr().out


def test_a_sign_in_that_brings_no_news_writes_nothing(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    before = user.get().body
    session.sign_in(user.email, PASSWORD)
    assert user.get().body == before


def test_a_sign_in_works_without_a_profile_and_leaves_its_making_to_the_first_request(
    session: UserClient, made_user: NewUser
) -> None:
    user = made_user()
    dynamodb = emulator_client("dynamodb", session.stack)
    session.sign_in(user.email, PASSWORD)
    assert "Item" not in dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})
    assert user.get().status == 200


def test_an_older_state_of_the_pool_never_comes_back(session: UserClient, new_user: NewUser) -> None:
    user, now = new_user(), datetime.now(UTC)
    repository = ProfileRepository(emulator_client("dynamodb", session.stack), session.stack.table)

    def follow(email: str, as_of: datetime) -> bool:
        news: dict[str, FieldValue] = {"email": email, "email_verified": True}
        return repository.update_contact_if_newer(user.sub, news, as_of, datetime.now(UTC)) is not None

    assert follow("second@example.com", now)
    assert not follow("first@example.com", now - timedelta(seconds=1))
    assert follow("third@example.com", now + timedelta(seconds=1))
    assert (user.get().body["email"], user.get().body["version"]) == ("third@example.com", 3)


def test_contact_is_followed_for_no_profile_that_is_not_there(session: UserClient) -> None:
    repository = ProfileRepository(emulator_client("dynamodb", session.stack), session.stack.table)
    now = datetime.now(UTC)
    assert not repository.update_contact_if_newer(
        "nobody", {"email": "a@example.com", "email_verified": True}, now, now
    )
    assert repository.get_profile("nobody") is None
