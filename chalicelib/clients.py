"""AWS clients: made once, lazily, per process. Imports nothing of ours.

One DynamoDB call may take 1 s to connect and 1 s to answer, and is tried twice: 4 s and a pause of
milliseconds at the worst, within the 5 s that Cognito gives a trigger.
"""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@cache
def dynamodb() -> "DynamoDBClient":
    """DynamoDB where the environment says: AWS_REGION and, against the embedded AWS, AWS_ENDPOINT_URL."""
    config = Config(
        connect_timeout=1,  # seconds
        read_timeout=1,  # seconds
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=50,  # threads of `chalice local`; Lambda uses one
    )
    return boto3.client("dynamodb", config=config)
