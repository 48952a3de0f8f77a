"""Fakes of the adapters of deletion and export."""

import math
from dataclasses import asdict, replace
from datetime import datetime

from chalicelib.aws.dynamodb_values import FieldValue, serialize
from chalicelib.aws.errors import DynamoItem
from chalicelib.core.clock import to_milliseconds
from chalicelib.pictures.repository import LeaseState
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.deletion import Deletion, DeletionStatus
from chalicelib.profiles.items import to_item
from tests.support.fakes.table import InMemoryTable, to_stored


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
        stored = self.table.deletions.get(user_id)
        if stored is not None:
            return stored, stored.requested_at == requested.requested_at
        requested_at, erase_after = to_stored(requested.requested_at), to_stored(requested.erase_after)
        self.table.deletions[user_id] = replace(requested, requested_at=requested_at, erase_after=erase_after)
        return requested, True

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
        deletion = self.table.deletions.get(user_id)
        if deletion is None or deletion.status is not DeletionStatus.ERASING:
            return self.table.tombstones.get(user_id) == to_stored(now)
        self.table.erase(user_id, now)
        return True

    def start_export(self, user_id: str, now: datetime, interval_seconds: int) -> "DynamoItem | None":
        self.table.check_fault()
        self.table.require_not_erased(user_id)
        if user_id not in self.table.records:
            return None
        exported_at = to_milliseconds(now)
        stored = self.table.exported_at.get(user_id, exported_at)
        remaining = stored + interval_seconds * 1000 - exported_at
        if stored != exported_at and remaining > 0:
            raise ExportLimitReached(retry_after=math.ceil(remaining / 1000))
        self.table.exported_at[user_id] = exported_at
        return self._build_item(user_id)

    def undo_export(self, user_id: str, now: datetime) -> None:
        self.table.check_fault()
        if self.table.exported_at.get(user_id) == to_milliseconds(now):
            del self.table.exported_at[user_id]

    def _build_item(self, user_id: str) -> DynamoItem:
        record, deletion = self.table.records[user_id], self.table.deletions.get(user_id)
        attributes: dict[str, FieldValue] = {
            "picture_key": record.picture_key,
            "picture_revision": record.picture_revision or None,
            "picture_lease_until": record.lease.expires_at or None,
            "picture_uploads_on": record.lease.day or None,
            "picture_uploads": record.lease.uploads,
        }
        if deletion:
            attributes |= {f"deletion_{name}": value for name, value in asdict(deletion).items()}
        return {
            **to_item(record.profile),
            **{name: serialize(value) for name, value in attributes.items() if value is not None},
        }


class FakeErasureStarter(ErasureStarter):
    """Records the users whose erasure is started."""

    def __init__(self) -> None:
        self.started: list[str] = []

    def start(self, user_id: str) -> bool:
        self.started.append(user_id)
        return True
