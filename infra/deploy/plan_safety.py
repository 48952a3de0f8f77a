"""Reject Terraform plans that would delete data or create a second copy of a stage."""

from contextlib import suppress
from typing import Any, Final

import boto3

from infra.deploy.progress import DeployError

# Resources that hold data, the key to it, or the accounts of users.
_PROTECTED_TYPES: Final = frozenset(
    {
        "aws_cognito_user_pool",
        "aws_cognito_user_pool_client",
        "aws_dynamodb_table",
        "aws_kms_key",
        "aws_s3_bucket",
    }
)

Plan = dict[str, Any]


def find_tainted(plan: Plan) -> list[str]:
    """Return the protected resources that would be replaced only because their creation was interrupted."""
    return [
        change["address"] for change in _list_deleted(plan) if change.get("action_reason") == "replace_because_tainted"
    ]


def reject_data_loss(plan: Plan) -> None:
    """Raise DeployError if the plan would delete a protected resource, or if one was deleted outside Terraform."""
    if destroyed := [change["address"] for change in _list_deleted(plan)]:
        raise DeployError(
            f"The plan would delete {', '.join(destroyed)} with all data. Nothing was changed.\n"
            "If this is intended, run Terraform by hand: terraform -chdir=infra plan, then terraform apply."
        )
    missing = [
        change["address"]
        for change in plan.get("resource_drift", [])
        if change["type"] in _PROTECTED_TYPES and "delete" in change["change"]["actions"]
    ]
    if missing:
        raise DeployError(
            f"{', '.join(missing)} does not exist in this account and region. Nothing was changed.\n"
            "Check that the account and the region are those of the stage. If the resource was deleted by hand, "
            "update the state by hand: terraform -chdir=infra apply -refresh-only"
        )


def reject_existing_stage(plan: Plan) -> None:
    """Raise DeployError if the plan would create a table that exists: the state of the stage is elsewhere.

    Terraform would create a second user pool before it fails at the table.
    """
    created = [
        change["change"]["after"]["name"]
        for change in plan.get("resource_changes", [])
        if change["type"] == "aws_dynamodb_table" and change["change"]["actions"] == ["create"]
    ]
    for table in created:
        dynamodb = boto3.client("dynamodb", region_name=plan["planned_values"]["outputs"]["region"]["value"])
        with suppress(dynamodb.exceptions.ResourceNotFoundException):
            dynamodb.describe_table(TableName=table)
            raise DeployError(
                f"{table} exists, but it is not in Terraform's state on this machine. Nothing was changed.\n"
                "Deploy from the machine that has the state, or move the state to a shared backend: "
                "see docs/deployment.md."
            )


def _list_deleted(plan: Plan) -> list[dict[str, Any]]:
    """Return the changes that delete or replace a protected resource."""
    return [
        change
        for change in plan.get("resource_changes", [])
        if change["type"] in _PROTECTED_TYPES and "delete" in change["change"]["actions"]
    ]
