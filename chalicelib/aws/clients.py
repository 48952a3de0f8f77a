"""The botocore clients of a process, each created at its first use.

Timeouts keep every function within its limit. An attempt takes at most 0.3 s to connect and 0.9 s to respond. botocore
waits up to 1 s before a second attempt. So a call with two attempts takes at most 3.4 s.

- Cognito gives a trigger 5 s, cold start included. PostConfirmation makes one call with two attempts: 3.4 s.
  PostAuthentication makes three calls with one attempt each: 3.6 s. The next sign-in repeats failed calls.
- API Gateway waits 29 s, and the API's function has 28 s. A GET makes at most four calls: 13.6 s. A PUT of a picture
  makes at most seven calls with one attempt, and three with two. One of the seven is to the function that processes it.

An attempt after a pause opens a new connection (idle_connections.py), so dead connections cost no attempt.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from chalicelib.aws import client_factory
from chalicelib.core.settings import get_settings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT: Final = 0.3  # seconds
READ_TIMEOUT: Final = 0.9  # seconds
ERASURE_S3_READ_TIMEOUT: Final = 10.0  # seconds; a request deletes up to 1000 versions, and the function has 60 s
FILE_CHECK_S3_READ_TIMEOUT: Final = 5.0  # seconds; no user waits for the response, and the function has 60 s
PICTURE_CHECK_S3_READ_TIMEOUT: Final = 1.0  # seconds; for calls to S3 by the function that processes pictures
PICTURE_CHECK_READ_TIMEOUT: Final = 9.5  # seconds; for calls to that function: its timeout and its cold start
_MAX_CONNECTIONS: Final = 50  # `chalice local` has several threads; Lambda uses one connection


# Signature version 2 does not support KMS keys. S3's global endpoint redirects or refuses requests for buckets that are
# not in us-east-1.
_S3_CONFIG: Final = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
}


@cache
def _get_client(service: str, attempts: int, read_timeout: float) -> Any:
    return client_factory.create_client(
        service,
        tuned=get_settings().botocore_tuning == "on",
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=_MAX_CONNECTIONS,
        **(_S3_CONFIG if service == "s3" else {}),
    )


def dynamodb(attempts: int = 2) -> "DynamoDBClient":
    """Return the DynamoDB client. Region and endpoint come from AWS_REGION and AWS_ENDPOINT_URL."""
    return _get_client("dynamodb", attempts, READ_TIMEOUT)  # type: ignore[no-any-return]


def cognito(attempts: int = 2) -> "CognitoIdentityProviderClient":
    """Return the Cognito client."""
    return _get_client("cognito-idp", attempts, READ_TIMEOUT)  # type: ignore[no-any-return]


def s3(read_timeout: float = READ_TIMEOUT) -> "S3Client":
    """Return the S3 client, with one attempt per call. Its signatures are valid in every region and for KMS keys."""
    return _get_client("s3", 1, read_timeout)  # type: ignore[no-any-return]


def lambda_(attempts: int = 1, read_timeout: float = PICTURE_CHECK_READ_TIMEOUT) -> "LambdaClient":
    """Return the Lambda client. One attempt by default: a second one would process a picture twice."""
    return _get_client("lambda", attempts, read_timeout)  # type: ignore[no-any-return]


def reset() -> None:
    """Discard all clients, for tests that change the environment."""
    _get_client.cache_clear()
    client_factory.reset()
