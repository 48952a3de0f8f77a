"""Features of AWS that plain MiniStack lacks. A test that fails shows that the patch in local/ is no longer needed."""

import hashlib
import json
import urllib.error
import urllib.request
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
from local.function_archive import build_function_archive
from local.stack import STACK_NAME
from local.user_client import UserClient
from tests.support.aws import get_item
from tests.support.data import sign_up_attributes
from tests.support.plain_ministack import start_plain_ministack
from tests.support.users import PASSWORD, generate_email

pytestmark = pytest.mark.slow  # results change only with the version of MiniStack

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[UserClient]:
    with start_plain_ministack(tmp_path) as user_client:
        yield user_client


def test_plain_confirmation_neither_fires_nor_verifies(plain: UserClient) -> None:
    """It does not invoke PostConfirmation and does not verify the address."""
    email = generate_email()
    sub = plain.sign_up(email, PASSWORD, sign_up_attributes(email))
    plain.confirm(email, CONFIRMATION_CODE)
    assert get_item(emulator_client("dynamodb", plain.stack), plain.stack.table, sub) is None
    user = plain.cognito.admin_get_user(UserPoolId=plain.stack.user_pool_id, Username=email)
    assert {"Name": "email_verified", "Value": "true"} not in user["UserAttributes"]


def test_plain_admin_create_user_does_not_fire_pre_sign_up(plain: UserClient) -> None:
    invalid = [{"Name": "custom:dob", "Value": "2999-01-01"}]
    plain.cognito.admin_create_user(
        UserPoolId=plain.stack.user_pool_id, Username=generate_email(), UserAttributes=invalid
    )


def test_plain_pre_sign_up_rejection_has_another_text(plain: UserClient) -> None:
    email = generate_email()
    with pytest.raises(ClientError) as caught:
        plain.sign_up(email, PASSWORD, sign_up_attributes(email, dob="2999-01-01"))
    assert not caught.value.response["Error"]["Message"].startswith("PreSignUp failed with error")


def test_plain_sign_in_does_not_fire_post_authentication(plain: UserClient) -> None:
    """The function exists and has no log."""
    email = generate_email()
    plain.sign_up(email, PASSWORD, sign_up_attributes(email))
    plain.confirm(email, CONFIRMATION_CODE)
    plain.sign_in(email, PASSWORD)
    groups = emulator_client("logs", plain.stack).describe_log_groups()["logGroups"]
    names = {group["logGroupName"] for group in groups}
    assert f"/aws/lambda/{STACK_NAME}-pre_sign_up" in names
    assert f"/aws/lambda/{STACK_NAME}-post_authentication" not in names


def test_plain_ministack_does_not_import_swagger(plain: UserClient) -> None:
    swagger = json.dumps({"swagger": "2.0", "info": {"title": "imported"}, "paths": {}})
    gateway = emulator_client("apigateway", plain.stack)
    imported = gateway.import_rest_api(body=swagger)  # handled as CreateRestApi
    assert imported["name"] != "imported"
    with pytest.raises(ClientError):
        gateway.put_rest_api(restApiId=imported["id"], mode="overwrite", body=swagger)


def test_plain_create_deployment_ignores_tracing(plain: UserClient) -> None:
    gateway = emulator_client("apigateway", plain.stack)
    api_id = gateway.create_rest_api(name="traced")["id"]
    gateway.create_deployment(restApiId=api_id, stageName="dev", tracingEnabled=True)
    assert not gateway.get_stage(restApiId=api_id, stageName="dev").get("tracingEnabled")


def test_plain_describe_alarms_omits_fields_in_xml(plain: UserClient) -> None:
    cloudwatch = emulator_client("cloudwatch", plain.stack)
    cloudwatch.put_metric_alarm(
        AlarmName="one", Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=300, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
    )  # fmt: skip
    form = b"Action=DescribeAlarms&Version=2010-08-01"
    request = AWSRequest("POST", plain.stack.aws_endpoint_url + "/", {"Content-Type": FORM_MEDIA_TYPE}, form)
    SigV4Auth(
        Credentials(plain.stack.aws_access_key_id, plain.stack.aws_secret_access_key), "monitoring", config.REGION
    ).add_auth(request)
    signed = urllib.request.Request(plain.stack.aws_endpoint_url + "/", form, dict(request.headers))
    with urllib.request.urlopen(signed, timeout=10) as response:
        text = response.read().decode()
    assert "<AlarmName>one</AlarmName>" in text
    assert "<Period>" not in text


def test_plain_function_logs_without_permission(plain: UserClient) -> None:
    emulator_client("iam", plain.stack).delete_role_policy(RoleName=f"{STACK_NAME}-pre_sign_up", PolicyName="function")
    email = generate_email()
    plain.sign_up(email, PASSWORD, sign_up_attributes(email))
    groups = emulator_client("logs", plain.stack).describe_log_groups()["logGroups"]
    assert f"/aws/lambda/{STACK_NAME}-pre_sign_up" in {group["logGroupName"] for group in groups}


CHALLENGE_HANDLER = """
def handler(event, context):
    return {"statusCode": 401, "headers": {"WWW-Authenticate": "Bearer"}, "body": ""}
"""


def test_plain_api_gateway_does_not_rename_www_authenticate(plain: UserClient) -> None:
    function_arn = emulator_client("lambda", plain.stack).create_function(
        FunctionName="challenge", Role=f"arn:aws:iam::000000000000:role/{STACK_NAME}-pre_sign_up", Runtime="python3.12",
        Handler="challenge.handler", Code={"ZipFile": build_function_archive("challenge.py", CHALLENGE_HANDLER)},
    )["FunctionArn"]  # fmt: skip
    gateway = emulator_client("apigateway", plain.stack)
    api_id = gateway.create_rest_api(name="challenge")["id"]
    (root,) = gateway.get_resources(restApiId=api_id)["items"]
    method = {"restApiId": api_id, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(
        **method, type="AWS_PROXY", integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function_arn}/invocations",
    )  # fmt: skip
    gateway.create_deployment(restApiId=api_id, stageName="dev")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{plain.stack.aws_endpoint_url}/restapis/{api_id}/dev/_user_request_/", timeout=10)
    with caught.value as response:
        assert (response.code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("key", [AccessKey("test", "test"), AccessKey("000000000000", "wrong")])
def test_plain_ministack_accepts_documented_keys(plain: UserClient, key: AccessKey) -> None:
    emulator_client(
        "lambda", replace(plain.stack, aws_access_key_id=key.id, aws_secret_access_key=key.secret)
    ).list_functions()


def test_plain_ministack_derives_credentials_from_names(plain: UserClient) -> None:
    """The credentials of a function's role: any process that knows the function's name can sign with them."""
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
