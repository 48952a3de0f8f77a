"""What plain MiniStack does otherwise than Cognito. Where one of these fails, its patch is needed no more."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local.aws import CONFIRMATION_CODE
from local.session import Session
from tests.integration.conftest import PASSWORD, User, attributes, new_email, signed_up
from tests.integration.plain import plain_ministack


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


@pytest.mark.parametrize(("name", "value"), [("email_verified", "true"), ("nickname", "J"), ("phone_number", "0171")])
def test_plain_update_accepts_any_attribute(user: User, name: str, value: str) -> None:
    pair = {"Name": name, "Value": value}
    user.session.cognito.update_user_attributes(AccessToken=user.tokens["AccessToken"], UserAttributes=[pair])


def test_plain_sign_up_accepts_any_attribute(plain: Session) -> None:
    email = new_email()
    plain.sign_up(email, PASSWORD, {**attributes(email), "email_verified": "true"})
