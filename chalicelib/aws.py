"""AWS clients, made once, lazily, per process; and what AWS raises, translated once.

One call may take 1 s to connect and 1 s to answer, and is tried twice: 4 s and a pause of milliseconds
at the worst, within the 5 s that Cognito gives a trigger.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from chalicelib.errors import BackendFailed, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient

_CONFIG: Final = Config(
    connect_timeout=1,  # seconds
    read_timeout=1,  # seconds
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=50,  # threads of `chalice local`; Lambda uses one
)

# What AWS answers when the same request may succeed later, after botocore's own retries.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
_TRANSIENT: Final = frozenset(
    {
        "InternalErrorException",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


@cache
def dynamodb() -> "DynamoDBClient":
    """DynamoDB where the environment says: AWS_REGION and, against the embedded AWS, AWS_ENDPOINT_URL."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def cognito() -> "CognitoIdentityProviderClient":
    """Cognito, likewise."""
    return boto3.client("cognito-idp", config=_CONFIG)


@contextmanager
def translated(*passed_on: str) -> Iterator[None]:
    """Raises Unavailable for what may pass and BackendFailed for the rest; these error codes stay as they are."""
    try:
        yield
    except (ConnectionError, HTTPClientError) as exc:  # refused, dropped or timed out
        raise Unavailable from exc
    except BotoCoreError as exc:
        raise BackendFailed from exc
    except ClientError as exc:
        code = exc.response["Error"]["Code"]
        if code in passed_on:
            raise
        if code in _TRANSIENT or exc.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise Unavailable from exc
        raise BackendFailed from exc
