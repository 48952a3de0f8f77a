"""The embedded AWS fires PostConfirmation, from the pool's own configuration, as AWS does."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.stack import STACK_NAME
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.users import PASSWORD, User, generate_email

NewUser = Callable[..., User]
PROBE = """
import json, os, urllib.request
import boto3

def handler(event, context):
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="event.json", Body=json.dumps(event))
    if event["request"]["userAttributes"]["name"] == "Raise":
        raise RuntimeError("no room")
    return None if event["request"]["userAttributes"]["name"] == "Nothing" else event
"""


@pytest.fixture(scope="module")
def cognito(session: UserClient) -> Any:
    return emulator_client("cognito-idp", session.stack)


def profile(session: UserClient, sub: str) -> Any:
    dynamodb = emulator_client("dynamodb", session.stack)
    return dynamodb.get_item(TableName=session.stack.table, Key={"user_id": {"S": sub}}).get("Item")


def test_an_admin_s_confirmation_makes_a_profile_with_an_unproven_address(session: UserClient, cognito: Any) -> None:
    email = generate_email()
    sub = session.sign_up(email, PASSWORD, sign_up_attributes(email))
    cognito.admin_confirm_sign_up(UserPoolId=session.stack.user_pool_id, Username=email)
    item = profile(session, sub)
    assert item["email"] == {"S": email}
    assert item["email_verified"] == {"BOOL": False}


def test_a_confirmation_happens_once(session: UserClient, cognito: Any, new_user: NewUser) -> None:
    user = new_user()
    with pytest.raises(ClientError, match="CONFIRMED"):
        session.confirm(user.email, CONFIRMATION_CODE)
    cognito.admin_confirm_sign_up(UserPoolId=session.stack.user_pool_id, Username=user.email)
    assert user.get().body["version"] == 1


def test_a_password_reset_keeps_the_edited_profile(session: UserClient, cognito: Any, new_user: NewUser) -> None:
    user = new_user()
    edited = user.put({**user.get().body, "name": "Jane Edited"}).body
    client_id = session.stack.user_pool_client_id
    cognito.forgot_password(ClientId=client_id, Username=user.email)
    cognito.confirm_forgot_password(
        ClientId=client_id, Username=user.email, ConfirmationCode="654321", Password="AnotherPass456!"
    )
    token = session.sign_in(user.email, "AnotherPass456!")["IdToken"]
    assert session.call("GET", "/users/me", token).body == edited


def test_the_same_event_again_changes_nothing(session: UserClient, new_user: NewUser) -> None:
    user = new_user()
    edited = user.put({**user.get().body, "name": "Jane Edited"}).body
    event = {
        "version": "1",
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "region": session.stack.region,
        "userPoolId": session.stack.user_pool_id,
        "userName": user.sub,
        "callerContext": {"clientId": session.stack.user_pool_client_id},
        "request": {"userAttributes": {**sign_up_attributes(user.email), "sub": user.sub}},
        "response": {},
    }
    lambda_ = emulator_client("lambda", session.stack)
    for _ in range(3):
        answer = lambda_.invoke(FunctionName=f"{STACK_NAME}-post_confirmation", Payload=json.dumps(event))
        assert json.load(answer["Payload"]) == event
    assert user.get().body == edited


def test_attributes_that_break_a_rule_do_not_cost_the_profile(session: UserClient) -> None:
    """An account may have been there before the rules were: PreSignUp lets none of these in today."""
    sub = str(uuid.uuid4())
    form = sign_up_attributes("old@example.com", dob="2999-01-01", gender="none of these")
    event = {"triggerSource": "PostConfirmation_ConfirmSignUp", "request": {"userAttributes": {**form, "sub": sub}}}
    lambda_ = emulator_client("lambda", session.stack)
    answer = lambda_.invoke(FunctionName=f"{STACK_NAME}-post_confirmation", Payload=json.dumps(event))
    assert "FunctionError" not in answer
    item = profile(session, sub)
    assert item["blood_group"] == {"S": "O-"}
    assert not {"dob", "gender"} & set(item)


@pytest.fixture
def probe(session: UserClient, cognito: Any) -> Iterator[Callable[[], dict[str, Any]]]:
    """A pool's trigger that keeps its last event; the pool's own one is put back afterwards."""
    import io
    import zipfile

    pool_id = session.stack.user_pool_id
    before = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["LambdaConfig"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("probe.py", PROBE)
    lambda_ = emulator_client("lambda", session.stack)
    role = lambda_.get_function_configuration(FunctionName=f"{STACK_NAME}-post_confirmation")["Role"]
    iam = emulator_client("iam", session.stack)
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{session.stack.bucket}/*"}
    iam.put_role_policy(
        RoleName=role.rpartition("/")[2],
        PolicyName="probe",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    made = lambda_.create_function(
        FunctionName="probe",
        Role=role,
        Runtime="python3.12",
        Handler="probe.handler",
        Timeout=5,
        Environment={"Variables": {"BUCKET": session.stack.bucket}},
        Code={"ZipFile": archive.getvalue()},
    )
    cognito.update_user_pool(UserPoolId=pool_id, LambdaConfig={**before, "PostConfirmation": made["FunctionArn"]})

    def last_event() -> dict[str, Any]:
        s3 = emulator_client("s3", session.stack)
        event: dict[str, Any] = json.load(s3.get_object(Bucket=session.stack.bucket, Key="event.json")["Body"])
        return event

    yield last_event
    cognito.update_user_pool(UserPoolId=pool_id, LambdaConfig=before)
    lambda_.delete_function(FunctionName="probe")
    iam.delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="probe")


def test_the_event_is_shaped_as_aws_documents_it(
    session: UserClient, cognito: Any, probe: Callable[[], dict[str, Any]]
) -> None:
    email = generate_email()
    form = sign_up_attributes(email)
    sub = session.sign_up(email, PASSWORD, form)
    client_id = session.stack.user_pool_client_id
    cognito.confirm_sign_up(
        ClientId=client_id, Username=email, ConfirmationCode=CONFIRMATION_CODE, ClientMetadata={"campaign": "winter"}
    )
    known = {**form, "sub": sub, "email_verified": "true", "cognito:user_status": "CONFIRMED"}
    expected = {
        "version": "1",
        "region": "us-east-1",
        "userPoolId": session.stack.user_pool_id,
        "userName": sub,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "triggerSource": "PostConfirmation_ConfirmSignUp",
        "request": {"userAttributes": known, "clientMetadata": {"campaign": "winter"}},
        "response": {},
    }
    assert probe() == expected
    cognito.forgot_password(ClientId=client_id, Username=email)
    cognito.confirm_forgot_password(
        ClientId=client_id, Username=email, ConfirmationCode="654321", Password="AnotherPass456!"
    )
    reset = {
        **expected,
        "triggerSource": "PostConfirmation_ConfirmForgotPassword",
        "request": {"userAttributes": known},
    }
    assert probe() == reset


@pytest.mark.parametrize(
    ("name", "message"), [("Raise", "PostConfirmation failed with error no room."), ("Nothing", "unrecognizable")]
)
def test_a_trigger_that_fails_tells_the_client_and_the_account_is_confirmed_all_the_same(
    session: UserClient, cognito: Any, probe: Callable[[], dict[str, Any]], name: str, message: str
) -> None:
    email = generate_email()
    session.sign_up(email, PASSWORD, sign_up_attributes(email, name=name))
    with pytest.raises(ClientError, match=message):
        session.confirm(email, CONFIRMATION_CODE)
    user = cognito.admin_get_user(UserPoolId=session.stack.user_pool_id, Username=email)
    assert user["UserStatus"] == "CONFIRMED"
