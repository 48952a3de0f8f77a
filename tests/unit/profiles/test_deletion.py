"""The state of a deletion in an item."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.errors import UnreadableItem
from chalicelib.profiles.deletion import (
    Deletion,
    DeletionRequester,
    DeletionStatus,
    get_deletion,
    require_no_deletion,
    require_not_erased,
)
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from chalicelib.profiles.items import parse_item
from tests.support.data import SUB, profile_item

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ATTRIBUTES = {
    "deletion_status": {"S": "scheduled"},
    "deletion_requested_at": {"S": "2026-01-01T12:00:00.000Z"},
    "deletion_requested_by": {"S": "user"},
    "deletion_erase_after": {"S": "2026-01-15T12:00:00.000Z"},
    "deletion_username": {"S": SUB},
}
SCHEDULED = Deletion(DeletionStatus.SCHEDULED, NOW, DeletionRequester.USER, NOW + timedelta(days=14), SUB)


def build_item(**changes: dict[str, str] | None) -> dict[str, Any]:
    attributes = {**ATTRIBUTES, **changes}
    return profile_item(SUB, **{name: value for name, value in attributes.items() if value is not None})


def test_item_without_a_deletion_has_none() -> None:
    item = profile_item(SUB)
    assert get_deletion(item) is None
    require_no_deletion(item)


def test_scheduled_deletion_is_read() -> None:
    assert get_deletion(build_item()) == SCHEDULED


def test_scheduled_deletion_allows_reads_only() -> None:
    require_not_erased(build_item())
    assert parse_item(build_item())[0].id == SUB
    with pytest.raises(DeletionScheduled):
        require_no_deletion(build_item())


@pytest.mark.parametrize("status", ["erasing", "erased"])
def test_erased_account_allows_neither_reads_nor_writes(status: str) -> None:
    item = build_item(deletion_status={"S": status})
    for require in (require_not_erased, require_no_deletion, parse_item):
        with pytest.raises(AccountErased):
            require(item)


def test_tombstone_has_no_deletion() -> None:
    assert get_deletion({"user_id": {"S": SUB}, "deletion_status": {"S": "erased"}}) is None


@pytest.mark.parametrize(
    "changes",
    [{"deletion_status": {"S": "other"}}, {"deletion_erase_after": None}, {"deletion_requested_by": {"S": "x"}}],
)
def test_incomplete_deletion_is_an_unreadable_item(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableItem):
        get_deletion(build_item(**changes))


@pytest.mark.parametrize(
    ("status", "days", "is_due"),
    [
        (DeletionStatus.SCHEDULED, 13, False),
        (DeletionStatus.SCHEDULED, 14, True),
        (DeletionStatus.ERASING, 0, True),
        (DeletionStatus.ERASED, 15, False),
    ],
)
def test_deletion_is_due_after_the_grace_period(status: DeletionStatus, days: int, is_due: bool) -> None:
    deletion = Deletion(status, NOW, DeletionRequester.USER, NOW + timedelta(days=14), SUB)
    assert deletion.is_due(NOW + timedelta(days=days)) == is_due
