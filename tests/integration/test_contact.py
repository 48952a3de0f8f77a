"""A profile follows the contact data that its user has changed and verified, at the next sign-in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.repository import ProfileRepository
from local.session import Session
from local.stack import client
from tests.integration.conftest import PASSWORD, User, new_email

NewUser = Callable[..., User]


@pytest.fixture(scope="module")
def change(session: Session) -> Callable[..., None]:
    """Change attributes in the pool, as a user does who then types the code in."""
    cognito = client("cognito-idp", session.stack)

    def to(user: User, **attributes: str) -> None:
        pairs = [{"Name": name, "Value": value} for name, value in attributes.items()]
        cognito.admin_update_user_attributes(
            UserPoolId=session.stack.user_pool_id, Username=user.sub, UserAttributes=pairs
        )

    return to


def contact(profile: dict[str, Any]) -> list[Any]:
    return [profile[name] for name in ("email", "email_verified", "phone_number", "phone_number_verified")]


def test_a_verified_new_address_is_in_the_profile_after_the_next_sign_in(
    session: Session, new_user: NewUser, change: Callable[..., None]
) -> None:
    user, email = new_user(), new_email()
    edited = user.put({**user.get().body, "name": "Jane Edited"}).body
    change(user, email=email, email_verified="true", phone_number="+4915112345678", phone_number_verified="true")
    assert contact(user.get().body) == contact(edited)
    session.sign_in(email, PASSWORD)
    followed = user.get().body
    assert contact(followed) == [email, True, "+4915112345678", True]
    assert (followed["name"], followed["version"]) == ("Jane Edited", 3)


def test_an_unverified_new_address_replaces_nothing(
    session: Session, new_user: NewUser, change: Callable[..., None]
) -> None:
    user = new_user()
    before = user.get().body
    change(user, phone_number="+4915112345678", phone_number_verified="false")
    session.sign_in(user.email, PASSWORD)
    assert user.get().body == before


def test_a_sign_in_that_brings_no_news_writes_nothing(session: Session, new_user: NewUser) -> None:
    user = new_user()
    before = user.get().body
    session.sign_in(user.email, PASSWORD)
    assert user.get().body == before


def test_a_sign_in_works_without_a_profile_and_leaves_its_making_to_the_first_request(
    session: Session, made_user: NewUser
) -> None:
    user = made_user()
    dynamodb = client("dynamodb", session.stack)
    session.sign_in(user.email, PASSWORD)
    assert "Item" not in dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": user.sub}})
    assert user.get().status == 200


def test_an_older_state_of_the_pool_never_comes_back(session: Session, new_user: NewUser) -> None:
    user, now = new_user(), datetime.now(UTC)
    repository = ProfileRepository(client("dynamodb", session.stack), session.stack.table)

    def follow(email: str, as_of: datetime) -> bool:
        return repository.follow_contact(user.sub, {"email": email, "email_verified": True}, as_of, datetime.now(UTC))

    assert follow("second@example.com", now)
    assert not follow("first@example.com", now - timedelta(seconds=1))
    assert follow("third@example.com", now + timedelta(seconds=1))
    assert (user.get().body["email"], user.get().body["version"]) == ("third@example.com", 3)


def test_contact_is_followed_for_no_profile_that_is_not_there(session: Session) -> None:
    repository = ProfileRepository(client("dynamodb", session.stack), session.stack.table)
    now = datetime.now(UTC)
    assert not repository.follow_contact("nobody", {"email": "a@example.com", "email_verified": True}, now, now)
    assert repository.get("nobody") is None
