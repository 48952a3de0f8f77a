"""`make destroy` refuses to delete a protected stage."""

from typing import Any

import pytest

from infra.deploy.preflight import check_deletion_protection
from infra.deploy.progress import DeployError

OUTPUTS = {"table": "Users-dev", "records_table": "UserRecords-dev", "user_pool_id": "us-east-1_Ab12"}


class FakeAws:
    """A client of DynamoDB and Cognito with a user pool, and with protected and unprotected tables."""

    class exceptions:  # noqa: N801  # botocore's name
        ResourceNotFoundException = LookupError

    def __init__(self, user_pool: str = "INACTIVE", **tables: bool) -> None:
        self._user_pool = user_pool
        self._tables = {name.replace("_", "-"): is_protected for name, is_protected in tables.items()}

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803  # botocore's name
        if TableName not in self._tables:
            raise LookupError(TableName)
        return {"Table": {"DeletionProtectionEnabled": self._tables[TableName]}}

    def describe_user_pool(self, UserPoolId: str) -> dict[str, Any]:  # noqa: ARG002, N803  # botocore's name
        return {"UserPool": {"DeletionProtection": self._user_pool}}


def check(aws: FakeAws, outputs: dict[str, Any] = OUTPUTS) -> None:
    check_deletion_protection("dev", outputs, aws, aws)


@pytest.mark.parametrize(
    ("aws", "protected"),
    [
        (FakeAws(Users_dev=True, UserRecords_dev=False), "Users-dev"),
        (FakeAws(Users_dev=False, UserRecords_dev=True), "UserRecords-dev"),
        (FakeAws("ACTIVE", Users_dev=True, UserRecords_dev=True), "Users-dev, UserRecords-dev, us-east-1_Ab12"),
    ],
)
def test_protected_stage_is_not_deleted(aws: FakeAws, protected: str) -> None:
    with pytest.raises(DeployError) as caught:
        check(aws)
    assert str(caught.value).startswith(f"Deletion protection is enabled for {protected}. Nothing was deleted.")


def test_unprotected_stage_can_be_deleted() -> None:
    check(FakeAws(Users_dev=False, UserRecords_dev=False))


def test_missing_tables_are_ignored() -> None:
    check(FakeAws())


def test_stage_without_files_has_one_table() -> None:
    check(FakeAws(Users_dev=False), {**OUTPUTS, "records_table": None})
