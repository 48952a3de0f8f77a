"""What plain MiniStack does otherwise than Cognito. Where one of these fails, its patch is needed no more."""

import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.aws import CONFIRMATION_CODE
from local.session import Session
from tests.integration.conftest import PASSWORD, User, attributes, new_email, signed_up
from tests.integration.plain import plain_ministack
from tests.integration.pool_calls import (
    NEW_PASSWORD,
    RESET_CODE,
    TURN_ON,
    by_client,
    claims,
    give_code,
    give_password,
    next_code,
    refresh,
    register,
    sign_up,
)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with plain_ministack(tmp_path_factory.mktemp("plain")) as session:
        yield session


@pytest.fixture(scope="module")
def user(plain: Session) -> User:
    return signed_up(plain)


def test_plain_new_email_is_stored_at_once(plain: Session) -> None:
    user, email = signed_up(plain), new_email()
    pair = {"Name": "email", "Value": email}
    answer = plain.cognito.update_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributes=[pair])
    assert answer["CodeDeliveryDetailsList"] == []
    found = plain.cognito.get_user(AccessToken=user.tokens["AccessToken"])["UserAttributes"]
    assert pair in found


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_user_attribute_verification_code", {"AttributeName": "email"}),
        ("verify_user_attribute", {"AttributeName": "email", "Code": CONFIRMATION_CODE}),
        ("delete_user_attributes", {"UserAttributeNames": ["phone_number"]}),
    ],
)
def test_plain_attribute_operation_is_missing(user: User, operation: str, parameters: dict[str, object]) -> None:
    call = getattr(user.session.cognito, operation)
    with pytest.raises(ClientError, match="Unknown Cognito IDP action"):
        call(AccessToken=user.tokens["AccessToken"], **parameters)


def test_plain_attributes_cannot_be_deleted_by_an_admin(plain: Session, user: User) -> None:
    with pytest.raises(ClientError, match="Unknown Cognito IDP action"):
        plain.cognito.admin_delete_user_attributes(
            UserPoolId=plain.stack.user_pool_id, Username=user.sub, UserAttributeNames=["custom:dob"]
        )


@pytest.mark.parametrize(("name", "value"), [("email_verified", "true"), ("nickname", "J"), ("phone_number", "0171")])
def test_plain_update_accepts_any_attribute(user: User, name: str, value: str) -> None:
    pair = {"Name": name, "Value": value}
    user.session.cognito.update_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributes=[pair])


def test_plain_sign_up_accepts_any_attribute(plain: Session) -> None:
    email = new_email()
    plain.sign_up(email, PASSWORD, {**attributes(email), "email_verified": "true"})


def test_plain_challenge_is_answered_without_a_session(plain: Session, user: User) -> None:
    answer = plain.cognito.respond_to_auth_challenge(
        ClientId=plain.stack.user_pool_client_id, ChallengeName="MFA_SETUP", Session="x" * 32,
        ChallengeResponses={"USERNAME": user.email},
    )  # fmt: skip
    assert "AuthenticationResult" in answer


def test_plain_new_password_follows_no_policy(plain: Session) -> None:
    user = signed_up(plain)
    plain.cognito.respond_to_auth_challenge(
        ClientId=plain.stack.user_pool_client_id, ChallengeName="NEW_PASSWORD_REQUIRED", Session="x" * 32,
        ChallengeResponses={"USERNAME": user.email, "NEW_PASSWORD": "short"},
    )  # fmt: skip


def test_plain_app_is_turned_on_once_registered(plain: Session) -> None:
    user = signed_up(plain)
    register(user)
    told = plain.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert told["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]


def test_plain_code_signs_in_twice(plain: Session) -> None:
    user = signed_up(plain)
    code = next_code(register(user))
    for _ in range(2):
        assert "AuthenticationResult" in give_code(user, give_password(plain, user.email), code)


def test_plain_unregistered_app_is_turned_on(plain: Session) -> None:
    plain.cognito.set_user_mfa_preference(AccessToken=signed_up(plain).tokens["AccessToken"], **TURN_ON)


def test_plain_client_reads_every_attribute(plain: Session, user: User) -> None:
    told = plain.cognito.get_user(AccessToken=user.tokens["AccessToken"])
    assert "custom:dob" in {pair["Name"] for pair in told["UserAttributes"]}
    assert "UserMFASettingList" in told
    assert "custom:dob" in claims(user.token)


def test_plain_unverified_email_is_true_in_a_token(user: User) -> None:
    assert claims(user.token)["email_verified"] is True  # its ConfirmSignUp verifies no address


def test_plain_refresh_renews_the_time_of_the_sign_in(user: User) -> None:
    time.sleep(1.1)  # whole seconds
    assert claims(refresh(user)["IdToken"])["auth_time"] > claims(user.token)["auth_time"]


def test_plain_email_in_another_case_is_unknown(plain: Session, user: User) -> None:
    with pytest.raises(ClientError, match="Incorrect username or password"):
        plain.sign_in(user.email.upper(), PASSWORD)


def test_plain_confirmed_user_gets_codes(plain: Session, user: User) -> None:
    plain.cognito.resend_confirmation_code(**by_client(user))


def test_plain_unconfirmed_user_gets_a_reset_code(plain: Session) -> None:
    email = new_email()
    plain.sign_up(email, PASSWORD, attributes(email))
    where = {"ClientId": plain.stack.user_pool_client_id, "Username": email}
    plain.cognito.forgot_password(**where)
    plain.cognito.confirm_forgot_password(**where, ConfirmationCode=RESET_CODE, Password=NEW_PASSWORD)


def test_plain_sign_up_answers_the_whole_address(plain: Session) -> None:
    email = new_email()
    assert sign_up(plain, email)["CodeDeliveryDetails"]["Destination"] == email


def test_plain_destination_has_four_asterisks(plain: Session) -> None:
    email = new_email()
    sign_up(plain, email)
    where = {"ClientId": plain.stack.user_pool_client_id, "Username": email}
    assert "****@" in plain.cognito.resend_confirmation_code(**where)["CodeDeliveryDetails"]["Destination"]
