"""The mails of the console: their purposes and codes."""

import time

import pytest

from local.user_client import UserClient
from tests.support.console import ConsoleClient, sign_up
from tests.support.stack import RunningStack
from tests.support.users import PASSWORD, generate_email

SECOND = 1.0


def test_mail_with_a_random_code_arrives_within_a_second(user_client: UserClient, console: ConsoleClient) -> None:
    email, _ = sign_up(user_client)
    time.sleep(SECOND)
    mail = console.find_mail(email)
    assert mail["purpose"] == "sign-up"
    assert mail["code"] in mail["text"]
    assert mail["code"] != "123456"
    with pytest.raises(user_client.cognito.exceptions.CodeMismatchException):
        user_client.confirm(email, "123456")
    user_client.confirm(email, mail["code"])
    assert user_client.sign_in(email, PASSWORD)["IdToken"]


def test_every_kind_of_mail_has_its_code(user_client: UserClient, console: ConsoleClient, stack: RunningStack) -> None:
    email, sub = sign_up(user_client)
    client = {"ClientId": stack.outputs.user_pool_client_id}
    user_client.cognito.resend_confirmation_code(**client, Username=email)
    resent = console.find_mail(email)
    assert resent["purpose"] == "resent-code"
    user_client.confirm(email, resent["code"])
    user_client.cognito.forgot_password(**client, Username=email)
    reset = console.find_mail(email)
    assert reset["purpose"] == "password-reset"
    user_client.cognito.confirm_forgot_password(
        **client, Username=email, ConfirmationCode=reset["code"], Password="AnotherPass456!"
    )
    access_token = user_client.sign_in(email, "AnotherPass456!")["AccessToken"]
    new_email = generate_email()
    user_client.cognito.update_user_attributes(
        AccessToken=access_token, UserAttributes=[{"Name": "email", "Value": new_email}]
    )
    changed = console.find_mail(new_email)
    assert changed["purpose"] == "changed-address"
    user_client.cognito.verify_user_attribute(AccessToken=access_token, AttributeName="email", Code=changed["code"])
    assert console.get(f"users/{sub}")["user"]["email"] == new_email


def test_invitation_has_the_temporary_password(console: ConsoleClient) -> None:
    user = console.create_user("invited")
    mail = console.find_mail(user["email"])
    assert mail["purpose"] == "invitation"
    assert mail["code"] in mail["text"]


def test_mail_has_the_id_of_its_user(console: ConsoleClient) -> None:
    user = console.create_user("unconfirmed")
    assert console.find_mail(user["email"])["sub"] == user["sub"]
    console.change("DELETE", f"users/{user['sub']}")
    assert console.find_mail(user["email"])["sub"] is None
