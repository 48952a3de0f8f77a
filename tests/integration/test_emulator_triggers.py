"""The embedded AWS invokes PostConfirmation as AWS does, by the configuration of the user pool."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.function_archive import build_function_archive
from local.stack import STACK_NAME
from local.user_client import UserClient
from tests.support.aws import require_item
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD, UserFactory, generate_email

PROBE_HANDLER = """
import json, os, urllib.request
import boto3

def handler(event, context):
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="event.json", Body=json.dumps(event))
    if event["request"]["userAttributes"]["name"] == "Raise":
        raise RuntimeError("no space")
    return None if event["request"]["userAttributes"]["name"] == "Nothing" else event
"""


def get_stored_item(user_client: UserClient, sub: str) -> dict[str, Any]:
    return require_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, sub)


def test_admin_confirmation_stores_an_unverified_address(user_client: UserClient) -> None:
    email = generate_email()
    sub = user_client.sign_up(email, PASSWORD, sign_up_attributes(email))
    user_client.cognito.admin_confirm_sign_up(UserPoolId=user_client.stack.user_pool_id, Username=email)
    item = get_stored_item(user_client, sub)
    assert item["email"] == {"S": email}
    assert item["email_verified"] == {"BOOL": False}


def test_second_confirmation_fires_no_trigger(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    with pytest.raises(ClientError, match="CONFIRMED"):
        user_client.confirm(user.email, CONFIRMATION_CODE)
    user_client.cognito.admin_confirm_sign_up(UserPoolId=user_client.stack.user_pool_id, Username=user.email)
    assert user.get().body["version"] == 1


def test_password_reset_does_not_change_the_profile(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    edited = user.put({**user.get().body, "name": "Jane Edited"}).body
    client_id = user_client.stack.user_pool_client_id
    user_client.cognito.forgot_password(ClientId=client_id, Username=user.email)
    user_client.cognito.confirm_forgot_password(
        ClientId=client_id, Username=user.email, ConfirmationCode="654321", Password="AnotherPass456!"
    )
    token = user_client.sign_in(user.email, "AnotherPass456!")["IdToken"]
    assert user_client.call("GET", "/users/me", token).body == edited


def test_repeated_event_changes_nothing(user_client: UserClient, signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    edited = user.put({**user.get().body, "name": "Jane Edited"}).body
    event = {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": user_client.stack.region,
        "userPoolId": user_client.stack.user_pool_id,
        "userName": user.sub,
        "callerContext": {"clientId": user_client.stack.user_pool_client_id},
        "request": {"userAttributes": {**sign_up_attributes(user.email), "sub": user.sub}},
        "response": {},
    }
    lambda_ = emulator_client("lambda", user_client.stack)
    for _ in range(3):
        response = lambda_.invoke(FunctionName=f"{STACK_NAME}-post_confirmation", Payload=json.dumps(event))
        assert json.load(response["Payload"]) == event
    assert user.get().body == edited


def test_profile_is_stored_without_invalid_attributes(user_client: UserClient) -> None:
    """The account may be older than the rules. Today PreSignUp rejects these values."""
    sub = str(uuid.uuid4())
    attributes = sign_up_attributes("old@example.com", dob="2999-01-01", gender="none of these")
    event = {
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": {**attributes, "sub": sub}},
    }
    lambda_ = emulator_client("lambda", user_client.stack)
    response = lambda_.invoke(FunctionName=f"{STACK_NAME}-post_confirmation", Payload=json.dumps(event))
    assert "FunctionError" not in response
    item = get_stored_item(user_client, sub)
    assert item["blood_group"] == {"S": "O-"}
    assert not {"dob", "gender"} & set(item)


@pytest.fixture
def probe(user_client: UserClient) -> Iterator[Callable[[], dict[str, Any]]]:
    """Replace PostConfirmation by a function that stores its event. Yield a function that returns the last event."""
    pool_id = user_client.stack.user_pool_id
    config_before = user_client.cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["LambdaConfig"]
    lambda_ = emulator_client("lambda", user_client.stack)
    role = lambda_.get_function_configuration(FunctionName=f"{STACK_NAME}-post_confirmation")["Role"]
    iam = emulator_client("iam", user_client.stack)
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{user_client.stack.bucket}/*"}
    iam.put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="probe",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    function = lambda_.create_function(
        FunctionName="probe",
        Role=role,
        Runtime="python3.12",
        Handler="probe.handler",
        Timeout=5,
        Environment={"Variables": {"BUCKET": user_client.stack.bucket}},
        Code={"ZipFile": build_function_archive("probe.py", PROBE_HANDLER)},
    )
    user_client.cognito.update_user_pool(
        UserPoolId=pool_id, LambdaConfig={**config_before, "PostConfirmation": function["FunctionArn"]}
    )

    def get_last_event() -> dict[str, Any]:
        s3 = emulator_client("s3", user_client.stack)
        event: dict[str, Any] = json.load(s3.get_object(Bucket=user_client.stack.bucket, Key="event.json")["Body"])
        return event

    yield get_last_event
    user_client.cognito.update_user_pool(UserPoolId=pool_id, LambdaConfig=config_before)
    lambda_.delete_function(FunctionName="probe")
    iam.delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="probe")


def test_event_has_the_documented_shape(user_client: UserClient, probe: Callable[[], dict[str, Any]]) -> None:
    email = generate_email()
    attributes = sign_up_attributes(email)
    sub = user_client.sign_up(email, PASSWORD, attributes)
    client_id = user_client.stack.user_pool_client_id
    user_client.cognito.confirm_sign_up(
        ClientId=client_id, Username=email, ConfirmationCode=CONFIRMATION_CODE, ClientMetadata={"campaign": "winter"}
    )
    expected_attributes = {**attributes, "sub": sub, "email_verified": "true", "cognito:user_status": "CONFIRMED"}
    expected = {
        "version": "1",
        "region": "us-east-1",
        "userPoolId": user_client.stack.user_pool_id,
        "userName": sub,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": expected_attributes, "clientMetadata": {"campaign": "winter"}},
        "response": {},
    }
    assert probe() == expected
    user_client.cognito.forgot_password(ClientId=client_id, Username=email)
    user_client.cognito.confirm_forgot_password(
        ClientId=client_id, Username=email, ConfirmationCode="654321", Password="AnotherPass456!"
    )
    expected_reset = {
        **expected,
        "triggerSource": "PostConfirmation_ConfirmForgotPassword",
        "request": {"userAttributes": expected_attributes},
    }
    assert probe() == expected_reset


@pytest.mark.parametrize(
    ("name", "message"), [("Raise", "PostConfirmation failed with error no space."), ("Nothing", "unrecognizable")]
)
def test_account_is_confirmed_if_the_trigger_fails(
    user_client: UserClient, probe: Callable[[], dict[str, Any]], name: str, message: str
) -> None:
    email = generate_email()
    user_client.sign_up(email, PASSWORD, sign_up_attributes(email, name=name))
    with pytest.raises(ClientError, match=message):
        user_client.confirm(email, CONFIRMATION_CODE)
    user = user_client.cognito.admin_get_user(UserPoolId=user_client.stack.user_pool_id, Username=email)
    assert user["UserStatus"] == "CONFIRMED"
