"""Sign-in steps after the password: an authenticator app, and a new password for invited users."""

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
    update_as_admin,
)
from tests.support.users import PASSWORD, User, UserFactory, generate_email


def test_code_of_the_second_factor_signs_in(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    authenticator = enable_authenticator(user)
    challenge = submit_password(user_client, user.email)
    assert challenge["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert submit_code(user, challenge, get_next_code(authenticator))["AuthenticationResult"]["IdToken"]


def test_registered_authenticator_is_not_used_until_enabled(
    user_client: UserClient, signed_up_user: UserFactory
) -> None:
    user = signed_up_user()
    register_authenticator(user)
    assert "UserMFASettingList" not in user_client.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert "AuthenticationResult" in submit_password(user_client, user.email)


def test_get_user_returns_the_enabled_authenticator(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    enable_authenticator(user)
    response = user_client.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert (response["UserMFASettingList"], response["PreferredMfaSetting"]) == (
        ["SOFTWARE_TOKEN_MFA"],
        "SOFTWARE_TOKEN_MFA",
    )


def test_disabled_authenticator_is_not_used(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    enable_authenticator(user)
    user_client.cognito.set_user_mfa_preference(
        AccessToken=user.tokens["AccessToken"], SoftwareTokenMfaSettings={"Enabled": False}
    )
    assert "AuthenticationResult" in submit_password(user_client, user.email)


@pytest.mark.parametrize(
    ("settings", "factor"), [("SoftwareTokenMfaSettings", "SOFTWARE_TOKEN_MFA"), ("SMSMfaSettings", "SMS_MFA")]
)
def test_unregistered_factor_cannot_be_enabled(user: User, settings: str, factor: str) -> None:
    preference = {settings: {"Enabled": True}}
    expected = ("InvalidParameterException", f"User does not have delivery config set to turn on {factor}")
    token = user.tokens["AccessToken"]
    assert (
        get_client_error(lambda: user.client.cognito.set_user_mfa_preference(AccessToken=token, **preference))
        == expected
    )


def test_wrong_code_is_rejected_and_can_be_retried(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    authenticator = enable_authenticator(user)
    challenge = submit_password(user_client, user.email)
    wrong_code = f"{(int(get_next_code(authenticator)) + 1) % 10**6:06}"
    assert get_client_error(lambda: submit_code(user, challenge, wrong_code))[0] == "CodeMismatchException"
    assert "AuthenticationResult" in submit_code(user, challenge, get_next_code(authenticator))


def test_used_code_is_rejected(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    authenticator = enable_authenticator(user)
    code = get_next_code(authenticator)
    submit_code(user, submit_password(user_client, user.email), code)
    second_challenge = submit_password(user_client, user.email)
    expected = ("ExpiredCodeException", "Your software token has already been used once.")
    assert get_client_error(lambda: submit_code(user, second_challenge, code)) == expected


def test_session_is_valid_once(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    authenticator = enable_authenticator(user)
    challenge = submit_password(user_client, user.email)
    submit_code(user, challenge, get_next_code(authenticator))
    message = "Invalid session for the user, session can only be used once."
    assert get_client_error(lambda: submit_code(user, challenge, "000000")) == ("NotAuthorizedException", message)


def test_session_of_another_user_is_rejected(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user, other_user = signed_up_user(), signed_up_user()
    enable_authenticator(user)
    other_authenticator = enable_authenticator(other_user)
    challenge = submit_password(user_client, user.email)
    expected = ("NotAuthorizedException", "Invalid session for the user.")
    assert get_client_error(lambda: submit_code(other_user, challenge, get_next_code(other_authenticator))) == expected


@pytest.mark.parametrize("name", ["SOFTWARE_TOKEN_MFA", "NEW_PASSWORD_REQUIRED", "MFA_SETUP"])
def test_invalid_session_is_rejected(user_client: UserClient, user: User, name: str) -> None:
    challenge = {"ChallengeName": name, "Session": "x" * 32}
    responses = {"SOFTWARE_TOKEN_MFA_CODE": "000000", "NEW_PASSWORD": NEW_PASSWORD}
    expected = ("NotAuthorizedException", "Invalid session for the user.")
    assert get_client_error(lambda: respond_to_challenge(user_client, challenge, user.email, **responses)) == expected
    assert user_client.sign_in(user.email, PASSWORD)


def test_profile_has_new_contact_data_after_a_second_factor(
    user_client: UserClient, signed_up_user: UserFactory
) -> None:
    user, email = signed_up_user(), generate_email()
    authenticator = enable_authenticator(user)
    update_as_admin(user, email=email, email_verified="true")
    challenge = submit_password(user_client, email)
    assert user.get().body["email"] == user.email
    respond_to_challenge(user_client, challenge, email, SOFTWARE_TOKEN_MFA_CODE=get_next_code(authenticator))
    assert user.get().body["email"] == email


def create_invited_user(user_client: UserClient) -> str:
    """Create a user with a temporary password. Return their address."""
    email = generate_email()
    user_client.cognito.admin_create_user(
        UserPoolId=user_client.stack.user_pool_id, Username=email, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS"
    )
    return email


def test_new_password_of_an_invited_user_signs_in(user_client: UserClient) -> None:
    email = create_invited_user(user_client)
    challenge = submit_password(user_client, email)
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert "AuthenticationResult" in respond_to_challenge(user_client, challenge, email, NEW_PASSWORD=NEW_PASSWORD)
    assert user_client.sign_in(email, NEW_PASSWORD)


@pytest.mark.parametrize("responses", [{"NEW_PASSWORD": "short"}, {}])
def test_new_password_must_follow_the_policy(user_client: UserClient, responses: dict[str, str]) -> None:
    email = create_invited_user(user_client)
    challenge = submit_password(user_client, email)
    assert (
        get_client_error(lambda: respond_to_challenge(user_client, challenge, email, **responses))[0]
        == "InvalidPasswordException"
    )
