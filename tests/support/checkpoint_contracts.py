"""The contract of the checkpoints and the lease of reconciliation, for the adapter and its fake.

The suite runs as those of contracts.py.
"""

from abc import ABC, abstractmethod
from typing import Final

import pytest

from chalicelib.reconciliation.checkpoints import Checkpoints

SECONDS: Final = 60
EXPIRED_SECONDS: Final = -2


class CheckpointsContract(ABC):
    """The contract of Checkpoints. Each test has an empty table."""

    @pytest.fixture
    @abstractmethod
    def checkpoints(self) -> Checkpoints:
        """Return the checkpoints of a run."""

    @pytest.fixture
    @abstractmethod
    def other_checkpoints(self) -> Checkpoints:
        """Return the checkpoints of another run over the same table."""

    @pytest.fixture
    @abstractmethod
    def dry_run_checkpoints(self) -> Checkpoints:
        """Return the checkpoints of a dry run over the same table."""

    def test_new_table_has_no_checkpoint(self, checkpoints: Checkpoints) -> None:
        assert checkpoints.load("users") is None

    def test_saved_checkpoint_is_loaded_by_the_next_run(
        self, checkpoints: Checkpoints, other_checkpoints: Checkpoints
    ) -> None:
        checkpoints.save("users", "1")
        checkpoints.save("users", "2")
        checkpoints.save("profiles", "3")
        assert [other_checkpoints.load(name) for name in ("users", "profiles")] == ["2", "3"]

    def test_dry_run_has_its_own_checkpoints(self, checkpoints: Checkpoints, dry_run_checkpoints: Checkpoints) -> None:
        checkpoints.save("users", "1")
        assert dry_run_checkpoints.load("users") is None
        dry_run_checkpoints.save("users", "2")
        assert checkpoints.load("users") == "1"

    def test_dry_run_has_its_own_lease(self, checkpoints: Checkpoints, dry_run_checkpoints: Checkpoints) -> None:
        assert checkpoints.acquire_lease(SECONDS)
        assert dry_run_checkpoints.acquire_lease(SECONDS)

    def test_lease_is_acquired_by_one_run(self, checkpoints: Checkpoints, other_checkpoints: Checkpoints) -> None:
        assert checkpoints.acquire_lease(SECONDS)
        assert other_checkpoints.acquire_lease(SECONDS) is False

    def test_expired_lease_is_acquired_by_another_run(
        self, checkpoints: Checkpoints, other_checkpoints: Checkpoints
    ) -> None:
        assert checkpoints.acquire_lease(EXPIRED_SECONDS)
        assert other_checkpoints.acquire_lease(SECONDS)

    def test_released_lease_is_acquired_by_another_run(
        self, checkpoints: Checkpoints, other_checkpoints: Checkpoints
    ) -> None:
        checkpoints.acquire_lease(SECONDS)
        checkpoints.release_lease()
        assert other_checkpoints.acquire_lease(SECONDS)

    def test_run_cannot_release_the_lease_of_another(
        self, checkpoints: Checkpoints, other_checkpoints: Checkpoints
    ) -> None:
        checkpoints.acquire_lease(EXPIRED_SECONDS)
        other_checkpoints.acquire_lease(SECONDS)
        checkpoints.release_lease()
        assert checkpoints.acquire_lease(SECONDS) is False

    def test_token_starts_one_run(self, checkpoints: Checkpoints, other_checkpoints: Checkpoints) -> None:
        checkpoints.acquire_lease(SECONDS)
        token = checkpoints.hand_over_lease()
        assert other_checkpoints.acquire_lease(SECONDS) is False, "only the token acquires it"
        assert [other_checkpoints.acquire_lease(SECONDS, token) for _ in range(2)] == [True, False]

    def test_unknown_token_does_not_acquire_the_lease(
        self, checkpoints: Checkpoints, other_checkpoints: Checkpoints
    ) -> None:
        checkpoints.acquire_lease(SECONDS)
        assert other_checkpoints.acquire_lease(SECONDS, "next-unknown") is False

    def test_lease_handed_over_after_its_expiry_has_no_token(
        self, checkpoints: Checkpoints, other_checkpoints: Checkpoints
    ) -> None:
        checkpoints.acquire_lease(EXPIRED_SECONDS)
        other_checkpoints.acquire_lease(SECONDS)
        assert other_checkpoints.acquire_lease(SECONDS, checkpoints.hand_over_lease()) is False
