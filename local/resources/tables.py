"""The DynamoDB tables of the profiles and of the records of users, such as their files."""

from typing import Any, Final

from local.resources.idempotency import create_unless_exists
from local.stack import RECORDS_TABLE_NAME, TABLE_NAME

TTL_ATTRIBUTE: Final = "ttl"  # of the tombstone of an erased user, and of a rejected file


def ensure_tables(dynamodb: Any, key_arn: str) -> None:
    """Create each table unless it exists, and apply its settings."""
    settings = {
        "DeletionProtectionEnabled": True,
        "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key_arn},
    }
    create_unless_exists(lambda: create_users_table(dynamodb, TABLE_NAME, **settings), "ResourceInUseException")
    create_unless_exists(
        lambda: create_records_table(dynamodb, RECORDS_TABLE_NAME, **settings), "ResourceInUseException"
    )
    for name in (TABLE_NAME, RECORDS_TABLE_NAME):
        _apply_settings(dynamodb, name)


def create_users_table(dynamodb: Any, name: str, **settings: Any) -> None:
    """Create a table with the key of the user table. `settings` are other parameters of CreateTable."""
    _create_table(dynamodb, name, {"user_id": "HASH"}, settings)


def create_records_table(dynamodb: Any, name: str, **settings: Any) -> None:
    """Create a table with the key of the table of records. `settings` are other parameters of CreateTable."""
    _create_table(dynamodb, name, {"user_id": "HASH", "record": "RANGE"}, settings)


def _create_table(dynamodb: Any, name: str, key_types: dict[str, str], settings: dict[str, Any]) -> None:
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in key_types],
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind in key_types.items()],
        BillingMode="PAY_PER_REQUEST",
        **settings,
    )


def _apply_settings(dynamodb: Any, name: str) -> None:
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    if dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )
