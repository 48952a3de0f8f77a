"""Passwords, codes, sessions and tokens of an account, as on AWS."""

import time
from collections.abc import Callable
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
    sign_up,
)
from tests.support.users import PASSWORD, User, generate_email

NewUser = Callable[..., User]


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    """Return a user whom these tests leave as they were."""
    return new_user()


def test_email_in_another_case_signs_in(session: UserClient, user: User) -> None:
    assert session.sign_in(user.email.upper(), PASSWORD)


def test_email_in_another_case_is_taken(session: UserClient, user: User) -> None:
    email = user.email.upper()
    assert (
        get_client_error(lambda: session.sign_up(email, PASSWORD, sign_up_attributes(email)))[0]
        == "UsernameExistsException"
    )


def test_email_of_an_unconfirmed_user_is_taken(session: UserClient) -> None:
    email = generate_email()
    sign_up(session, email)
    assert get_client_error(lambda: sign_up(session, email))[0] == "UsernameExistsException"


def test_sign_in_before_the_code_is_refused(session: UserClient) -> None:
    email = generate_email()
    sign_up(session, email)
    assert get_client_error(lambda: session.sign_in(email, PASSWORD))[0] == "UserNotConfirmedException"


def test_code_of_an_unknown_address_is_wrong(session: UserClient) -> None:
    assert get_client_error(lambda: session.confirm(generate_email(), CONFIRMATION_CODE))[0] == "CodeMismatchException"


def test_second_confirmation_is_refused(session: UserClient, user: User) -> None:
    assert get_client_error(lambda: session.confirm(user.email, CONFIRMATION_CODE))[0] == "NotAuthorizedException"


def test_code_is_resent_to_an_unconfirmed_user(session: UserClient) -> None:
    email = generate_email()
    session.sign_up(email, PASSWORD, sign_up_attributes(email))
    where = {"ClientId": session.stack.user_pool_client_id, "Username": email}
    assert session.cognito.resend_confirmation_code(**where)["CodeDeliveryDetails"]["AttributeName"] == "email"
    session.confirm(email, CONFIRMATION_CODE)


@pytest.mark.parametrize("operation", ["sign_up", "resend_confirmation_code", "forgot_password"])
def test_destination_of_a_code_is_masked(session: UserClient, operation: str) -> None:
    email = "masked-" + generate_email()
    made = sign_up(session, email)
    where = {"ClientId": session.stack.user_pool_client_id, "Username": email}
    answer = made if operation == "sign_up" else getattr(session.cognito, operation)(**where)
    assert answer["CodeDeliveryDetails"]["Destination"] == "m***@e***"


def test_code_is_not_resent_to_a_confirmed_user(session: UserClient, user: User) -> None:
    expected = ("InvalidParameterException", "User is already confirmed.")
    assert get_client_error(lambda: session.cognito.resend_confirmation_code(**client_parameters(user))) == expected


def test_forgotten_password_is_reset_by_its_code(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.forgot_password(**client_parameters(user))
    session.cognito.confirm_forgot_password(
        **client_parameters(user), ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD
    )
    assert session.sign_in(user.email, NEW_PASSWORD)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        session.sign_in(user.email, PASSWORD)


def test_password_reset_ends_old_sessions(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.forgot_password(**client_parameters(user))
    session.cognito.confirm_forgot_password(
        **client_parameters(user), ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD
    )
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"
    assert get_client_error(lambda: session.cognito.get_user(AccessToken=user.tokens["AccessToken"]))[0] == (
        "NotAuthorizedException"
    )
    assert refresh_tokens(replace(user, tokens=session.sign_in(user.email, NEW_PASSWORD)))["IdToken"]


def test_unconfirmed_user_gets_no_reset_code(session: UserClient) -> None:
    email = generate_email()
    session.sign_up(email, PASSWORD, sign_up_attributes(email))
    where = {"ClientId": session.stack.user_pool_client_id, "Username": email}
    delivery = session.cognito.forgot_password(**where)["CodeDeliveryDetails"]
    assert delivery["AttributeName"] == "email", "an answer like any other"
    call = session.cognito.confirm_forgot_password
    assert get_client_error(lambda: call(**where, ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD))[0] == (
        "ExpiredCodeException"
    )


def test_password_is_changed(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.change_password(
        AccessToken=user.tokens["AccessToken"], PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD
    )
    assert session.sign_in(user.email, NEW_PASSWORD)


def test_deleted_user_is_gone(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.delete_user(AccessToken=user.tokens["AccessToken"])
    with pytest.raises(ClientError, match="Incorrect username or password"):
        session.sign_in(user.email, PASSWORD)
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        refresh_tokens(user)


def test_refresh_keeps_the_time_of_the_sign_in(user: User) -> None:
    signed_in = decode_claims(user.token)
    time.sleep(1.1)  # whole seconds
    refreshed = refresh_tokens(user)
    for token in (refreshed["IdToken"], refreshed["AccessToken"]):
        assert decode_claims(token)["auth_time"] == signed_in["auth_time"]
        assert decode_claims(token)["iat"] > signed_in["iat"]


def test_refresh_by_initiate_auth_keeps_the_time_too(session: UserClient, user: User) -> None:
    time.sleep(1.1)  # whole seconds
    answer = session.cognito.initiate_auth(
        ClientId=session.stack.user_pool_client_id, AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": user.tokens["RefreshToken"]},
    )  # fmt: skip
    refreshed = decode_claims(answer["AuthenticationResult"]["IdToken"])
    assert refreshed["auth_time"] == decode_claims(user.token)["auth_time"]


def test_global_sign_out_revokes_every_session(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.global_sign_out(AccessToken=user.tokens["AccessToken"])
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"


def test_revoked_token_gives_no_tokens(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.revoke_token(ClientId=session.stack.user_pool_client_id, Token=user.tokens["RefreshToken"])
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"


def test_client_reads_no_health_data(session: UserClient, user: User) -> None:
    told = session.cognito.get_user(AccessToken=user.tokens["AccessToken"])["UserAttributes"]
    readable = {"sub", "email", "email_verified", "name", "phone_number"}
    assert {pair["Name"] for pair in told} == readable
    assert not [name for name in decode_claims(user.token) if name.startswith("custom:")]
    assert readable <= set(decode_claims(user.token))


def test_unverified_email_is_false_in_a_token(made_user: NewUser) -> None:
    assert decode_claims(made_user().token)["email_verified"] is False
