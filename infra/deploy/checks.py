"""What has to be there before anything is touched. Each raises Failure with one line."""

import re
from contextlib import suppress
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


def credentials() -> tuple[str, str]:
    """Somebody AWS knows: the account's number and their ARN."""
    try:
        told = boto3.client("sts", region_name="us-east-1").get_caller_identity()
    except (BotoCoreError, ClientError) as exc:
        raise Failure(f"AWS does not know you: {exc}. Set AWS_PROFILE, or sign in with aws sso login.") from exc
    return str(told["Account"]), str(told["Arn"])


def same_account(account: str, outputs: dict[str, Any]) -> None:
    """The account is the one the stage is in."""
    if outputs and outputs.get("account", account) != account:
        raise Failure(f"The stage is in account {outputs['account']}, and these credentials are of {account}.")


def unprotected(stage: str, outputs: dict[str, Any], cognito: Any, dynamodb: Any) -> None:
    """Neither pool nor table refuses to be deleted; what is gone already does not."""
    protected = []
    with suppress(KeyError, dynamodb.exceptions.ResourceNotFoundException):
        table = dynamodb.describe_table(TableName=outputs["table"])["Table"]
        protected += [outputs["table"]] if table.get("DeletionProtectionEnabled") else []
    with suppress(KeyError, cognito.exceptions.ResourceNotFoundException):
        pool = cognito.describe_user_pool(UserPoolId=outputs["user_pool_id"])["UserPool"]
        protected += [outputs["user_pool_id"]] if pool.get("DeletionProtection") == "ACTIVE" else []
    if protected:
        raise Failure(
            f"Deletion protection is on: {' and '.join(protected)} stay.\n"
            f"To delete all users and profiles of {stage}, lift it first, then come again:\n"
            f"  TF_VAR_deletion_protection=false make deploy STAGE={stage}\n"
            f"  make destroy STAGE={stage}"
        )
