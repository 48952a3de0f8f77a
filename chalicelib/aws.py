"""AWS clients, made once, lazily, per process; and what AWS raises, translated once.

The budget. Cognito gives a trigger 5 s, cold start included. An attempt takes 0.3 s to connect and 0.9 s to
answer at most, and botocore waits up to 1 s before the second one: 3.4 s for a call that is tried twice, as
the one of PostConfirmation is. PostAuthentication makes three calls and tries each once, 3.6 s: what fails is
done at the next sign-in. A GET makes four calls at most, if the token has a new address: 13.6 s.
API Gateway waits 29 s, and the API's function 28: a PUT of a picture that heals makes seven calls that are
tried once, one of them to the function that checks it, and three that are tried twice.

An attempt after a pause opens a new connection (idle_connections.py), so connections that died meanwhile cost nothing.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, IncompleteReadError

from chalicelib import sdk
from chalicelib.errors import BackendFailed, Unanswered, Unavailable
from chalicelib.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT: Final = 0.3  # seconds
READ_TIMEOUT: Final = 0.9  # seconds
CHECK_READ_TIMEOUT: Final = 1.0  # seconds; what the function that checks a picture waits for S3
CHECK_TIMEOUT: Final = 9.5  # seconds to wait for the function that checks a picture: its timeout, and its start


def _client(service: str, attempts: int, read_timeout: float = READ_TIMEOUT, **more: Any) -> Any:
    return sdk.client(
        service,
        tuned=settings().botocore_tuning == "on",
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
    return _client("dynamodb", attempts)  # type: ignore[no-any-return]


@cache
def cognito(attempts: int = 2) -> "CognitoIdentityProviderClient":
    """Cognito, likewise."""
    return _client("cognito-idp", attempts)  # type: ignore[no-any-return]


@cache
def s3(read_timeout: float = READ_TIMEOUT) -> "S3Client":
    """S3, likewise; each call is tried once. What it signs is good in every region, and under a KMS key."""
    # Version 2 signs nothing under a KMS key, and S3's global address redirects, or refuses, what is not in us-east-1.
    where = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    return _client("s3", 1, read_timeout, signature_version="s3v4", s3=where)  # type: ignore[no-any-return]


@cache
def lambda_(attempts: int = 1, read_timeout: float = CHECK_TIMEOUT) -> "LambdaClient":
    """Lambda, likewise: a check that is asked for again would be done twice."""
    return _client("lambda", attempts, read_timeout)  # type: ignore[no-any-return]


class translated:  # noqa: N801  # a function, to who uses it
    """Raises Unavailable for what may pass and BackendFailed for the rest; these error codes stay as they are.

    Without an answer it is Unanswered, which is Unavailable.
    """

    __slots__ = ("_passed_on",)

    def __init__(self, *passed_on: str) -> None:
        self._passed_on = passed_on

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, (ConnectionError, HTTPClientError, IncompleteReadError)):  # refused, dropped or timed out
            raise Unanswered from error
        if isinstance(error, BotoCoreError):
            raise BackendFailed from error
        if isinstance(error, ClientError) and (code := error.response["Error"]["Code"]) not in self._passed_on:
            passing = code in _TRANSIENT or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
            raise (Unavailable if passing else BackendFailed) from error
