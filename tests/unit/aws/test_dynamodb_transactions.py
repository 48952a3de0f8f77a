"""Transactions: repeated conflicts, failed conditions and other errors. The client and the clock are fakes."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib.aws import dynamodb_transactions
from chalicelib.aws.dynamodb_transactions import CONFLICT_SECONDS, TransactionConditionFailed, write_transaction
from chalicelib.core.errors import ApiError, NoResponse, ServiceUnavailable, UpstreamError
from tests.support.aws import client_error

ACTIONS: list[dict[str, Any]] = [{"ConditionCheck": {"TableName": "Users"}}, {"Put": {"TableName": "UserRecords"}}]
STORED = {"user_id": {"S": "u-1"}}


class FakeClock:
    """A clock that only pauses advance."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class FakeTable:
    """A DynamoDB client that raises these errors in this order, and then the last one or none."""

    def __init__(self, *errors: Exception, is_permanent: bool = False) -> None:
        self._errors = list(errors)
        self._is_permanent = is_permanent
        self.requests: list[dict[str, Any]] = []

    def transact_write_items(self, **request: Any) -> None:
        self.requests.append(request)
        if self._errors:
            raise self._errors[0] if self._is_permanent else self._errors.pop(0)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(dynamodb_transactions, "time", clock)
    return clock


def cancellation(*codes: str) -> ClientError:
    """Return the error of a transaction with these reasons. A failed condition has the stored item."""
    error = client_error("TransactionCanceledException", operation="TransactWriteItems")
    response: Any = error.response
    response["CancellationReasons"] = [
        {"Code": code, **({"Item": STORED} if code == "ConditionalCheckFailed" else {})} for code in codes
    ]
    return error


def write(table: FakeTable) -> None:
    client: Any = table
    write_transaction(client, ACTIONS)


def test_transaction_is_sent_once() -> None:
    table = FakeTable()
    write(table)
    assert len(table.requests) == 1


def test_transaction_requests_the_items_of_failed_conditions() -> None:
    table = FakeTable()
    write(table)
    requested = [write for action in table.requests[0]["TransactItems"] for write in action.values()]
    assert [write["ReturnValuesOnConditionCheckFailure"] for write in requested] == ["ALL_OLD", "ALL_OLD"]
    assert [write["TableName"] for write in requested] == ["Users", "UserRecords"]


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"]
)
def test_conflict_is_repeated(code: str) -> None:
    table = FakeTable(cancellation("None", code), cancellation(code, "None"))
    write(table)
    assert len(table.requests) == 3


def test_each_attempt_after_a_conflict_has_another_token() -> None:
    """With the same token, DynamoDB would return the result of the first attempt."""
    table = FakeTable(cancellation("TransactionConflict"))
    write(table)
    first, second = (request["ClientRequestToken"] for request in table.requests)
    assert first != second


def test_remaining_conflict_is_unavailable(clock: FakeClock) -> None:
    table, started = FakeTable(cancellation("TransactionConflict"), is_permanent=True), clock.now
    with pytest.raises(ServiceUnavailable):
        write(table)
    assert len(table.requests) > 3
    assert clock.now - started < CONFLICT_SECONDS, "no pause without a further attempt"


def test_failed_condition_has_the_stored_items() -> None:
    table = FakeTable(cancellation("None", "ConditionalCheckFailed"))
    with pytest.raises(TransactionConditionFailed) as failure:
        write(table)
    assert failure.value.items == {1: STORED}
    assert len(table.requests) == 1


def test_failed_condition_without_an_item_has_an_empty_one() -> None:
    error: Any = cancellation("ConditionalCheckFailed", "None")
    del error.response["CancellationReasons"][0]["Item"]
    with pytest.raises(TransactionConditionFailed) as failure:
        write(FakeTable(error))
    assert failure.value.items == {0: {}}


def test_failed_condition_is_not_repeated_for_a_conflict() -> None:
    table = FakeTable(cancellation("ConditionalCheckFailed", "TransactionConflict"))
    with pytest.raises(TransactionConditionFailed) as failure:
        write(table)
    assert list(failure.value.items) == [0]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (cancellation("ValidationError", "None"), UpstreamError),
        (cancellation(), UpstreamError),
        (client_error("AccessDeniedException"), UpstreamError),
        (client_error("ProvisionedThroughputExceededException"), ServiceUnavailable),
        (client_error("TransactionInProgressException"), ServiceUnavailable),
        (EndpointConnectionError(endpoint_url="x"), NoResponse),
    ],
)
def test_other_error_is_translated_and_not_repeated(raised: Exception, expected: type[ApiError]) -> None:
    table = FakeTable(raised, is_permanent=True)
    with pytest.raises(ApiError) as caught:
        write(table)
    assert type(caught.value) is expected
    assert len(table.requests) == 1
