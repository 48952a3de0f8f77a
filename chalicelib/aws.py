"""AWS clients, made once, lazily, per process; and what AWS raises, translated once.

The budget. Cognito gives a trigger 5 s, cold start included. An attempt takes 0.3 s to connect and 0.9 s to
answer at most, and botocore waits up to 1 s before the second one: 3.4 s for a call that is tried twice, as
the one of PostConfirmation is. PostAuthentication makes three calls and tries each once, 3.6 s: what fails is
done at the next sign-in. A first GET that heals makes three calls: 10.2 s of the API function's 15 s.
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

CONNECT_TIMEOUT: Final = 0.3  # seconds
READ_TIMEOUT: Final = 0.9  # seconds


def _config(attempts: int) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": attempts},
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
def dynamodb(attempts: int = 2) -> "DynamoDBClient":
    """DynamoDB where the environment says: AWS_REGION and, against the embedded AWS, AWS_ENDPOINT_URL."""
    return boto3.client("dynamodb", config=_config(attempts))


@cache
def cognito(attempts: int = 2) -> "CognitoIdentityProviderClient":
    """Cognito, likewise."""
    return boto3.client("cognito-idp", config=_config(attempts))


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
