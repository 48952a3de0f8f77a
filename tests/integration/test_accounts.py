"""Passwords, confirmation codes, sessions and tokens of accounts in the embedded Cognito."""

import time
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.user_pool_calls import (
    NEW_PASSWORD,
    RESET_CODE,
    client_parameters,
    decode_claims,
    get_client_error,
    refresh_tokens,
    reset_password,
    sign_up,
)
from tests.support.users import PASSWORD, User, UserFactory, generate_email


def test_email_in_another_case_signs_in(user_client: UserClient, user: User) -> None:
    assert user_client.sign_in(user.email.upper(), PASSWORD)


def test_email_in_another_case_is_taken(user_client: UserClient, user: User) -> None:
    email = user.email.upper()
    assert (
        get_client_error(lambda: user_client.sign_up(email, PASSWORD, sign_up_attributes(email)))[0]
        == "UsernameExistsException"
    )


def test_email_of_an_unconfirmed_user_is_taken(user_client: UserClient) -> None:
    email = generate_email()
    sign_up(user_client, email)
    assert get_client_error(lambda: sign_up(user_client, email))[0] == "UsernameExistsException"


def test_unconfirmed_user_cannot_sign_in(user_client: UserClient) -> None:
    email = generate_email()
    sign_up(user_client, email)
    assert get_client_error(lambda: user_client.sign_in(email, PASSWORD))[0] == "UserNotConfirmedException"


def test_code_of_an_unknown_address_is_a_mismatch(user_client: UserClient) -> None:
    assert (
        get_client_error(lambda: user_client.confirm(generate_email(), CONFIRMATION_CODE))[0] == "CodeMismatchException"
    )


def test_second_confirmation_is_rejected(user_client: UserClient, user: User) -> None:
    assert get_client_error(lambda: user_client.confirm(user.email, CONFIRMATION_CODE))[0] == "NotAuthorizedException"


def test_code_is_resent_to_an_unconfirmed_user(user_client: UserClient) -> None:
    email = generate_email()
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    response = user_client.cognito.resend_confirmation_code(**client_parameters(user_client, email))
    assert response["CodeDeliveryDetails"]["AttributeName"] == "email"
    user_client.confirm(email, CONFIRMATION_CODE)


@pytest.mark.parametrize("operation", ["sign_up", "resend_confirmation_code", "forgot_password"])
def test_destination_of_a_code_is_masked(user_client: UserClient, operation: str) -> None:
    email = "masked-" + generate_email()
    sign_up_response = sign_up(user_client, email)
    if operation == "sign_up":
        response = sign_up_response
    else:
        response = getattr(user_client.cognito, operation)(**client_parameters(user_client, email))
    assert response["CodeDeliveryDetails"]["Destination"] == "m***@e***"


def test_code_is_not_resent_to_a_confirmed_user(user_client: UserClient, user: User) -> None:
    parameters = client_parameters(user_client, user.email)
    expected = ("InvalidParameterException", "User is already confirmed.")
    assert get_client_error(lambda: user_client.cognito.resend_confirmation_code(**parameters)) == expected


def test_reset_password_replaces_the_old_one(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    reset_password(user)
    assert user_client.sign_in(user.email, NEW_PASSWORD)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        user_client.sign_in(user.email, PASSWORD)


def test_password_reset_ends_old_sessions(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    reset_password(user)
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"
    assert get_client_error(lambda: user_client.cognito.get_user(AccessToken=user.tokens["AccessToken"]))[0] == (
        "NotAuthorizedException"
    )
    assert refresh_tokens(replace(user, tokens=user_client.sign_in(user.email, NEW_PASSWORD)))["IdToken"]


def test_reset_code_of_an_unconfirmed_user_is_rejected(user_client: UserClient) -> None:
    email = generate_email()
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    parameters = client_parameters(user_client, email)
    delivery = user_client.cognito.forgot_password(**parameters)["CodeDeliveryDetails"]
    assert delivery["AttributeName"] == "email", "the response does not reveal it"
    confirmation = {**parameters, "ConfirmationCode": RESET_CODE, "Password": NEW_PASSWORD}
    code, _ = get_client_error(lambda: user_client.cognito.confirm_forgot_password(**confirmation))
    assert code == "ExpiredCodeException"


def test_changed_password_signs_in(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    user_client.cognito.change_password(
        AccessToken=user.tokens["AccessToken"], PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD
    )
    assert user_client.sign_in(user.email, NEW_PASSWORD)


def test_deleted_user_cannot_sign_in_or_refresh(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    user_client.cognito.delete_user(AccessToken=user.tokens["AccessToken"])
    with pytest.raises(ClientError, match="Incorrect username or password"):
        user_client.sign_in(user.email, PASSWORD)
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        refresh_tokens(user)


def test_refresh_preserves_auth_time(user: User) -> None:
    signed_in = decode_claims(user.token)
    time.sleep(1.1)  # tokens have whole seconds
    refreshed = refresh_tokens(user)
    for token in (refreshed["IdToken"], refreshed["AccessToken"]):
        assert decode_claims(token)["auth_time"] == signed_in["auth_time"]
        assert decode_claims(token)["iat"] > signed_in["iat"]


def test_refresh_by_initiate_auth_preserves_auth_time(user_client: UserClient, user: User) -> None:
    time.sleep(1.1)  # tokens have whole seconds
    response = user_client.cognito.initiate_auth(
        ClientId=user_client.stack.user_pool_client_id, AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": user.tokens["RefreshToken"]},
    )  # fmt: skip
    refreshed = decode_claims(response["AuthenticationResult"]["IdToken"])
    assert refreshed["auth_time"] == decode_claims(user.token)["auth_time"]


def test_global_sign_out_revokes_refresh_tokens(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    user_client.cognito.global_sign_out(AccessToken=user.tokens["AccessToken"])
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"


def test_revoked_refresh_token_is_rejected(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    user_client.cognito.revoke_token(ClientId=user_client.stack.user_pool_client_id, Token=user.tokens["RefreshToken"])
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"


def test_client_cannot_read_health_attributes(user_client: UserClient, user: User) -> None:
    attributes = user_client.cognito.get_user(AccessToken=user.tokens["AccessToken"])["UserAttributes"]
    readable = {"sub", "email", "email_verified", "name", "phone_number"}
    assert {pair["Name"] for pair in attributes} == readable
    assert not [name for name in decode_claims(user.token) if name.startswith("custom:")]
    assert readable <= set(decode_claims(user.token))


def test_unverified_email_is_false_in_a_token(admin_created_user: UserFactory) -> None:
    assert decode_claims(admin_created_user().token)["email_verified"] is False
