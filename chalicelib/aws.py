"""AWS clients, made once, lazily, per process; and what AWS raises, translated once.

The budget. Cognito gives a trigger 5 s, cold start included. An attempt takes 0.3 s to connect and 0.9 s to
answer at most, and botocore waits up to 1 s before the second one: 3.4 s for a call that is tried twice, as
the one of PostConfirmation is. PostAuthentication makes three calls and tries each once, 3.6 s: what fails is
done at the next sign-in. A first GET that heals makes three calls: 10.2 s. API Gateway waits 29 s, and the API's
function 28: a PUT of a picture that heals makes four calls more that are tried once, one of them to the function that
checks it, and one that is tried twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, IncompleteReadError

from chalicelib.errors import BackendFailed, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT: Final = 0.3  # seconds
READ_TIMEOUT: Final = 0.9  # seconds
CHECK_TIMEOUT: Final = 9.5  # seconds to wait for the function that checks a picture: its timeout, and its start


def _config(attempts: int, read_timeout: float = READ_TIMEOUT, **more: Any) -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=50,  # threads of `chalice local`; Lambda uses one
        **more,
    )


# What AWS answers when the same request may succeed later, after botocore's own retries.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_TRANSIENT: Final = frozenset(
    {
        "InternalErrorException",
        "InternalServerError",
        "LimitExceededException",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ResourceConflictException",  # Lambda's, while a function is being updated
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
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


@cache
def s3(read_timeout: float = READ_TIMEOUT) -> "S3Client":
    """S3, likewise; each call is tried once. What it signs is good in every region, and under a KMS key."""
    # Version 2 signs nothing under a KMS key, and S3's global address redirects, or refuses, what is not in us-east-1.
    where = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    return boto3.client("s3", config=_config(1, read_timeout, signature_version="s3v4", s3=where))


@cache
def lambda_() -> "LambdaClient":
    """Lambda, likewise: a check that is asked for again would be done twice."""
    return boto3.client("lambda", config=_config(1, CHECK_TIMEOUT))


@contextmanager
def translated(*passed_on: str) -> Iterator[None]:
    """Raises Unavailable for what may pass and BackendFailed for the rest; these error codes stay as they are."""
    try:
        yield
    except (ConnectionError, HTTPClientError, IncompleteReadError) as exc:  # refused, dropped or timed out
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
