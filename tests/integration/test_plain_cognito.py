"""How plain MiniStack differs from Cognito. A test that fails shows that its patch is no longer needed."""

import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.plain_ministack import start_plain_ministack
from tests.support.user_pool_calls import (
    ENABLE_TOTP,
    NEW_PASSWORD,
    RESET_CODE,
    client_parameters,
    decode_claims,
    get_next_code,
    refresh_tokens,
    register_authenticator,
    sign_up,
    submit_code,
    submit_password,
)
from tests.support.users import PASSWORD, User, generate_email, sign_up_and_sign_in


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserClient]:
    with start_plain_ministack(tmp_path_factory.mktemp("plain")) as user_client:
        yield user_client


@pytest.fixture(scope="module")
def user(plain: UserClient) -> User:
    return sign_up_and_sign_in(plain)


def test_plain_new_email_is_stored_without_a_code(plain: UserClient) -> None:
    user, email = sign_up_and_sign_in(plain), generate_email()
    pair = {"Name": "email", "Value": email}
    response = plain.cognito.update_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributes=[pair])
    assert response["CodeDeliveryDetailsList"] == []
    attributes = plain.cognito.get_user(AccessToken=user.tokens["AccessToken"])["UserAttributes"]
    assert pair in attributes


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_user_attribute_verification_code", {"AttributeName": "email"}),
        ("verify_user_attribute", {"AttributeName": "email", "Code": CONFIRMATION_CODE}),
        ("delete_user_attributes", {"UserAttributeNames": ["phone_number"]}),
    ],
)
def test_plain_attribute_operation_is_missing(user: User, operation: str, parameters: dict[str, object]) -> None:
    call = getattr(user.client.cognito, operation)
    with pytest.raises(ClientError, match="Unknown Cognito IDP action"):
        call(AccessToken=user.tokens["AccessToken"], **parameters)


def test_plain_admin_cannot_delete_attributes(plain: UserClient, user: User) -> None:
    with pytest.raises(ClientError, match="Unknown Cognito IDP action"):
        plain.cognito.admin_delete_user_attributes(
            UserPoolId=plain.stack.user_pool_id, Username=user.sub, UserAttributeNames=["custom:dob"]
        )


@pytest.mark.parametrize(("name", "value"), [("email_verified", "true"), ("nickname", "J"), ("phone_number", "0171")])
def test_plain_update_accepts_any_attribute(user: User, name: str, value: str) -> None:
    pair = {"Name": name, "Value": value}
    user.client.cognito.update_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributes=[pair])


def test_plain_sign_up_accepts_any_attribute(plain: UserClient) -> None:
    email = generate_email()
    plain.sign_up(email, PASSWORD, {**sign_up_attributes(email), "email_verified": "true"})


def test_plain_challenge_requires_no_session(plain: UserClient, user: User) -> None:
    response = plain.cognito.respond_to_auth_challenge(
        ClientId=plain.stack.user_pool_client_id, ChallengeName="MFA_SETUP", Session="x" * 32,
        ChallengeResponses={"USERNAME": user.email},
    )  # fmt: skip
    assert "AuthenticationResult" in response


def test_plain_new_password_ignores_the_policy(plain: UserClient) -> None:
    user = sign_up_and_sign_in(plain)
    plain.cognito.respond_to_auth_challenge(
        ClientId=plain.stack.user_pool_client_id, ChallengeName="NEW_PASSWORD_REQUIRED", Session="x" * 32,
        ChallengeResponses={"USERNAME": user.email, "NEW_PASSWORD": "short"},
    )  # fmt: skip


def test_plain_authenticator_is_enabled_once_registered(plain: UserClient) -> None:
    user = sign_up_and_sign_in(plain)
    register_authenticator(user)
    response = plain.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert response["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]


def test_plain_code_signs_in_twice(plain: UserClient) -> None:
    user = sign_up_and_sign_in(plain)
    code = get_next_code(register_authenticator(user))
    for _ in range(2):
        assert "AuthenticationResult" in submit_code(user, submit_password(plain, user.email), code)


def test_plain_unregistered_authenticator_can_be_enabled(plain: UserClient) -> None:
    plain.cognito.set_user_mfa_preference(AccessToken=sign_up_and_sign_in(plain).tokens["AccessToken"], **ENABLE_TOTP)


def test_plain_client_reads_every_attribute(plain: UserClient, user: User) -> None:
    response = plain.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert "custom:dob" in {pair["Name"] for pair in response["UserAttributes"]}
    assert "UserMFASettingList" in response
    assert "custom:dob" in decode_claims(user.token)


def test_plain_unverified_email_is_true_in_a_token(user: User) -> None:
    assert decode_claims(user.token)["email_verified"] is True  # ConfirmSignUp verifies no address


def test_plain_refresh_changes_auth_time(user: User) -> None:
    time.sleep(1.1)  # tokens have whole seconds
    assert decode_claims(refresh_tokens(user)["IdToken"])["auth_time"] > decode_claims(user.token)["auth_time"]


def test_plain_email_in_another_case_is_unknown(plain: UserClient, user: User) -> None:
    with pytest.raises(ClientError, match="Incorrect username or password"):
        plain.sign_in(user.email.upper(), PASSWORD)


def test_plain_confirmed_user_gets_codes(plain: UserClient, user: User) -> None:
    plain.cognito.resend_confirmation_code(**client_parameters(plain, user.email))


def test_plain_unconfirmed_user_gets_a_reset_code(plain: UserClient) -> None:
    email = generate_email()
    plain.sign_up(email, PASSWORD, sign_up_attributes(email))
    parameters = client_parameters(plain, email)
    plain.cognito.forgot_password(**parameters)
    plain.cognito.confirm_forgot_password(**parameters, ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD)


def test_plain_sign_up_returns_the_unmasked_address(plain: UserClient) -> None:
    email = generate_email()
    assert sign_up(plain, email)["CodeDeliveryDetails"]["Destination"] == email


def test_plain_masked_address_has_four_asterisks(plain: UserClient) -> None:
    email = generate_email()
    sign_up(plain, email)
    parameters = client_parameters(plain, email)
    assert "****@" in plain.cognito.resend_confirmation_code(**parameters)["CodeDeliveryDetails"]["Destination"]
