"""The steps of a sign-in after the password: an authenticator app, and a new password, as on AWS."""

from collections.abc import Callable

import pytest

from local.user_client import UserClient
from tests.support.user_pool_calls import (
    NEW_PASSWORD,
    enable_authenticator,
    get_client_error,
    get_next_code,
    register_authenticator,
    respond_to_challenge,
    submit_code,
    submit_password,
)
from tests.support.users import PASSWORD, User, generate_email

NewUser = Callable[..., User]


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    """Return a user whom these tests leave as they were."""
    return new_user()


def test_second_factor_is_asked_for_and_signs_in(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    app = enable_authenticator(user)
    challenge = submit_password(session, user.email)
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert submit_code(user, challenge, get_next_code(app))["AuthenticationResult"]["IdToken"]


def test_registered_app_is_not_asked_for_before_turned_on(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    register_authenticator(user)
    assert "UserMFASettingList" not in session.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert "AuthenticationResult" in submit_password(session, user.email)


def test_turned_on_app_is_told_by_get_user(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    enable_authenticator(user)
    told = session.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert (told["UserMFASettingList"], told["PreferredMfaSetting"]) == (["SOFTWARE_TOKEN_MFA"], "SOFTWARE_TOKEN_MFA")


def test_turned_off_app_is_not_asked_for(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    enable_authenticator(user)
    session.cognito.set_user_mfa_preference(
        AccessToken=user.tokens["AccessToken"], SoftwareTokenMfaSettings={"Enabled": False}
    )
    assert "AuthenticationResult" in submit_password(session, user.email)


@pytest.mark.parametrize(
    ("settings", "factor"), [("SoftwareTokenMfaSettings", "SOFTWARE_TOKEN_MFA"), ("SMSMfaSettings", "SMS_MFA")]
)
def test_unregistered_factor_cannot_be_turned_on(user: User, settings: str, factor: str) -> None:
    chosen = {settings: {"Enabled": True}}
    expected = ("InvalidParameterException", f"User does not have delivery config set to turn on {factor}")
    token = user.tokens["AccessToken"]
    assert (
        get_client_error(lambda: user.client.cognito.set_user_mfa_preference(AccessToken=token, **chosen)) == expected
    )


def test_wrong_code_is_refused_and_may_be_tried_again(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    app = enable_authenticator(user)
    challenge = submit_password(session, user.email)
    wrong = f"{(int(get_next_code(app)) + 1) % 10**6:06}"
    assert get_client_error(lambda: submit_code(user, challenge, wrong))[0] == "CodeMismatchException"
    assert "AuthenticationResult" in submit_code(user, challenge, get_next_code(app))


def test_used_code_is_refused(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    app = enable_authenticator(user)
    code = get_next_code(app)
    submit_code(user, submit_password(session, user.email), code)
    again = submit_password(session, user.email)
    expected = ("ExpiredCodeException", "Your software token has already been used once.")
    assert get_client_error(lambda: submit_code(user, again, code)) == expected


def test_session_signs_in_once(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    app = enable_authenticator(user)
    challenge = submit_password(session, user.email)
    submit_code(user, challenge, get_next_code(app))
    message = "Invalid session for the user, session can only be used once."
    assert get_client_error(lambda: submit_code(user, challenge, "000000")) == ("NotAuthorizedException", message)


def test_session_of_another_user_is_refused(session: UserClient, new_user: NewUser) -> None:
    user, other = new_user(), new_user()
    enable_authenticator(user)
    other_app = enable_authenticator(other)
    challenge = submit_password(session, user.email)
    expected = ("NotAuthorizedException", "Invalid session for the user.")
    assert get_client_error(lambda: submit_code(other, challenge, get_next_code(other_app))) == expected


@pytest.mark.parametrize("name", ["SOFTWARE_TOKEN_MFA", "NEW_PASSWORD_REQUIRED", "MFA_SETUP"])
def test_challenge_without_a_session_is_refused(session: UserClient, user: User, name: str) -> None:
    made_up = {"ChallengeName": name, "Session": "x" * 32}
    answer = {"SOFTWARE_TOKEN_MFA_CODE": "000000", "NEW_PASSWORD": NEW_PASSWORD}
    expected = ("NotAuthorizedException", "Invalid session for the user.")
    assert get_client_error(lambda: respond_to_challenge(session, made_up, user.email, **answer)) == expected
    assert session.sign_in(user.email, PASSWORD)


def test_profile_follows_a_sign_in_with_a_second_factor(session: UserClient, new_user: NewUser) -> None:
    user, email = new_user(), generate_email()
    app = enable_authenticator(user)
    where = {"UserPoolId": session.stack.user_pool_id, "Username": user.sub}
    changed = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    session.cognito.admin_update_user_attributes(**where, UserAttributes=changed)
    challenge = submit_password(session, email)
    assert user.get().body["email"] == user.email
    respond_to_challenge(session, challenge, email, SOFTWARE_TOKEN_MFA_CODE=get_next_code(app))
    assert user.get().body["email"] == email


def invited(session: UserClient) -> str:
    """The address of a user with a temporary password."""
    email = generate_email()
    session.cognito.admin_create_user(
        UserPoolId=session.stack.user_pool_id, Username=email, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    return email


def test_new_password_of_an_invited_user_signs_in(session: UserClient) -> None:
    email = invited(session)
    challenge = submit_password(session, email)
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert "AuthenticationResult" in respond_to_challenge(session, challenge, email, NEW_PASSWORD=NEW_PASSWORD)
    assert session.sign_in(email, NEW_PASSWORD)


@pytest.mark.parametrize("answer", [{"NEW_PASSWORD": "short"}, {}])
def test_new_password_against_the_policy_is_refused(session: UserClient, answer: dict[str, str]) -> None:
    email = invited(session)
    challenge = submit_password(session, email)
    assert (
        get_client_error(lambda: respond_to_challenge(session, challenge, email, **answer))[0]
        == "InvalidPasswordException"
    )
