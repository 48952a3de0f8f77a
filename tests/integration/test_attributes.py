"""A user changes their own attributes in the pool, as on AWS."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.user_pool_calls import get_client_error
from tests.support.users import PASSWORD, User, generate_email

NewUser = Callable[..., User]


def update(user: User, **changed: str) -> list[dict[str, str]]:
    """Where the codes went."""
    pairs = [{"Name": name, "Value": value} for name, value in changed.items()]
    answer = user.client.cognito.update_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributes=pairs)
    deliveries: list[dict[str, str]] = answer["CodeDeliveryDetailsList"]
    return deliveries


def request_code(user: User, name: str = "email") -> dict[str, str]:
    answer = user.client.cognito.get_user_attribute_verification_code(
        AccessToken=user.tokens["AccessToken"], AttributeName=name
    )
    delivery: dict[str, str] = answer["CodeDeliveryDetails"]
    return delivery


def verify(user: User, code: str = CONFIRMATION_CODE, name: str = "email") -> None:
    user.client.cognito.verify_user_attribute(AccessToken=user.tokens["AccessToken"], AttributeName=name, Code=code)


def delete(user: User, *names: str) -> None:
    user.client.cognito.delete_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributeNames=list(names))


def stored(user: User) -> dict[str, str]:
    """The user's attributes as the pool has them."""
    pool_id = user.client.stack.user_pool_id
    found = user.client.cognito.admin_get_user(UserPoolId=pool_id, Username=user.sub)["UserAttributes"]
    return {pair["Name"]: pair["Value"] for pair in found}


def mails_to(session: UserClient, address: str) -> list[Any]:
    url = f"{session.stack.aws_endpoint_url}/_ministack/ses/messages"
    with urllib.request.urlopen(url, timeout=10) as answer:
        accounts = json.load(answer)["messages"].values()
    return [message for messages in accounts for message in messages if address in message["To"]]


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    """Return a user whom these tests leave as they were."""
    return new_user()


def test_new_email_is_not_stored_before_its_code_returns(new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    (delivery,) = update(user, email=email, name="Jane New")
    assert (delivery["AttributeName"], delivery["DeliveryMedium"]) == ("email", "EMAIL")
    assert delivery["Destination"] == "u***@e***"
    assert (stored(user)["email"], stored(user)["email_verified"]) == (user.email, "true")
    assert stored(user)["name"] == "Jane New"


def test_new_email_code_is_mailed_to_the_new_address(new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    update(user, email=email)
    (mail,) = mails_to(user.client, email)
    assert CONFIRMATION_CODE in json.dumps(mail)


def test_pending_email_leaves_the_old_one_for_sign_in(session: UserClient, new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    update(user, email=email)
    session.sign_in(user.email, PASSWORD)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        session.sign_in(email, PASSWORD)


def test_verified_email_signs_in_and_the_old_one_does_not(session: UserClient, new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    update(user, email=email)
    verify(user)
    session.sign_in(email, PASSWORD)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        session.sign_in(user.email, PASSWORD)


def test_profile_has_the_verified_email_after_a_sign_in(session: UserClient, new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    update(user, email=email)
    verify(user)
    session.sign_in(email, PASSWORD)
    profile = user.get().body
    assert (profile["email"], profile["email_verified"]) == (email, True)


def test_old_email_is_free_once_the_new_one_is_verified(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    update(user, email=generate_email())
    verify(user)
    assert session.sign_up(user.email, PASSWORD, sign_up_attributes(user.email)) != user.sub


def test_wrong_code_is_refused_and_changes_nothing(new_user: NewUser) -> None:
    user = new_user()
    update(user, email=generate_email())
    expected = ("CodeMismatchException", "Invalid verification code provided, please try again.")
    assert get_client_error(lambda: verify(user, "000000")) == expected
    assert stored(user)["email"] == user.email


def test_used_code_is_expired(new_user: NewUser) -> None:
    user = new_user()
    update(user, email=generate_email())
    verify(user)
    expected = ("ExpiredCodeException", "Invalid code provided, please request a code again.")
    assert get_client_error(lambda: verify(user)) == expected


def test_taken_email_is_refused_at_an_update(new_user: NewUser) -> None:
    user, owner = new_user(), new_user()
    expected = ("AliasExistsException", "An account with the given email already exists.")
    assert get_client_error(lambda: update(user, email=owner.email)) == expected


def test_email_taken_while_pending_is_refused(session: UserClient, new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    update(user, email=email)
    session.sign_up(email, PASSWORD, sign_up_attributes(email))
    assert get_client_error(lambda: verify(user))[0] == "AliasExistsException"
    assert stored(user)["email"] == user.email


def test_requested_code_goes_to_the_pending_email(new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    update(user, email=email)
    assert request_code(user)["AttributeName"] == "email"
    assert len(mails_to(user.client, email)) == 2


def test_requested_code_verifies_the_current_email(made_user: NewUser) -> None:
    user = made_user()
    assert stored(user).get("email_verified") != "true"
    request_code(user)
    verify(user)
    assert (stored(user)["email"], stored(user)["email_verified"]) == (user.email, "true")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("phone_number", "User pool does not have SMS configuration to send messages."),
        ("name", "Invalid attribute name. Only phone_number and email can be verified"),
    ],
)
def test_code_for_what_cannot_be_verified_is_refused(user: User, name: str, message: str) -> None:
    assert get_client_error(lambda: request_code(user, name)) == ("InvalidParameterException", message)


@pytest.mark.parametrize("name", ["email_verified", "phone_number_verified", "custom:unknown", "nickname"])
def test_attribute_not_writable_is_refused(user: User, name: str) -> None:
    before = stored(user)
    expected = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    assert get_client_error(lambda: update(user, **{"name": "Mallory", name: "true"})) == expected
    assert get_client_error(lambda: delete(user, name)) == expected
    assert stored(user) == before


def test_sign_up_with_an_attribute_not_writable_is_refused(session: UserClient) -> None:
    email = generate_email()
    form = {**sign_up_attributes(email), "email_verified": "true"}
    expected = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    assert get_client_error(lambda: session.sign_up(email, PASSWORD, form)) == expected


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("phone_number", "01712345678", "Invalid phone number format."),
        ("phone_number", "+0171234567", "Invalid phone number format."),
        ("phone_number", "+1234567890123456", "Invalid phone number format."),
        ("email", "jane", "Invalid email address format."),
    ],
)
def test_malformed_contact_is_refused(user: User, name: str, value: str, message: str) -> None:
    assert get_client_error(lambda: update(user, **{name: value})) == ("InvalidParameterException", message)
    assert stored(user)[name] != value


def test_new_phone_number_is_stored_as_unverified(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    where = {"UserPoolId": session.stack.user_pool_id, "Username": user.sub}
    verified = [{"Name": "phone_number_verified", "Value": "true"}]
    session.cognito.admin_update_user_attributes(**where, UserAttributes=verified)
    assert update(user, phone_number="+4915112345678") == []
    assert (stored(user)["phone_number"], stored(user)["phone_number_verified"]) == ("+4915112345678", "false")


@pytest.mark.parametrize("blank", [False, True])
def test_deleted_attribute_is_gone(new_user: NewUser, blank: bool) -> None:
    user = new_user()
    if blank:
        update(user, phone_number="")
    else:
        delete(user, "phone_number")
    assert not {"phone_number", "phone_number_verified"} & set(stored(user))


def test_email_cannot_be_deleted(user: User) -> None:
    expected = ("InvalidParameterException", "user.email: Required attribute cannot be deleted.")
    assert get_client_error(lambda: delete(user, "email")) == expected
    assert get_client_error(lambda: update(user, email="")) == expected


def test_revoked_access_token_changes_nothing(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.global_sign_out(AccessToken=user.tokens["AccessToken"])
    for call in (lambda: update(user, name="Mallory"), lambda: request_code(user), lambda: delete(user, "name")):
        assert get_client_error(call) == ("NotAuthorizedException", "Access Token has been revoked")
