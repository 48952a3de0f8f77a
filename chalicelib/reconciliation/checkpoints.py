"""Checkpoints and the lease of reconciliation, in internal items of the table of profiles.

Their keys start with `#`. No Cognito sub does.
"""

import time
import uuid
from typing import TYPE_CHECKING, Final

from chalicelib.aws.errors import CONDITION_FAILED, ClientError, get_item_of_error, translate_errors
from chalicelib.profiles.items import PARTITION_KEY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_KEY_PREFIX: Final = "#reconciliation-"
_HANDOVER_SECONDS: Final = 60  # for the start of the next run
_NO_HOLDER: Final = "none"
_CHECKPOINT: Final = "checkpoint"  # the attribute


class Checkpoints:
    """The checkpoints and the lease in one table. A dry run has its own."""

    def __init__(self, client: "DynamoDBClient", table_name: str, *, dry_run: bool = False) -> None:
        self._client = client
        self._table_name = table_name
        self._suffix = "-dry-run" if dry_run else ""
        self._holder = _NO_HOLDER

    def load(self, name: str) -> str | None:
        """Return the checkpoint that was saved under this name, or None."""
        with translate_errors():
            response = self._client.get_item(
                TableName=self._table_name, Key={PARTITION_KEY: self._key(name)}, ConsistentRead=True
            )
        return response.get("Item", {}).get(_CHECKPOINT, {}).get("S")

    def save(self, name: str, checkpoint: str) -> None:
        """Save a checkpoint under this name."""
        item: dict[str, AttributeValueTypeDef] = {PARTITION_KEY: self._key(name), _CHECKPOINT: {"S": checkpoint}}
        with translate_errors():
            self._client.put_item(TableName=self._table_name, Item=item)

    def acquire_lease(self, seconds: float, previous: str | None = None) -> bool:
        """Become the only run for this time. Return False if another run has the lease.

        `previous` is the token that hand_over_lease() has returned to the previous run. It is valid once, so that an
        event that AWS delivers twice starts one run.
        """
        return self._put_lease(f"run-{uuid.uuid4()}", seconds, previous or _NO_HOLDER)

    def hand_over_lease(self) -> str:
        """Reserve the lease for the next run. Return the token with which that run acquires it."""
        self._put_lease(f"next-{uuid.uuid4()}", _HANDOVER_SECONDS, self._holder)
        return self._holder

    def release_lease(self) -> None:
        """Allow any run to start, unless another run has acquired the lease."""
        self._put_lease(_NO_HOLDER, 0, self._holder)

    def _put_lease(self, holder: str, seconds: float, previous: str) -> bool:
        now = time.time()
        item: dict[str, AttributeValueTypeDef] = {
            PARTITION_KEY: self._key("lease"),
            "holder": {"S": holder},
            "expires_at": {"N": str(int(now + seconds))},
        }
        try:
            with translate_errors(CONDITION_FAILED):
                self._client.put_item(
                    TableName=self._table_name,
                    Item=item,
                    ConditionExpression="attribute_not_exists(#key) OR #holder = :previous OR #expires_at < :now",
                    ExpressionAttributeNames={"#key": PARTITION_KEY, "#holder": "holder", "#expires_at": "expires_at"},
                    ExpressionAttributeValues={":previous": {"S": previous}, ":now": {"N": str(int(now))}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ClientError as exc:
            # If the stored holder is this one, an earlier attempt was applied and its response was lost.
            if get_item_of_error(exc).get("holder") != {"S": holder}:
                return False
        self._holder = holder
        return True

    def _key(self, name: str) -> "AttributeValueTypeDef":
        return {"S": f"{_KEY_PREFIX}{name}{self._suffix}"}
