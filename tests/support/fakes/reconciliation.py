"""A fake of the checkpoints of reconciliation."""

from chalicelib.reconciliation.checkpoints import Checkpoints


class InMemoryCheckpoints(Checkpoints):
    """Checkpoints in a dictionary. Each run gets the lease."""

    def __init__(self) -> None:
        self.saved: dict[str, str] = {}

    def load(self, name: str) -> str | None:
        return self.saved.get(name)

    def save(self, name: str, checkpoint: str) -> None:
        self.saved[name] = checkpoint

    def acquire_lease(self, seconds: float, previous: str | None = None) -> bool:
        return seconds > 0 and previous in (None, "next-1")

    def hand_over_lease(self) -> str:
        return "next-1"

    def release_lease(self) -> None: ...
