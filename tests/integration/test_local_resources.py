"""The resources of the local stack are those that the application expects."""

import json
from typing import Any

import pytest

import app
from chalicelib.core.settings import load_settings
from chalicelib.profiles.items import PARTITION_KEY
from chalicelib.profiles.models import SignUpAttributes
from infra.custom_attributes import add_missing_attributes
from local.config import ROOT
from local.emulator_clients import emulator_client
from local.function_definitions import FUNCTIONS, RECONCILE_FUNCTION, TRIGGERS
from local.resources.permissions import PERMISSIONS
from local.stack import STACK_NAME
from local.user_client import UserClient


@pytest.fixture(scope="module")
def pool(user_client: UserClient) -> Any:
    return user_client.cognito.describe_user_pool(UserPoolId=user_client.stack.user_pool_id)["UserPool"]


def test_table_has_the_key_of_the_repository(user_client: UserClient) -> None:
    dynamodb = emulator_client("dynamodb", user_client.stack)
    table = dynamodb.describe_table(TableName=user_client.stack.table)["Table"]
    assert table["KeySchema"] == [{"AttributeName": PARTITION_KEY, "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": PARTITION_KEY, "AttributeType": "S"}]


def test_records_table_has_a_sort_key(user_client: UserClient) -> None:
    dynamodb = emulator_client("dynamodb", user_client.stack)
    table = dynamodb.describe_table(TableName=user_client.stack.records_table)["Table"]
    keys = [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]]
    assert keys == [("user_id", "HASH"), ("record", "RANGE")]


@pytest.mark.parametrize("key", ["table", "records_table"])
def test_table_is_protected_and_expires_items(user_client: UserClient, key: str) -> None:
    dynamodb, name = emulator_client("dynamodb", user_client.stack), getattr(user_client.stack, key)
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"]
    assert table["SSEDescription"]["SSEType"] == "KMS"
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_function_for_files_receives_uploads_and_scan_results(user_client: UserClient) -> None:
    stack = user_client.stack
    function_arn = emulator_client("lambda", stack).get_function_configuration(FunctionName=stack.check_file_function)[
        "FunctionArn"
    ]
    notification = emulator_client("s3", stack).get_bucket_notification_configuration(Bucket=stack.bucket)
    (upload,) = notification["LambdaFunctionConfigurations"]
    assert (upload["LambdaFunctionArn"], upload["Events"]) == (function_arn, ["s3:ObjectCreated:*"])
    events = emulator_client("events", stack)
    (rule,) = events.list_rule_names_by_target(TargetArn=function_arn)["RuleNames"]
    assert json.loads(events.describe_rule(Name=rule)["EventPattern"])["source"] == ["aws.guardduty"]


def test_each_function_has_permissions_and_a_definition() -> None:
    assert PERMISSIONS.keys() == FUNCTIONS.keys()


def test_user_pool_has_the_attributes_of_a_sign_up(pool: Any) -> None:
    schema = {attribute["Name"] for attribute in pool["SchemaAttributes"]}
    assert {field.alias or name for name, field in SignUpAttributes.model_fields.items()} <= schema
    assert pool["UsernameAttributes"] == pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["DeletionProtection"] == "ACTIVE"


def test_custom_attributes_are_added_once(user_client: UserClient) -> None:
    """This includes an attribute with the name of a standard attribute."""
    pool_id = user_client.cognito.create_user_pool(PoolName="attributes")["UserPool"]["Id"]
    first, second = {"dob": 10, "gender": 16}, {"dob": 10, "gender": 16, "height": 3}
    assert add_missing_attributes(user_client.cognito, pool_id, first, is_emulated=True) == [
        "custom:dob",
        "custom:gender",
    ]
    assert add_missing_attributes(user_client.cognito, pool_id, second, is_emulated=True) == ["custom:height"]
    schema = user_client.cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["SchemaAttributes"]
    names = [attribute["Name"] for attribute in schema]
    assert names.count("custom:gender") == names.count("gender") == 1
    assert "custom:custom:gender" not in names


def test_triggers_of_the_app_are_attached(user_client: UserClient, pool: Any) -> None:
    assert {function.name for function in app.app.pure_lambda_functions} == FUNCTIONS.keys() - {RECONCILE_FUNCTION}
    lambda_ = emulator_client("lambda", user_client.stack)
    for trigger, handler in TRIGGERS.items():
        function = lambda_.get_function_configuration(FunctionName=f"{STACK_NAME}-{handler}")
        assert pool["LambdaConfig"][trigger] == function["FunctionArn"]
        assert load_settings(function["Environment"]["Variables"]).table_name == user_client.stack.table
        assert function["Timeout"] <= 5


def test_app_client_is_public_and_cannot_read_health_data(user_client: UserClient) -> None:
    app_client = user_client.cognito.describe_user_pool_client(
        UserPoolId=user_client.stack.user_pool_id, ClientId=user_client.stack.user_pool_client_id
    )["UserPoolClient"]
    assert "ClientSecret" not in app_client
    assert sorted(app_client["ExplicitAuthFlows"]) == ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
    assert app_client["PreventUserExistenceErrors"] == "ENABLED"
    assert not [name for name in app_client["ReadAttributes"] if name.startswith("custom:")]


def test_local_chalice_stage_names_the_table_and_bucket(user_client: UserClient) -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    settings = load_settings(config["stages"]["local"]["environment_variables"])
    assert (settings.table_name, settings.picture_bucket) == (
        user_client.stack.table,
        user_client.stack.bucket,
    )
