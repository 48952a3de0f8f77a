"""Transactions of the embedded AWS's DynamoDB behave as those of AWS, as far as files need them."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.config import REGION
from local.emulator_clients import emulator_client
from local.stack import ACCOUNT_ID, RECORDS_TABLE_NAME, TABLE_NAME
from tests.support.aws import create_iam_user
from tests.support.stack import RunningStack

LIMIT = 10
CONCURRENT_TRANSACTIONS = 50
# The only actions that the transaction of test_transaction_needs_permission_for_each_operation needs.
PERMISSIONS = [
    ("dynamodb:ConditionCheckItem", TABLE_NAME),
    ("dynamodb:PutItem", RECORDS_TABLE_NAME),
    ("dynamodb:UpdateItem", RECORDS_TABLE_NAME),
    ("dynamodb:DeleteItem", RECORDS_TABLE_NAME),
]


@pytest.fixture(scope="module")
def dynamodb(stack: RunningStack) -> Any:
    return emulator_client("dynamodb", stack.outputs)


@pytest.fixture
def user_id() -> str:
    return f"transactions-{uuid.uuid4()}"


def key(user_id: str, record: str = "counter") -> dict[str, Any]:
    return {"user_id": {"S": user_id}, "record": {"S": record}}


def add(user_id: str, limit: int = LIMIT, **parameters: str) -> dict[str, Any]:
    """Return an operation that adds 1 to a counter below the limit."""
    update = {
        "TableName": RECORDS_TABLE_NAME,
        "Key": key(user_id),
        "UpdateExpression": "ADD files :one",
        "ConditionExpression": "attribute_not_exists(files) OR files < :limit",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":limit": {"N": str(limit)}},
        **parameters,
    }
    return {"Update": update}


def put(user_id: str, record: str) -> dict[str, Any]:
    return {"Put": {"TableName": RECORDS_TABLE_NAME, "Item": key(user_id, record)}}


def require_profile(user_id: str) -> dict[str, Any]:
    check = {
        "TableName": TABLE_NAME,
        "Key": {"user_id": {"S": user_id}},
        "ConditionExpression": "attribute_exists(user_id)",
    }
    return {"ConditionCheck": check}


def count_records(dynamodb: Any, user_id: str) -> int:
    response = dynamodb.query(
        TableName=RECORDS_TABLE_NAME,
        KeyConditionExpression="user_id = :id",
        ExpressionAttributeValues={":id": {"S": user_id}},
        Select="COUNT",
        ConsistentRead=True,
    )
    return int(response["Count"])


def read_counter(dynamodb: Any, user_id: str) -> int:
    item = dynamodb.get_item(TableName=RECORDS_TABLE_NAME, Key=key(user_id), ConsistentRead=True).get("Item", {})
    return int(item.get("files", {"N": "0"})["N"])


def list_reasons(cancel: Callable[[], Any]) -> list[Any]:
    """Return the reasons for which a transaction was cancelled."""
    with pytest.raises(ClientError) as caught:
        cancel()
    assert caught.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons: list[Any] = [*caught.value.response["CancellationReasons"]]
    return reasons


def test_transaction_with_a_repeated_token_is_applied_once(dynamodb: Any, user_id: str) -> None:
    token = str(uuid.uuid4())
    for _ in range(2):
        dynamodb.transact_write_items(TransactItems=[add(user_id)], ClientRequestToken=token)
    assert read_counter(dynamodb, user_id) == 1


def test_other_transaction_with_a_used_token_is_rejected(dynamodb: Any, user_id: str) -> None:
    token = str(uuid.uuid4())
    dynamodb.transact_write_items(TransactItems=[add(user_id)], ClientRequestToken=token)
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        dynamodb.transact_write_items(TransactItems=[add(user_id, limit=99)], ClientRequestToken=token)


def test_failed_condition_returns_the_stored_item(dynamodb: Any, user_id: str) -> None:
    dynamodb.transact_write_items(TransactItems=[add(user_id)])
    operation = add(user_id, limit=1, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    (reason,) = list_reasons(lambda: dynamodb.transact_write_items(TransactItems=[operation]))
    assert reason["Code"] == "ConditionalCheckFailed"
    assert reason["Item"] == {**key(user_id), "files": {"N": "1"}}


def test_failed_check_in_another_table_cancels_all(dynamodb: Any, user_id: str) -> None:
    operations = [put(user_id, "file#1"), require_profile(user_id), add(user_id)]
    reasons = list_reasons(lambda: dynamodb.transact_write_items(TransactItems=operations))
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed", "None"]
    assert count_records(dynamodb, user_id) == 0


def test_concurrent_transactions_do_not_exceed_a_condition(dynamodb: Any, user_id: str) -> None:
    """Each transaction adds an item and 1 to a counter. AWS cancels some because of conflicts; MiniStack none."""

    def add_item(number: int) -> bool:
        try:
            dynamodb.transact_write_items(TransactItems=[add(user_id), put(user_id, f"file#{number}")])
        except dynamodb.exceptions.TransactionCanceledException:
            return False
        return True

    with ThreadPoolExecutor(CONCURRENT_TRANSACTIONS) as executor:
        added = sum(executor.map(add_item, range(CONCURRENT_TRANSACTIONS)))
    assert added == LIMIT
    assert read_counter(dynamodb, user_id) == LIMIT
    assert count_records(dynamodb, user_id) == LIMIT + 1


def table_arn(table: str) -> str:
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table}"


def write_as_iam_user(stack: RunningStack, user_id: str, permissions: list[tuple[str, str]]) -> None:
    """Make a transaction with each kind of operation as an IAM user with these actions on tables."""
    allowed = [(action, table_arn(table)) for action, table in permissions]
    delete = {"Delete": {"TableName": RECORDS_TABLE_NAME, "Key": key(user_id, "file#2")}}
    with create_iam_user(stack.outputs, allowed) as (key_id, secret):
        as_user = replace(stack.outputs, aws_access_key_id=key_id, aws_secret_access_key=secret)
        emulator_client("dynamodb", as_user).transact_write_items(
            TransactItems=[require_profile(user_id), put(user_id, "file#1"), add(user_id), delete]
        )


@pytest.fixture
def profile(dynamodb: Any, user_id: str) -> Any:
    item = {"user_id": {"S": user_id}}
    dynamodb.put_item(TableName=TABLE_NAME, Item=item)
    yield
    dynamodb.delete_item(TableName=TABLE_NAME, Key=item)


@pytest.mark.usefixtures("profile")
def test_transaction_needs_only_permissions_of_operations(stack: RunningStack, dynamodb: Any, user_id: str) -> None:
    write_as_iam_user(stack, user_id, PERMISSIONS)
    assert count_records(dynamodb, user_id) == 2


@pytest.mark.usefixtures("profile")
@pytest.mark.parametrize("missing", PERMISSIONS, ids=lambda permission: permission[0])
def test_transaction_needs_permission_for_each_operation(
    stack: RunningStack, dynamodb: Any, user_id: str, missing: tuple[str, str]
) -> None:
    with pytest.raises(ClientError) as caught:
        write_as_iam_user(stack, user_id, [permission for permission in PERMISSIONS if permission != missing])
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert count_records(dynamodb, user_id) == 0


@pytest.mark.usefixtures("profile")
def test_transaction_needs_permission_on_the_right_table(stack: RunningStack, user_id: str) -> None:
    swapped = [
        (action, TABLE_NAME if table == RECORDS_TABLE_NAME else RECORDS_TABLE_NAME) for action, table in PERMISSIONS
    ]
    with pytest.raises(ClientError) as caught:
        write_as_iam_user(stack, user_id, swapped)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
