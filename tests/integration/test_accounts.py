"""Passwords, codes, sessions and tokens of an account, as on AWS."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from local.aws import CONFIRMATION_CODE
from local.session import Session
from tests.integration.conftest import PASSWORD, User, attributes, new_email
from tests.integration.pool_calls import NEW_PASSWORD, RESET_CODE, by_client, claims, refresh, refusal, sign_up

NewUser = Callable[..., User]


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    """Return a user whom these tests leave as they were."""
    return new_user()


def test_email_in_another_case_signs_in(session: Session, user: User) -> None:
    assert session.sign_in(user.email.upper(), PASSWORD)


def test_email_in_another_case_is_taken(session: Session, user: User) -> None:
    email = user.email.upper()
    assert refusal(lambda: session.sign_up(email, PASSWORD, attributes(email)))[0] == "UsernameExistsException"


def test_email_of_an_unconfirmed_user_is_taken(session: Session) -> None:
    email = new_email()
    sign_up(session, email)
    assert refusal(lambda: sign_up(session, email))[0] == "UsernameExistsException"


def test_sign_in_before_the_code_is_refused(session: Session) -> None:
    email = new_email()
    sign_up(session, email)
    assert refusal(lambda: session.sign_in(email, PASSWORD))[0] == "UserNotConfirmedException"


def test_code_of_an_unknown_address_is_wrong(session: Session) -> None:
    assert refusal(lambda: session.confirm(new_email(), CONFIRMATION_CODE))[0] == "CodeMismatchException"


def test_second_confirmation_is_refused(session: Session, user: User) -> None:
    assert refusal(lambda: session.confirm(user.email, CONFIRMATION_CODE))[0] == "NotAuthorizedException"


def test_code_is_resent_to_an_unconfirmed_user(session: Session) -> None:
    email = new_email()
    session.sign_up(email, PASSWORD, attributes(email))
    where = {"ClientId": session.stack.user_pool_client_id, "Username": email}
    assert session.cognito.resend_confirmation_code(**where)["CodeDeliveryDetails"]["AttributeName"] == "email"
    session.confirm(email, CONFIRMATION_CODE)


@pytest.mark.parametrize("operation", ["sign_up", "resend_confirmation_code", "forgot_password"])
def test_destination_of_a_code_is_masked(session: Session, operation: str) -> None:
    email = "masked-" + new_email()
    made = sign_up(session, email)
    where = {"ClientId": session.stack.user_pool_client_id, "Username": email}
    answer = made if operation == "sign_up" else getattr(session.cognito, operation)(**where)
    assert answer["CodeDeliveryDetails"]["Destination"] == "m***@e***"


def test_code_is_not_resent_to_a_confirmed_user(session: Session, user: User) -> None:
    expected = ("InvalidParameterException", "User is already confirmed.")
    assert refusal(lambda: session.cognito.resend_confirmation_code(**by_client(user))) == expected


def test_forgotten_password_is_reset_by_its_code(session: Session, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.forgot_password(**by_client(user))
    session.cognito.confirm_forgot_password(**by_client(user), ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD)
    assert session.sign_in(user.email, NEW_PASSWORD)
    with pytest.raises(ClientError, match="Incorrect username or password"):
        session.sign_in(user.email, PASSWORD)


def test_password_reset_ends_old_sessions(session: Session, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.forgot_password(**by_client(user))
    session.cognito.confirm_forgot_password(**by_client(user), ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD)
    assert refusal(lambda: refresh(user))[0] == "NotAuthorizedException"
    assert refusal(lambda: session.cognito.get_user(AccessToken=user.tokens["AccessToken"]))[0] == (
        "NotAuthorizedException"
    )
    assert refresh(replace(user, tokens=session.sign_in(user.email, NEW_PASSWORD)))["IdToken"]


def test_unconfirmed_user_gets_no_reset_code(session: Session) -> None:
    email = new_email()
    session.sign_up(email, PASSWORD, attributes(email))
    where = {"ClientId": session.stack.user_pool_client_id, "Username": email}
    delivery = session.cognito.forgot_password(**where)["CodeDeliveryDetails"]
    assert delivery["AttributeName"] == "email", "an answer like any other"
    call = session.cognito.confirm_forgot_password
    assert refusal(lambda: call(**where, ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD))[0] == (
        "ExpiredCodeException"
    )


def test_password_is_changed(session: Session, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.change_password(
        AccessToken=user.tokens["AccessToken"], PreviousPassword=PASSWORD, ProposedPassword=NEW_PASSWORD
    )
    assert session.sign_in(user.email, NEW_PASSWORD)


def test_deleted_user_is_gone(session: Session, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.delete_user(AccessToken=user.tokens["AccessToken"])
    with pytest.raises(ClientError, match="Incorrect username or password"):
        session.sign_in(user.email, PASSWORD)
    with pytest.raises(ClientError, match="NotAuthorizedException"):
        refresh(user)


def test_refresh_keeps_the_time_of_the_sign_in(user: User) -> None:
    signed_in = claims(user.token)
    time.sleep(1.1)  # whole seconds
    refreshed = refresh(user)
    for token in (refreshed["IdToken"], refreshed["AccessToken"]):
        assert claims(token)["auth_time"] == signed_in["auth_time"]
        assert claims(token)["iat"] > signed_in["iat"]


def test_refresh_by_initiate_auth_keeps_the_time_too(session: Session, user: User) -> None:
    time.sleep(1.1)  # whole seconds
    answer = session.cognito.initiate_auth(
        ClientId=session.stack.user_pool_client_id, AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": user.tokens["RefreshToken"]},
    )  # fmt: skip
    refreshed = claims(answer["AuthenticationResult"]["IdToken"])
    assert refreshed["auth_time"] == claims(user.token)["auth_time"]


def test_global_sign_out_revokes_every_session(session: Session, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.global_sign_out(AccessToken=user.tokens["AccessToken"])
    assert refusal(lambda: refresh(user))[0] == "NotAuthorizedException"


def test_revoked_token_gives_no_tokens(session: Session, new_user: NewUser) -> None:
    user = new_user()
    session.cognito.revoke_token(ClientId=session.stack.user_pool_client_id, Token=user.tokens["RefreshToken"])
    assert refusal(lambda: refresh(user))[0] == "NotAuthorizedException"


def test_client_reads_no_health_data(session: Session, user: User) -> None:
    told = session.cognito.get_user(AccessToken=user.tokens["AccessToken"])["UserAttributes"]
    readable = {"sub", "email", "email_verified", "name", "phone_number"}
    assert {pair["Name"] for pair in told} == readable
    assert not [name for name in claims(user.token) if name.startswith("custom:")]
    assert readable <= set(claims(user.token))


def test_unverified_email_is_false_in_a_token(made_user: NewUser) -> None:
    assert claims(made_user().token)["email_verified"] is False
