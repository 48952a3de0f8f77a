"""What has to be there before anything is touched. Each raises Failure with one line."""

import re
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import terraform
from infra.deploy.console import Failure


def stage_name(name: str) -> str:
    """The stage, as Terraform's workspace and in all names."""
    if not name:
        raise Failure("Which stage? For example: make deploy STAGE=dev")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,11}", name) or name in ("local", "default"):
        raise Failure("STAGE must be 2 to 12 lower-case letters and digits, and neither local nor default")
    return name


def tools() -> None:
    """Terraform. Chalice is in the environment that runs this."""
    terraform.check()


def credentials() -> str:
    """Somebody AWS knows; their ARN."""
    try:
        return str(boto3.client("sts", region_name="us-east-1").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as exc:
        raise Failure(f"AWS does not know you: {exc}. Set AWS_PROFILE, or sign in with aws sso login.") from exc


def unprotected(stage: str, outputs: dict[str, Any], cognito: Any, dynamodb: Any) -> None:
    """Neither pool nor table refuses to be deleted."""
    table = dynamodb.describe_table(TableName=outputs["table"])["Table"]
    pool = cognito.describe_user_pool(UserPoolId=outputs["user_pool_id"])["UserPool"]
    if table.get("DeletionProtectionEnabled") or pool.get("DeletionProtection") == "ACTIVE":
        raise Failure(
            f"Deletion protection is on: {outputs['table']} and {outputs['user_pool_id']} stay.\n"
            f"To delete all users and profiles of {stage}, lift it first, then come again:\n"
            f"  TF_VAR_deletion_protection=false make deploy STAGE={stage}\n"
            f"  make destroy STAGE={stage}"
        )
