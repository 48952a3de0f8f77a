"""The logs of API Gateway: the IAM role of the account, and the execution log of a stage."""

from contextlib import suppress
from typing import Any

from infra.deploy.stage import Stage
from infra.deploy.terraform import Terraform


def ensure_logging_role(stage: Stage, region: str) -> str:
    """Set the IAM role with which API Gateway writes logs. An account has one role per region. Return a summary.

    Raises DeployError if Terraform cannot create the role.
    """
    gateway, iam = stage.client("apigateway"), stage.client("iam")
    if gateway.get_account().get("cloudwatchRoleArn"):
        return "role exists"
    try:  # an interrupted run or another machine may have created the role
        role = iam.get_role(RoleName=f"api-gateway-logs-{region}")["Role"]["Arn"]
    except iam.exceptions.NoSuchEntityException:
        terraform = Terraform.for_account(region)
        terraform.init()
        return terraform.apply()
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}])
    return "role set"


def execution_log_group(api_id: str, stage: str) -> str:
    """Return the log group of API Gateway's own errors. API Gateway creates it with this name, without retention."""
    return f"API-Gateway-Execution-Logs_{api_id}/{stage}"


def configure_execution_log(logs: Any, group: str, settings: dict[str, Any]) -> None:
    """Set the key and the retention of the execution log. Create it unless API Gateway has created it."""
    try:
        logs.create_log_group(logGroupName=group, kmsKeyId=settings["key_arn"])
    except logs.exceptions.ResourceAlreadyExistsException:
        (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if found.get("kmsKeyId") != settings["key_arn"]:
            logs.associate_kms_key(logGroupName=group, kmsKeyId=settings["key_arn"])
    logs.put_retention_policy(logGroupName=group, retentionInDays=settings["retention_days"])


def delete_execution_log(stage: Stage, api_id: str) -> None:
    """Delete the execution log of an API, if there is one."""
    logs = stage.client("logs")
    with suppress(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName=execution_log_group(api_id, stage.name))
