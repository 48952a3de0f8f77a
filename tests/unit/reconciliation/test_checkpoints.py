"""The lease of reconciliation after the response to a write was lost."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.reconciliation.checkpoints import Checkpoints


class FakeTable:
    """A DynamoDB client that rejects a write, because this run or another one already holds the lease."""

    def __init__(self, *, is_own: bool) -> None:
        self._is_own = is_own

    def put_item(self, **request: Any) -> None:
        holder = request["Item"]["holder"] if self._is_own else {"S": "run-of-another"}
        response: Any = {
            "Error": {"Code": "ConditionalCheckFailedException", "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": 400},
            "Item": {"holder": holder},
        }
        raise ClientError(response, "PutItem")


@pytest.mark.parametrize("is_own", [True, False])
def test_repeated_write_acquires_the_lease_that_it_holds(is_own: bool) -> None:
    table: Any = FakeTable(is_own=is_own)
    assert Checkpoints(table, "Users").acquire_lease(60) == is_own
