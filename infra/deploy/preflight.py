"""Checks that run before a command changes anything. Each raises DeployError with a short message."""

import re
from contextlib import suppress
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy import terraform
from infra.deploy.progress import DeployError


def check_stage_name(name: str) -> str:
    """Return the stage name. It is also the Terraform workspace and a part of all resource names.

    Raises DeployError if the name is missing or not valid.
    """
    if not name:
        raise DeployError("STAGE is missing. Example: make deploy STAGE=dev")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,11}", name) or name in ("local", "default"):
        raise DeployError(
            "STAGE must be 2 to 12 lower-case letters and digits, start with a letter, and not be local or default"
        )
    return name


def check_terraform() -> None:
    """Raise DeployError unless a supported version of Terraform is installed."""
    terraform.check_version()


def get_caller_identity() -> tuple[str, str]:
    """Return the account ID and the ARN of the AWS credentials. Raises DeployError if they are not valid."""
    try:
        identity = boto3.client("sts", region_name="us-east-1").get_caller_identity()
    except (BotoCoreError, ClientError) as exc:
        raise DeployError(
            f"Could not verify the AWS credentials: {exc}. Set AWS_PROFILE, or sign in with aws sso login."
        ) from exc
    return str(identity["Account"]), str(identity["Arn"])


def check_account(account: str, outputs: dict[str, Any]) -> None:
    """Raise DeployError if the stage is in another account than the credentials."""
    if outputs and outputs.get("account", account) != account:
        raise DeployError(
            f"The stage is in account {outputs['account']}, but the credentials belong to account {account}."
        )


def check_deletion_protection(stage: str, outputs: dict[str, Any], cognito: Any, dynamodb: Any) -> None:
    """Raise DeployError if the user pool or a table is protected against deletion. Ignore missing ones."""
    protected = []
    for name in filter(None, (outputs.get("table"), outputs.get("records_table"))):
        with suppress(dynamodb.exceptions.ResourceNotFoundException):
            table = dynamodb.describe_table(TableName=name)["Table"]
            protected += [name] if table.get("DeletionProtectionEnabled") else []
    with suppress(KeyError, cognito.exceptions.ResourceNotFoundException):
        user_pool = cognito.describe_user_pool(UserPoolId=outputs["user_pool_id"])["UserPool"]
        protected += [outputs["user_pool_id"]] if user_pool.get("DeletionProtection") == "ACTIVE" else []
    if protected:
        raise DeployError(
            f"Deletion protection is enabled for {', '.join(protected)}. Nothing was deleted.\n"
            f"To delete all users and their data of {stage}, disable it first, then rerun:\n"
            f"  TF_VAR_deletion_protection=false make deploy STAGE={stage}\n"
            f"  make destroy STAGE={stage}"
        )
