"""`make restore` brings no erased person back, and keeps scheduled deletions."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.deploy.restore_profiles import OVERWRITTEN, RESTORED, UNCHANGED, RestoreOptions, restore_profiles

Item = dict[str, Any]

PROFILE: Item = {
    "user_id": {"S": "sub"},
    "name": {"S": "As It Was"},
    "created_at": {"S": "2026-11-01T00:00:00.000Z"},
    "version": {"N": "3"},
}
EDITED_PROFILE: Item = {**PROFILE, "name": {"S": "As It Is"}, "version": {"N": "4"}}
PROVISIONED_PROFILE: Item = {**PROFILE, "created_at": {"S": "2026-11-20T00:00:00.000Z"}, "version": {"N": "1"}}
DELETION: Item = {
    "deletion_status": {"S": "scheduled"},
    "deletion_requested_at": {"S": "2026-11-10T00:00:00.000Z"},
    "deletion_requested_by": {"S": "user"},
    "deletion_erase_after": {"S": "2026-11-24T00:00:00.000Z"},
    "deletion_username": {"S": "sub"},
}
SCHEDULED: Item = {**PROFILE, **DELETION}
ERASING: Item = {**SCHEDULED, "deletion_status": {"S": "erasing"}}
TOMBSTONE: Item = {
    "user_id": {"S": "sub"},
    "deletion_status": {"S": "erased"},
    "deletion_requested_at": {"S": "2026-11-10T00:00:00.000Z"},
    "deletion_requested_by": {"S": "user"},
    "erased_at": {"S": "2026-11-24T00:00:00.000Z"},
    "erased_objects": {"N": "2"},
    "ttl": {"N": "1830297600"},
}


class FakeDynamoDB:
    """A client of two tables with at most one item. `before_write` is called before each write."""

    class exceptions:  # noqa: N801  # botocore's name
        class ConditionalCheckFailedException(Exception):
            """The condition of a write does not hold."""

    def __init__(self, source: Item, target: Item | None) -> None:
        self.items: dict[str, Item | None] = {"source": source, "target": target}
        self.before_write: Callable[[], None] = lambda: None

    def get_item(self, TableName: str, **_: Any) -> dict[str, Any]:  # noqa: N803  # botocore's name
        item = self.items[TableName]
        return {} if item is None else {"Item": item}

    def get_paginator(self, operation: str) -> "FakeDynamoDB":
        assert operation == "scan"
        return self

    def paginate(self, TableName: str, **_: Any) -> list[dict[str, Any]]:  # noqa: N803  # botocore's name
        return [{"Items": [self.items[TableName]]}]

    def put_item(self, TableName: str, Item: Item, **condition: Any) -> None:  # noqa: N803  # botocore's name
        self.before_write()
        if not self._holds(self.items[TableName] or {}, **condition):
            raise self.exceptions.ConditionalCheckFailedException
        self.items[TableName] = Item

    @staticmethod
    def _holds(
        stored: Item,
        ConditionExpression: str,  # noqa: N803  # botocore's name
        ExpressionAttributeNames: dict[str, str],  # noqa: N803
        ExpressionAttributeValues: dict[str, Any] | None = None,  # noqa: N803
    ) -> bool:
        for clause in ConditionExpression.split(" AND "):
            absent, equal = (
                re.fullmatch(r"attribute_not_exists\((#\w+)\)", clause),
                re.fullmatch(r"(#\w+) = (:\w+)", clause),
            )
            if absent:
                is_met = ExpressionAttributeNames[absent[1]] not in stored
            else:
                assert equal is not None, clause
                is_met = stored.get(ExpressionAttributeNames[equal[1]]) == (ExpressionAttributeValues or {})[equal[2]]
            if not is_met:
                return False
        return True


def restore(dynamodb: FakeDynamoDB, **options: Any) -> str:
    """Restore the only item, and return the outcome."""
    counts = restore_profiles(dynamodb, "source", "target", RestoreOptions(**options), lambda item: item)
    (outcome,) = counts
    return outcome


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("current", [TOMBSTONE, ERASING, SCHEDULED], ids=["erased", "erasing", "scheduled"])
def test_account_with_a_deletion_is_not_replaced(current: Item, overwrite: bool) -> None:
    dynamodb = FakeDynamoDB(PROFILE, current)
    assert restore(dynamodb, overwrite=overwrite) == UNCHANGED
    assert dynamodb.items["target"] == current


@pytest.mark.parametrize("deletion", [DELETION, TOMBSTONE], ids=["scheduled", "erased"])
def test_concurrent_deletion_is_not_overwritten(deletion: Item) -> None:
    dynamodb = FakeDynamoDB(PROFILE, EDITED_PROFILE)
    concurrent = {**EDITED_PROFILE, **deletion}
    dynamodb.before_write = lambda: dynamodb.items.update(target=concurrent)
    assert restore(dynamodb, overwrite=True) == UNCHANGED
    assert dynamodb.items["target"] == concurrent


def test_concurrent_tombstone_of_a_missing_item_is_retained() -> None:
    dynamodb = FakeDynamoDB(PROFILE, None)
    dynamodb.before_write = lambda: dynamodb.items.update(target=TOMBSTONE)
    assert restore(dynamodb) == UNCHANGED
    assert dynamodb.items["target"] == TOMBSTONE


def test_missing_tombstone_is_copied_without_a_change() -> None:
    dynamodb = FakeDynamoDB(TOMBSTONE, None)
    assert restore(dynamodb) == RESTORED
    assert dynamodb.items["target"] == TOMBSTONE


@pytest.mark.parametrize("item", [SCHEDULED, ERASING], ids=["scheduled", "erasing"])
@pytest.mark.parametrize("current", [None, PROVISIONED_PROFILE], ids=["missing", "provisioned"])
def test_lost_item_is_restored_with_its_deletion(item: Item, current: Item | None) -> None:
    dynamodb = FakeDynamoDB(item, current)
    assert restore(dynamodb) == RESTORED
    restored = dynamodb.items["target"]
    assert restored is not None
    assert {**restored, "version": item["version"]} == item
    assert int(restored["version"]["N"]) > 1000


def test_tombstone_does_not_replace_a_profile() -> None:
    dynamodb = FakeDynamoDB(TOMBSTONE, EDITED_PROFILE)
    assert restore(dynamodb, overwrite=True) == UNCHANGED
    assert dynamodb.items["target"] == EDITED_PROFILE


def test_cancelled_deletion_is_not_restored() -> None:
    dynamodb = FakeDynamoDB(SCHEDULED, EDITED_PROFILE)
    assert restore(dynamodb, overwrite=True) == OVERWRITTEN
    restored = dynamodb.items["target"]
    assert restored is not None
    assert restored["name"] == PROFILE["name"]
    assert not restored.keys() & DELETION.keys()


def test_profile_that_differs_only_in_a_deletion_is_unchanged() -> None:
    dynamodb = FakeDynamoDB(SCHEDULED, PROFILE)
    assert restore(dynamodb, overwrite=True) == UNCHANGED


def test_restored_orphan_gets_a_new_grace_period() -> None:
    dynamodb = FakeDynamoDB({**PROFILE, "orphaned_since": {"S": "2026-11-20T00:00:00.000Z"}}, None)
    assert restore(dynamodb) == RESTORED
    restored = dynamodb.items["target"]
    assert restored is not None
    assert "orphaned_since" not in restored


def test_dry_run_writes_nothing() -> None:
    dynamodb = FakeDynamoDB(TOMBSTONE, None)
    assert restore(dynamodb, dry_run=True) == RESTORED
    assert dynamodb.items["target"] is None
