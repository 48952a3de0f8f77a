"""The DynamoDB table of the profiles."""

from typing import Any, Final

from local.resources.idempotency import create_unless_exists
from local.stack import TABLE_NAME

TTL_ATTRIBUTE: Final = "ttl"  # of the tombstone of an erased user


def ensure_table(dynamodb: Any, key_arn: str) -> str:
    """Create the table unless it exists. Return its ARN."""
    create_unless_exists(
        lambda: dynamodb.create_table(
            TableName=TABLE_NAME,
            AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            DeletionProtectionEnabled=True,
            SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key_arn},
        ),
        "ResourceInUseException",
    )
    dynamodb.update_continuous_backups(
        TableName=TABLE_NAME, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    if dynamodb.describe_time_to_live(TableName=TABLE_NAME)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=TABLE_NAME, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL_ATTRIBUTE}
        )
    return str(dynamodb.describe_table(TableName=TABLE_NAME)["Table"]["TableArn"])
