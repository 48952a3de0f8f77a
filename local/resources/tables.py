"""The DynamoDB tables of the profiles and of the records of users, such as their files."""

from typing import Any, Final

from local.resources.idempotency import create_unless_exists
from local.stack import RECORDS_TABLE_NAME, TABLE_NAME

TTL_ATTRIBUTE: Final = "ttl"  # of the tombstone of an erased user, and of a rejected file


def ensure_tables(dynamodb: Any, key_arn: str) -> None:
    """Create each table unless it exists, and apply its settings."""
    _ensure_table(dynamodb, TABLE_NAME, {"user_id": "HASH"}, key_arn)
    _ensure_table(dynamodb, RECORDS_TABLE_NAME, {"user_id": "HASH", "record": "RANGE"}, key_arn)


def _ensure_table(dynamodb: Any, name: str, key_types: dict[str, str], key_arn: str) -> None:
    create_unless_exists(
        lambda: dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in key_types],
            KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind in key_types.items()],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=True,
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key_arn},
        ),
        "ResourceInUseException",
    )
    dynamodb.update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    if dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )
