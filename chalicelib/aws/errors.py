"""The translation of botocore's exceptions into errors of the application.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, IncompleteReadError

from chalicelib.core.errors import NoResponse, ServiceUnavailable, UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

__all__ = [
    "CONDITION_FAILED",
    "TRANSACTION_CANCELED",
    "TRANSACTION_CONFLICT",
    "ClientError",
    "DynamoItem",
    "get_item_of_error",
    "translate_errors",
]

DynamoItem: TypeAlias = "Mapping[str, AttributeValueTypeDef]"

CONDITION_FAILED: Final = "ConditionalCheckFailedException"
TRANSACTION_CANCELED: Final = "TransactionCanceledException"
# Of a single write during a transaction with the same item.
TRANSACTION_CONFLICT: Final = "TransactionConflictException"

# Codes of errors after which the same request may succeed, after botocore's own retries.
_TRANSIENT_ERROR_CODES: Final = frozenset(
    {
        "InternalErrorException",
        "InternalServerError",
        "LimitExceededException",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ResourceConflictException",  # of Lambda, while a function is being updated
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        TRANSACTION_CONFLICT,
        "TransactionInProgressException",
    }
)


@contextmanager
def translate_errors(*passthrough_codes: str) -> Iterator[None]:
    """Translate botocore's exceptions inside the block.

    Raises NoResponse if the connection failed, ServiceUnavailable for a transient error, and UpstreamError for any
    other. A ClientError with one of the `passthrough_codes` is raised unchanged.
    """
    try:
        yield
    except (ConnectionError, HTTPClientError, IncompleteReadError) as exc:  # refused, dropped or timed out
        raise NoResponse from exc
    except BotoCoreError as exc:
        raise UpstreamError from exc
    except ClientError as exc:
        code = exc.response["Error"]["Code"]
        if code in passthrough_codes:
            raise
        is_transient = code in _TRANSIENT_ERROR_CODES or exc.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        raise (ServiceUnavailable if is_transient else UpstreamError) from exc


def get_item_of_error(exc: ClientError) -> DynamoItem:
    """Return the stored item that a failed condition was checked against. Empty if there is none.

    The request must have ReturnValuesOnConditionCheckFailure.
    """
    item: DynamoItem = exc.response.get("Item", {})  # type: ignore[assignment]  # botocore's stubs lack it
    return item
