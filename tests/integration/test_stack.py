"""What the embedded stack made is what the code expects."""

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
from local.function_definitions import CHECK_PICTURE_FUNCTION, TRIGGERS
from local.stack import STACK_NAME
from local.user_client import UserClient


@pytest.fixture(scope="module")
def pool(session: UserClient) -> Any:
    cognito = emulator_client("cognito-idp", session.stack)
    return cognito.describe_user_pool(UserPoolId=session.stack.user_pool_id)["UserPool"]


def test_the_table_is_keyed_as_the_repository_writes(session: UserClient) -> None:
    dynamodb = emulator_client("dynamodb", session.stack)
    table = dynamodb.describe_table(TableName=session.stack.table)["Table"]
    assert table["KeySchema"] == [{"AttributeName": PARTITION_KEY, "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [{"AttributeName": PARTITION_KEY, "AttributeType": "S"}]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"]
    backups = dynamodb.describe_continuous_backups(TableName=session.stack.table)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_the_pool_asks_for_what_a_profile_is_made_of(pool: Any) -> None:
    schema = {attribute["Name"] for attribute in pool["SchemaAttributes"]}
    assert {field.alias or name for name, field in SignUpAttributes.model_fields.items()} <= schema
    assert pool["UsernameAttributes"] == pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["UsernameConfiguration"] == {"CaseSensitive": False}
    assert pool["DeletionProtection"] == "ACTIVE"


def test_custom_attributes_are_added_once_and_one_that_is_a_standard_s_namesake_too(session: UserClient) -> None:
    cognito = emulator_client("cognito-idp", session.stack)
    pool_id = cognito.create_user_pool(PoolName="attributes")["UserPool"]["Id"]
    first, second = {"dob": 10, "gender": 16}, {"dob": 10, "gender": 16, "height": 3}
    assert add_missing_attributes(cognito, pool_id, first, is_emulated=True) == ["custom:dob", "custom:gender"]
    assert add_missing_attributes(cognito, pool_id, second, is_emulated=True) == ["custom:height"]
    schema = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["SchemaAttributes"]
    names = [attribute["Name"] for attribute in schema]
    assert names.count("custom:gender") == names.count("gender") == 1
    assert "custom:custom:gender" not in names


def test_every_trigger_of_the_app_is_a_function_and_is_attached(session: UserClient, pool: Any) -> None:
    triggers = {handler for handler, _ in TRIGGERS.values()}
    assert {function.name for function in app.app.pure_lambda_functions} == {*triggers, CHECK_PICTURE_FUNCTION}
    lambda_ = emulator_client("lambda", session.stack)
    for trigger, (handler, _) in TRIGGERS.items():
        function = lambda_.get_function_configuration(FunctionName=f"{STACK_NAME}-{handler}")
        assert pool["LambdaConfig"][trigger] == function["FunctionArn"]
        assert load_settings(function["Environment"]["Variables"]).table_name == session.stack.table_name
        assert function["Timeout"] <= 5


def test_the_client_is_public_and_keeps_health_data_out_of_tokens(session: UserClient) -> None:
    cognito = emulator_client("cognito-idp", session.stack)
    told = cognito.describe_user_pool_client(
        UserPoolId=session.stack.user_pool_id, ClientId=session.stack.user_pool_client_id
    )["UserPoolClient"]
    assert "ClientSecret" not in told
    assert sorted(told["ExplicitAuthFlows"]) == ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
    assert told["PreventUserExistenceErrors"] == "ENABLED"
    assert not [name for name in told["ReadAttributes"] if name.startswith("custom:")]


def test_the_local_stage_names_the_local_table_and_bucket(session: UserClient) -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    settings = load_settings(config["stages"]["local"]["environment_variables"])
    assert (settings.table_name, settings.picture_bucket) == (session.stack.table_name, session.stack.picture_bucket)
