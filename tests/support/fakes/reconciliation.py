"""A fake of the checkpoints of reconciliation."""

import time
import uuid
from dataclasses import dataclass, field

from chalicelib.reconciliation.checkpoints import Checkpoints

_HANDOVER_SECONDS = 60


@dataclass
class InMemoryCheckpointItems:
    """The items that runs share. The keys of a dry run end with `-dry-run`."""

    checkpoints: dict[str, str] = field(default_factory=dict)
    leases: dict[str, tuple[str, float]] = field(default_factory=dict)  # the holder, and when the lease expires


class InMemoryCheckpoints(Checkpoints):
    """Checkpoints and leases in dictionaries."""

    def __init__(self, items: InMemoryCheckpointItems | None = None, *, dry_run: bool = False) -> None:
        self._items = items or InMemoryCheckpointItems()
        self._suffix = "-dry-run" if dry_run else ""
        self._holder = ""

    def load(self, name: str) -> str | None:
        return self._items.checkpoints.get(name + self._suffix)

    def save(self, name: str, checkpoint: str) -> None:
        self._items.checkpoints[name + self._suffix] = checkpoint

    def acquire_lease(self, seconds: float, previous: str | None = None) -> bool:
        return self._replace_lease(f"run-{uuid.uuid4()}", seconds, previous)

    def hand_over_lease(self) -> str:
        self._replace_lease(f"next-{uuid.uuid4()}", _HANDOVER_SECONDS, self._holder)
        return self._holder

    def release_lease(self) -> None:
        holder, _ = self._items.leases.get(self._suffix, ("", 0))
        if holder == self._holder:
            self._items.leases.pop(self._suffix, None)

    def _replace_lease(self, holder: str, seconds: float, previous: str | None) -> bool:
        stored, expires_at = self._items.leases.get(self._suffix, ("", 0))
        if expires_at >= time.time() and stored != previous:
            return False
        self._items.leases[self._suffix] = (holder, time.time() + seconds)
        self._holder = holder
        return True
