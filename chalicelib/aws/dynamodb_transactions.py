"""Transactions: several conditional writes, of which all are made or none.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import random
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from chalicelib.aws.errors import TRANSACTION_CANCELED, ClientError, DynamoItem, translate_errors
from chalicelib.core.errors import ServiceUnavailable, UpstreamError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONFLICT_SECONDS: Final = 3.0  # after which no further attempt starts; a conflict is over after some milliseconds
_MAX_PAUSE_SECONDS: Final = 0.1  # before the second attempt; doubled for each further one
_CONDITION_FAILED: Final = "ConditionalCheckFailed"
_TRANSIENT_REASONS: Final = frozenset(
    {"ProvisionedThroughputExceeded", "RequestLimitExceeded", "ThrottlingError", "TransactionConflict"}
)


class TransactionConditionFailed(Exception):
    """A condition was not satisfied, so nothing was written.

    `items` has the stored item for each failed action, by its position. The item is empty if none is stored.
    """

    def __init__(self, items: "Mapping[int, DynamoItem]") -> None:
        super().__init__("the condition of a transaction failed")
        self.items = items


def write_transaction(client: "DynamoDBClient", actions: Sequence[dict[str, Any]]) -> None:
    """Make all writes or none.

    A transaction that conflicts with a concurrent one is repeated. Raises TransactionConditionFailed, or
    ServiceUnavailable if the conflict remains.
    """
    deadline, max_pause = time.monotonic() + CONFLICT_SECONDS, _MAX_PAUSE_SECONDS
    while True:
        try:
            with translate_errors(TRANSACTION_CANCELED):
                # With a token, an attempt whose response was lost is not applied twice.
                client.transact_write_items(
                    TransactItems=[*map(_return_item, actions)],  # type: ignore[list-item]
                    ClientRequestToken=str(uuid.uuid4()),
                )
        except ClientError as exc:
            _raise_unless_conflict(exc)
        else:
            return
        pause = random.uniform(0, max_pause)  # noqa: S311  # not a secret
        if time.monotonic() + pause >= deadline:
            raise ServiceUnavailable
        time.sleep(pause)
        max_pause *= 2


def _return_item(action: dict[str, Any]) -> dict[str, Any]:
    """Return the action with the request for the item that a failed condition was checked against."""
    return {kind: {**write, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} for kind, write in action.items()}


def _raise_unless_conflict(exc: ClientError) -> None:
    reasons: list[dict[str, Any]] = exc.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = {reason.get("Code", "None") for reason in reasons}
    if _CONDITION_FAILED in codes:
        failed = {
            index: reason.get("Item") or {}
            for index, reason in enumerate(reasons)
            if reason.get("Code") == _CONDITION_FAILED
        }
        raise TransactionConditionFailed(failed) from exc
    if not codes & _TRANSIENT_REASONS:
        raise UpstreamError from exc
