"""Fakes of the adapters of deletion and export."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.aws.errors import DynamoItem
from chalicelib.pictures.repository import LeaseState
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.deletion import Deletion, DeletionStatus
from chalicelib.profiles.items import to_item
from tests.support.fakes.table import InMemoryTable


class InMemoryDeletionRepository(DeletionRepository):
    """Deletions of the profiles in the same dictionary."""

    def __init__(self, table: InMemoryTable) -> None:
        self.table = table

    def get_deletion(self, user_id: str) -> Deletion | None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        return self.table.deletions.get(user_id)

    def schedule(self, user_id: str, requested: Deletion) -> tuple[Deletion, bool] | None:
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        if user_id not in self.table.records:
            return None
        stored = self.table.deletions.setdefault(user_id, requested)
        return stored, stored.requested_at == requested.requested_at

    def cancel(self, user_id: str) -> DeletionStatus | None:
        self.table.check_fault()
        if user_id in self.table.tombstones:
            return DeletionStatus.ERASED
        deletion = self.table.deletions.get(user_id)
        if deletion and deletion.status is DeletionStatus.SCHEDULED:
            del self.table.deletions[user_id]
        return deletion.status if deletion else None

    def start_erasure(self, user_id: str, now: datetime) -> tuple[Deletion, LeaseState] | None:
        self.table.check_fault()
        deletion = self.table.deletions.get(user_id)
        if deletion is None or not deletion.is_due(now):
            return None
        self.table.deletions[user_id] = replace(deletion, status=DeletionStatus.ERASING)
        return deletion, self.table.records[user_id].lease

    def finish_erasure(self, user_id: str, erased: Deletion, objects: int, now: datetime) -> bool:
        self.table.check_fault()
        assert objects >= 0
        assert now >= erased.requested_at
        if self.table.deletions.pop(user_id, None) is None:
            return False
        del self.table.records[user_id]
        self.table.tombstones.add(user_id)
        return True

    def start_export(self, user_id: str, now: datetime, interval_seconds: int) -> "DynamoItem | None":
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        record, seconds = self.table.records.get(user_id), int(now.timestamp())
        if record is None:
            return None
        remaining = self.table.exported_at.get(user_id, -interval_seconds) + interval_seconds - seconds
        if remaining > 0:
            raise ExportLimitReached(retry_after=remaining)
        self.table.exported_at[user_id] = seconds
        key: dict[str, Any] = {"picture_key": {"S": record.picture_key}} if record.picture_key else {}
        return {**to_item(record.profile), **key}

    def undo_export(self, user_id: str, now: datetime) -> None:
        self.table.check_fault()
        if self.table.exported_at.get(user_id) == int(now.timestamp()):
            del self.table.exported_at[user_id]


class FakeErasureStarter(ErasureStarter):
    """Records the users whose erasure is started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, user_id: str) -> bool:
        self.started.append(user_id)
        return True
