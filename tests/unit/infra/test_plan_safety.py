"""Plans that would delete data are rejected."""

from typing import Any

import pytest

from infra.deploy import plan_safety
from infra.deploy.progress import DeployError

DATA = [
    ('aws_dynamodb_table.records["records"]', "aws_dynamodb_table"),
    ("aws_dynamodb_table.profiles", "aws_dynamodb_table"),
    ('aws_s3_bucket.pictures["pictures"]', "aws_s3_bucket"),
    ("aws_kms_key.data", "aws_kms_key"),
    ("aws_cognito_user_pool.users", "aws_cognito_user_pool"),
]


def build_change(address: str, type_: str, *actions: str) -> dict[str, Any]:
    return {"address": address, "type": type_, "change": {"actions": list(actions)}}


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create")], ids=["deleted", "replaced"])
@pytest.mark.parametrize(("address", "type_"), DATA)
def test_plan_that_deletes_data_is_rejected(address: str, type_: str, actions: tuple[str, ...]) -> None:
    with pytest.raises(DeployError) as caught:
        plan_safety.reject_data_loss({"resource_changes": [build_change(address, type_, *actions)]})
    assert str(caught.value).startswith(f"The plan would delete {address} with all data. Nothing was changed.")


@pytest.mark.parametrize(("address", "type_"), DATA)
def test_data_deleted_outside_terraform_is_rejected(address: str, type_: str) -> None:
    with pytest.raises(DeployError, match="does not exist in this account and region"):
        plan_safety.reject_data_loss({"resource_drift": [build_change(address, type_, "delete")]})


def test_plan_that_removes_events_is_accepted() -> None:
    notification = build_change('aws_s3_bucket_notification.files["files"]', "aws_s3_bucket_notification", "delete")
    plan_safety.reject_data_loss({"resource_changes": [notification]})


def test_plan_that_changes_data_resources_is_accepted() -> None:
    plan_safety.reject_data_loss({"resource_changes": [build_change(*DATA[0], "update")]})
