"""The lease of reconciliation, where the answer to a write was lost."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.reconciliation_checkpoints import Checkpoints


class Table:
    """A DynamoDB in which this run, or another one, holds the lease by the time of a write."""

    def __init__(self, *, is_ours: bool) -> None:
        self._is_ours = is_ours

    def put_item(self, **request: Any) -> None:
        holder = request["Item"]["holder"] if self._is_ours else {"S": "run-of-another"}
        response: Any = {
            "Error": {"Code": "ConditionalCheckFailedException", "Message": ""},
            "ResponseMetadata": {"HTTPStatusCode": 400},
            "Item": {"holder": holder},
        }
        raise ClientError(response, "PutItem")


@pytest.mark.parametrize("is_ours", [True, False])
def test_repeated_write_acquires_the_lease_that_it_holds(is_ours: bool) -> None:
    table: Any = Table(is_ours=is_ours)
    assert Checkpoints(table, "Users").acquire_lease(60) == is_ours
