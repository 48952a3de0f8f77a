"""What MiniStack lacks and local/ adds. A failure here is good news: MiniStack has it, so take ours out."""

import hashlib
import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local import config
from local.config import AccessKey
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.stack import STACK_NAME
from local.user_client import UserClient
from tests.support.data import sign_up_attributes
from tests.support.plain_ministack import start_plain_ministack
from tests.support.users import PASSWORD, generate_email

pytestmark = pytest.mark.slow  # it is the version of MiniStack that changes what they find

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[UserClient]:
    with start_plain_ministack(tmp_path) as session:
        yield session


def test_plain_ministack_neither_fires_post_confirmation_nor_verifies_the_address(plain: UserClient) -> None:
    email = generate_email()
    sub = plain.sign_up(email, PASSWORD, sign_up_attributes(email))
    plain.confirm(email, CONFIRMATION_CODE)
    dynamodb = emulator_client("dynamodb", plain.stack)
    assert "Item" not in dynamodb.get_item(TableName=plain.stack.table, Key={"user_id": {"S": sub}})
    cognito = emulator_client("cognito-idp", plain.stack)
    user = cognito.admin_get_user(UserPoolId=plain.stack.user_pool_id, Username=email)
    assert {"Name": "email_verified", "Value": "true"} not in user["UserAttributes"]


def test_plain_ministack_does_not_check_whom_an_administrator_makes(plain: UserClient) -> None:
    cognito = emulator_client("cognito-idp", plain.stack)
    wrong = [{"Name": "custom:dob", "Value": "2999-01-01"}]
    cognito.admin_create_user(UserPoolId=plain.stack.user_pool_id, Username=generate_email(), UserAttributes=wrong)


def test_plain_ministack_words_a_refusal_in_its_own_way(plain: UserClient) -> None:
    email = generate_email()
    with pytest.raises(ClientError) as caught:
        plain.sign_up(email, PASSWORD, sign_up_attributes(email, dob="2999-01-01"))
    assert not caught.value.response["Error"]["Message"].startswith("PreSignUp failed with error")


def test_plain_ministack_does_not_fire_post_authentication(plain: UserClient) -> None:
    """Its function is there, and without a log."""
    email = generate_email()
    plain.sign_up(email, PASSWORD, sign_up_attributes(email))
    plain.confirm(email, CONFIRMATION_CODE)
    plain.sign_in(email, PASSWORD)
    groups = emulator_client("logs", plain.stack).describe_log_groups()["logGroups"]
    names = {group["logGroupName"] for group in groups}
    assert f"/aws/lambda/{STACK_NAME}-pre_sign_up" in names
    assert f"/aws/lambda/{STACK_NAME}-post_authentication" not in names


def test_plain_ministack_has_no_rest_apis_from_swagger(plain: UserClient) -> None:
    swagger = json.dumps({"swagger": "2.0", "info": {"title": "imported"}, "paths": {}})
    gateway = emulator_client("apigateway", plain.stack)
    imported = gateway.import_rest_api(body=swagger)  # which it takes for CreateRestApi
    assert imported["name"] != "imported"
    with pytest.raises(ClientError):
        gateway.put_rest_api(restApiId=imported["id"], mode="overwrite", body=swagger)


def test_plain_ministack_leaves_traces_out_of_a_deployment(plain: UserClient) -> None:
    gateway = emulator_client("apigateway", plain.stack)
    api_id = gateway.create_rest_api(name="traced")["id"]
    gateway.create_deployment(restApiId=api_id, stageName="dev", tracingEnabled=True)
    assert not gateway.get_stage(restApiId=api_id, stageName="dev").get("tracingEnabled")


def test_plain_ministack_leaves_fields_out_of_an_alarm_in_xml(plain: UserClient) -> None:
    cloudwatch = emulator_client("cloudwatch", plain.stack)
    cloudwatch.put_metric_alarm(
        AlarmName="one", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=300, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip
    form = b"Action=DescribeAlarms&Version=2010-08-01"
    request = AWSRequest("POST", plain.stack.aws_endpoint_url + "/", {"Content-Type": FORM}, form)
    SigV4Auth(
        Credentials(plain.stack.aws_access_key_id, plain.stack.aws_secret_access_key), "monitoring", config.REGION
    ).add_auth(request)
    sent = urllib.request.Request(plain.stack.aws_endpoint_url + "/", form, dict(request.headers))
    with urllib.request.urlopen(sent, timeout=10) as answer:
        text = answer.read().decode()
    assert "<AlarmName>one</AlarmName>" in text
    assert "<Period>" not in text


def test_plain_ministack_writes_a_function_s_log_whatever_its_role_says(plain: UserClient) -> None:
    emulator_client("iam", plain.stack).delete_role_policy(RoleName=f"{STACK_NAME}-pre_sign_up", PolicyName="trigger")
    email = generate_email()
    plain.sign_up(email, PASSWORD, sign_up_attributes(email))
    groups = emulator_client("logs", plain.stack).describe_log_groups()["logGroups"]
    assert f"/aws/lambda/{STACK_NAME}-pre_sign_up" in {group["logGroupName"] for group in groups}


CHALLENGE = """
def handler(event, context):
    return {"statusCode": 401, "headers": {"WWW-Authenticate": "Bearer"}, "body": ""}
"""


def test_plain_ministack_lets_a_function_set_the_header_that_api_gateway_renames(plain: UserClient) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("challenge.py", CHALLENGE)
    function = emulator_client("lambda", plain.stack).create_function(
        FunctionName="challenge", Role=f"arn:aws:iam::000000000000:role/{STACK_NAME}-pre_sign_up", Runtime="python3.12",
        Handler="challenge.handler", Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]  # fmt: skip
    gateway = emulator_client("apigateway", plain.stack)
    api_id = gateway.create_rest_api(name="challenge")["id"]
    (root,) = gateway.get_resources(restApiId=api_id)["items"]
    where = {"restApiId": api_id, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    gateway.put_integration(
        **where, type="AWS_PROXY", integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
    )  # fmt: skip
    gateway.create_deployment(restApiId=api_id, stageName="dev")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{plain.stack.aws_endpoint_url}/restapis/{api_id}/dev/_user_request_/", timeout=10)
    with refused.value as answer:
        assert (answer.code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("key", [AccessKey("test", "test"), AccessKey("000000000000", "wrong")])
def test_plain_ministack_accepts_documented_keys(plain: UserClient, key: AccessKey) -> None:
    emulator_client(
        "lambda", replace(plain.stack, aws_access_key_id=key.id, aws_secret_access_key=key.secret)
    ).list_functions()


def test_plain_ministack_derives_credentials_from_names(plain: UserClient) -> None:
    """Of a function's role: anybody who knows the function's name can sign with them."""
    name = f"{STACK_NAME}-post_confirmation"
    emulator_client("lambda", plain.stack).invoke(FunctionName=name, Payload="{}")
    function = f"arn:aws:lambda:us-east-1:000000000000:function:{name}:arn:aws:iam::000000000000:role/{name}"
    digest = hashlib.sha256(function.encode()).hexdigest()
    secret, token = (hashlib.sha256(f"{kind}:{digest}".encode()).hexdigest() for kind in ("secret", "token"))
    sts = boto3.client(
        "sts", endpoint_url=plain.stack.aws_endpoint_url, region_name=plain.stack.region,
        aws_access_key_id=f"ASIA{digest[:16].upper()}", aws_secret_access_key=secret, aws_session_token=token,
    )  # fmt: skip
    assert sts.get_caller_identity()["Arn"].endswith(f"assumed-role/{name}/{name}")


def test_plain_ministack_does_not_manage_runtimes(plain: UserClient) -> None:
    lambda_ = emulator_client("lambda", plain.stack)
    with pytest.raises(ClientError):
        lambda_.put_runtime_management_config(
            FunctionName=f"{STACK_NAME}-pre_sign_up", UpdateRuntimeOn="FunctionUpdate"
        )
