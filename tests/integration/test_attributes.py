"""Changes that users make to their own attributes in the embedded Cognito."""

import json
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.user_pool_calls import get_client_error, update_as_admin
from tests.support.users import PASSWORD, User, UserFactory, attribute_pairs, generate_email


def update_attributes(user: User, **attributes: str) -> list[dict[str, str]]:
    """Change attributes with the user's access token. Return where codes were sent."""
    response = user.client.cognito.update_user_attributes(
        AccessToken=user.tokens["AccessToken"], UserAttributes=attribute_pairs(attributes)
    )
    deliveries: list[dict[str, str]] = response["CodeDeliveryDetailsList"]
    return deliveries


def request_code(user: User, name: str = "email") -> dict[str, str]:
    """Request a verification code. Return where it was sent."""
    response = user.client.cognito.get_user_attribute_verification_code(
        AccessToken=user.tokens["AccessToken"], AttributeName=name
    )
    delivery: dict[str, str] = response["CodeDeliveryDetails"]
    return delivery


def verify_attribute(user: User, code: str = CONFIRMATION_CODE, name: str = "email") -> None:
    user.client.cognito.verify_user_attribute(AccessToken=user.tokens["AccessToken"], AttributeName=name, Code=code)


def delete_attributes(user: User, *names: str) -> None:
    user.client.cognito.delete_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributeNames=list(names))


def get_stored_attributes(user: User) -> dict[str, str]:
    """Return the user's attributes in the user pool."""
    pool_id = user.client.stack.user_pool_id
    pairs = user.client.cognito.admin_get_user(UserPoolId=pool_id, Username=user.sub)["UserAttributes"]
    return {pair["Name"]: pair["Value"] for pair in pairs}


def list_mails_to(user_client: UserClient, address: str) -> list[Any]:
    url = f"{user_client.stack.aws_endpoint_url}/_ministack/ses/messages"
    with urllib.request.urlopen(url, timeout=10) as response:
        mails_by_account = json.load(response)["messages"].values()
    return [mail for mails in mails_by_account for mail in mails if address in mail["To"]]


def test_new_email_is_not_stored_before_verification(signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    (delivery,) = update_attributes(user, email=email, name="Jane New")
    assert (delivery["AttributeName"], delivery["DeliveryMedium"]) == ("email", "EMAIL")
    assert delivery["Destination"] == "u***@e***"
    assert (get_stored_attributes(user)["email"], get_stored_attributes(user)["email_verified"]) == (user.email, "true")
    assert get_stored_attributes(user)["name"] == "Jane New"


def test_new_email_code_is_mailed_to_the_new_address(signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    update_attributes(user, email=email)
    (mail,) = list_mails_to(user.client, email)
    assert CONFIRMATION_CODE in json.dumps(mail)


def test_pending_email_does_not_sign_in(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    update_attributes(user, email=email)
    user_client.sign_in(user.email, PASSWORD)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        user_client.sign_in(email, PASSWORD)


def test_verified_email_replaces_the_old_one_at_sign_in(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    update_attributes(user, email=email)
    verify_attribute(user)
    user_client.sign_in(email, PASSWORD)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        user_client.sign_in(user.email, PASSWORD)


def test_profile_has_the_verified_email_after_a_sign_in(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    update_attributes(user, email=email)
    verify_attribute(user)
    user_client.sign_in(email, PASSWORD)
    profile = user.get().body
    assert (profile["email"], profile["email_verified"]) == (email, True)


def test_replaced_email_can_sign_up_again(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    update_attributes(user, email=generate_email())
    verify_attribute(user)
    assert user_client.sign_up(user.email, PASSWORD, sign_up_attributes(user.email)) != user.sub


def test_wrong_code_is_rejected_and_changes_nothing(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    update_attributes(user, email=generate_email())
    expected = ("CodeMismatchException", "Invalid verification code provided, please try again.")
    assert get_client_error(lambda: verify_attribute(user, "000000")) == expected
    assert get_stored_attributes(user)["email"] == user.email


def test_used_code_is_expired(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    update_attributes(user, email=generate_email())
    verify_attribute(user)
    expected = ("ExpiredCodeException", "Invalid code provided, please request a code again.")
    assert get_client_error(lambda: verify_attribute(user)) == expected


def test_update_to_a_taken_email_is_rejected(signed_up_user: UserFactory) -> None:
    user, owner = signed_up_user(), signed_up_user()
    expected = ("AliasExistsException", "An account with the given email already exists.")
    assert get_client_error(lambda: update_attributes(user, email=owner.email)) == expected


def test_verification_of_an_email_taken_since_is_rejected(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    update_attributes(user, email=email)
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    assert get_client_error(lambda: verify_attribute(user))[0] == "AliasExistsException"
    assert get_stored_attributes(user)["email"] == user.email


def test_requested_code_is_sent_to_the_pending_email(signed_up_user: UserFactory) -> None:
    user, email = signed_up_user(), generate_email()
    update_attributes(user, email=email)
    assert request_code(user)["AttributeName"] == "email"
    assert len(list_mails_to(user.client, email)) == 2


def test_requested_code_verifies_the_current_email(admin_created_user: UserFactory) -> None:
    user = admin_created_user()
    assert get_stored_attributes(user).get("email_verified") != "true"
    request_code(user)
    verify_attribute(user)
    assert (get_stored_attributes(user)["email"], get_stored_attributes(user)["email_verified"]) == (user.email, "true")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("phone_number", "User pool does not have SMS configuration to send messages."),
        ("name", "Invalid attribute name. Only phone_number and email can be verified"),
    ],
)
def test_code_for_an_unverifiable_attribute_is_rejected(user: User, name: str, message: str) -> None:
    assert get_client_error(lambda: request_code(user, name)) == ("InvalidParameterException", message)


@pytest.mark.parametrize("name", ["email_verified", "phone_number_verified", "custom:unknown", "nickname"])
def test_read_only_attribute_is_rejected(user: User, name: str) -> None:
    before = get_stored_attributes(user)
    expected = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    assert get_client_error(lambda: update_attributes(user, **{"name": "Mallory", name: "true"})) == expected
    assert get_client_error(lambda: delete_attributes(user, name)) == expected
    assert get_stored_attributes(user) == before


def test_sign_up_with_a_read_only_attribute_is_rejected(user_client: UserClient) -> None:
    email = generate_email()
    form = {**sign_up_attributes(email), "email_verified": "true"}
    expected = ("NotAuthorizedException", "A client attempted to write unauthorized attribute")
    assert get_client_error(lambda: user_client.sign_up(email, PASSWORD, form)) == expected


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("phone_number", "01712345678", "Invalid phone number format."),
        ("phone_number", "+0171234567", "Invalid phone number format."),
        ("phone_number", "+1234567890123456", "Invalid phone number format."),
        ("email", "jane", "Invalid email address format."),
    ],
)
def test_malformed_contact_value_is_rejected(user: User, name: str, value: str, message: str) -> None:
    assert get_client_error(lambda: update_attributes(user, **{name: value})) == ("InvalidParameterException", message)
    assert get_stored_attributes(user)[name] != value


def test_new_phone_number_is_stored_as_unverified(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    update_as_admin(user, phone_number_verified="true")
    assert update_attributes(user, phone_number="+4915112345678") == []
    assert (get_stored_attributes(user)["phone_number"], get_stored_attributes(user)["phone_number_verified"]) == (
        "+4915112345678",
        "false",
    )


@pytest.mark.parametrize("blank", [False, True])
def test_deleted_attribute_is_not_stored(signed_up_user: UserFactory, blank: bool) -> None:
    user = signed_up_user()
    if blank:
        update_attributes(user, phone_number="")
    else:
        delete_attributes(user, "phone_number")
    assert not {"phone_number", "phone_number_verified"} & set(get_stored_attributes(user))


def test_email_cannot_be_deleted(user: User) -> None:
    expected = ("InvalidParameterException", "user.email: Required attribute cannot be deleted.")
    assert get_client_error(lambda: delete_attributes(user, "email")) == expected
    assert get_client_error(lambda: update_attributes(user, email="")) == expected


def test_revoked_access_token_changes_nothing(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    user_client.cognito.global_sign_out(AccessToken=user.tokens["AccessToken"])
    for call in (
        lambda: update_attributes(user, name="Mallory"),
        lambda: request_code(user),
        lambda: delete_attributes(user, "name"),
    ):
        assert get_client_error(call) == ("NotAuthorizedException", "Access Token has been revoked")
