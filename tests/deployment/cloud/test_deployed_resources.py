"""The resources of a deployed stage: logs, alarms, runtimes, encryption and the layer."""

import io
import json
import sys
import zipfile
from urllib.request import urlopen

from benchmarks import costs
from chalicelib.core.metrics import Metric
from infra.deploy import api_logs
from tests.support.deployed_stage import BUCKET, NAME, STAGE, DeployedStage
from tests.support.users import User


def test_pillow_layer_is_attached_to_one_function(deployed_stage: DeployedStage) -> None:
    functions = deployed_stage.client("lambda").list_functions()["Functions"]
    layers = {
        function["FunctionName"]: [layer["Arn"] for layer in function.get("Layers", [])] for function in functions
    }
    (pillow_arn,) = layers.pop(f"{NAME}-check_picture")
    assert f":layer:{NAME}-pictures:" in pillow_arn
    assert not any(layers.values())
    version = deployed_stage.client("lambda").get_layer_version_by_arn(Arn=pillow_arn)
    with urlopen(version["Content"]["Location"], timeout=20) as content:
        names = zipfile.ZipFile(io.BytesIO(content.read())).namelist()
    tag = f"{sys.version_info.major}{sys.version_info.minor}"
    assert f"python/PIL/_imaging.cpython-{tag}-x86_64-linux-gnu.so" in names
    assert version["CompatibleRuntimes"] == [f"python{tag[0]}.{tag[1:]}"]


def test_api_stage_logs_and_throttles_without_tracing(deployed_stage: DeployedStage) -> None:
    stage = deployed_stage.client("apigateway").get_stage(restApiId=deployed_stage.api_ids[0], stageName=STAGE)
    assert not stage["tracingEnabled"], "its segments hold paths and addresses"
    assert stage["accessLogSettings"]["destinationArn"].endswith(f":log-group:/aws/apigateway/{NAME}")
    log_format = json.loads(stage["accessLogSettings"]["format"])
    assert not [name for name, source in log_format.items() if "body" in source.lower() or source == "$context.path"]
    all_methods = stage["methodSettings"]["*/*"]
    assert (all_methods["throttlingRateLimit"], all_methods["throttlingBurstLimit"]) == (500, 1000)
    assert not all_methods["dataTraceEnabled"]


def test_api_accepts_no_tls_below_1_2(deployed_stage: DeployedStage) -> None:
    rest_api = deployed_stage.client("apigateway").get_rest_api(restApiId=deployed_stage.api_ids[0])
    assert rest_api["securityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"


def test_execution_log_has_retention_and_encryption(deployed_stage: DeployedStage) -> None:
    name = api_logs.execution_log_group(deployed_stage.api_ids[0], STAGE)
    (log_group,) = deployed_stage.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    key_arn = deployed_stage.client("kms").describe_key(KeyId=f"alias/{NAME}")["KeyMetadata"]["Arn"]
    assert (log_group["kmsKeyId"], log_group["retentionInDays"]) == (key_arn, 365)


def test_failed_reconciliations_go_to_a_queue(deployed_stage: DeployedStage) -> None:
    config = deployed_stage.client("lambda").get_function_event_invoke_config(FunctionName=f"{NAME}-reconcile")
    assert config["DestinationConfig"]["OnFailure"]["Destination"].endswith(f":{NAME}-failed-reconciliations")


def test_failed_erasure_is_repeated_for_an_hour(deployed_stage: DeployedStage) -> None:
    config = deployed_stage.client("lambda").get_function_event_invoke_config(FunctionName=f"{NAME}-erase_user")
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 3600)


def test_failed_check_of_a_file_is_repeated_for_an_hour(deployed_stage: DeployedStage) -> None:
    config = deployed_stage.client("lambda").get_function_event_invoke_config(FunctionName=f"{NAME}-check_file")
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 3600)


def test_services_can_invoke_the_file_check_for_the_stage_only(deployed_stage: DeployedStage) -> None:
    policy = json.loads(deployed_stage.client("lambda").get_policy(FunctionName=f"{NAME}-check_file")["Policy"])
    callers = {
        statement["Principal"]["Service"]: statement["Condition"]["ArnLike"]["AWS:SourceArn"]
        for statement in policy["Statement"]
    }
    assert callers == {
        "s3.amazonaws.com": f"arn:aws:s3:::{BUCKET}",
        "events.amazonaws.com": f"arn:aws:events:us-east-1:000000000000:rule/{NAME}-scan-results",
    }


def test_sign_up_is_open_once_the_triggers_are_attached(deployed_stage: DeployedStage) -> None:
    pool = deployed_stage.client("cognito-idp").describe_user_pool(UserPoolId=deployed_stage.outputs["user_pool_id"])[
        "UserPool"
    ]
    assert len(pool["LambdaConfig"]) >= 3
    assert not pool["AdminCreateUserConfig"].get("AllowAdminCreateUserOnly")


def test_every_function_logs_to_a_group_with_a_year_retention(deployed_stage: DeployedStage, user: User) -> None:
    logs = deployed_stage.client("logs")
    assert user.get().status == 200  # the user's sign-up and sign-in have called the triggers
    for handler in ("", "-pre_sign_up", "-post_confirmation", "-post_authentication"):
        name = f"/aws/lambda/{NAME}{handler}"
        (log_group,) = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][:1]
        assert log_group["retentionInDays"] == 365
        assert logs.describe_log_streams(logGroupName=name)["logStreams"], name


def test_alarms_watch_existing_metrics_and_resources(deployed_stage: DeployedStage) -> None:
    alarms = deployed_stage.client("cloudwatch").describe_alarms()["MetricAlarms"]
    custom_metrics = {alarm["MetricName"] for alarm in alarms if alarm.get("Namespace") == "HealthTech"}
    assert {Metric.PROFILE_WRITE_FAILED, Metric.ERASURE_FAILED} <= custom_metrics
    assert custom_metrics <= set(Metric)
    api_name = deployed_stage.client("apigateway").get_rest_apis()["items"][0]["name"]
    functions = {function["FunctionName"] for function in deployed_stage.client("lambda").list_functions()["Functions"]}
    dimensions = {
        (dimension["Name"], dimension["Value"]) for alarm in alarms for dimension in alarm.get("Dimensions", [])
    }
    assert {value for name, value in dimensions if name == "FunctionName"} == functions
    assert {value for name, value in dimensions if name == "ApiName"} == {api_name}
    assert {value for name, value in dimensions if name == "service"} == {NAME}


def test_costs_count_every_alarm_metric(deployed_stage: DeployedStage) -> None:
    # From Terraform's state, because MiniStack does not store the queries of an alarm.
    state = json.loads(deployed_stage.terraform("show", "-json").stdout)
    resources = state["values"]["root_module"]["resources"]
    alarms = [resource["values"] for resource in resources if resource["type"] == "aws_cloudwatch_metric_alarm"]
    queries = [query["metric"] for alarm in alarms for query in alarm["metric_query"]]
    assert sum(bool(alarm["metric_name"]) for alarm in alarms) + sum(map(len, queries)) == costs.ALARM_METRICS


def test_runtimes_change_only_with_a_deploy(deployed_stage: DeployedStage) -> None:
    lambda_ = deployed_stage.client("lambda")
    functions = [function["FunctionName"] for function in lambda_.list_functions()["Functions"]]
    assert functions
    for name in functions:
        assert lambda_.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "FunctionUpdate"


def test_terraform_plan_finds_no_changes(deployed_stage: DeployedStage) -> None:
    done = deployed_stage.terraform(
        "plan", "-input=false", "-no-color", "-detailed-exitcode", f"-var-file={STAGE}.tfvars"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes." in done.stdout
