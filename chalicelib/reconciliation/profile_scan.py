"""The scan over the table.

- An erasure that is due, or that was interrupted, is started.
- A profile whose user no longer exists is an orphan: its owner has deleted the account in Cognito, which fires no
  trigger. It is erased after a grace period, during which the user must be missing in each scan.

Orphans are erased in a second pass, after all profiles were counted. Compared with an empty user pool, or that of
another stage, every profile would be an orphan. Each user is looked up again immediately before.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from datetime import timedelta
from itertools import takewhile
from typing import Literal

from chalicelib.aws.throttled_user_pool import ThrottledUserPool
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.validation import InternalModel
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.deletion import Deletion, DeletionRequester, DeletionStatus
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.repository import ProfileRepository, ScannedAccount
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.scan import IsOver, Scan, ScanProgress, deletion_limit, map_until


class ProfileProgress(ScanProgress):
    """The progress of the scan over the table."""

    phase: Literal["counting", "erasing", "finished"] = "counting"
    profiles: int = 0  # profiles that were scanned
    orphans: int = 0  # profiles without a user
    due: int = 0  # orphans whose grace period is over
    erasures: int = 0  # erasures of scheduled deletions that were started
    orphan_erasures: int = 0  # erasures of orphans that were started
    stopped: bool = False  # there were more orphans than a scan erases

    @property
    def is_finished(self) -> bool:
        """Return True after the last phase."""
        return self.phase == "finished"


class ProfileScanOptions(InternalModel):
    """The options of the scan over the profiles."""

    dry_run: bool = False
    orphan_grace_hours: float = 72
    delete_orphans: bool = False  # the scan erases orphans without the grace period
    delete_all_orphans: bool = False  # the scan erases orphans without the grace period and without a limit

    @property
    def ignores_grace(self) -> bool:
        """Return True if the grace period does not apply."""
        return self.delete_orphans or self.delete_all_orphans


class ProfileScan(Scan[ProfileProgress]):
    """The scan over the table. Users are looked up in several threads."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: ProfileRepository,
        deletions: DeletionRepository,
        user_pool: ThrottledUserPool,
        erasures: ErasureStarter,
        threads: Executor,
        options: ProfileScanOptions,
    ) -> None:
        super().__init__(checkpoints, "profiles", ProfileProgress())
        self._repository = repository
        self._deletions = deletions
        self._user_pool = user_pool
        self._erasures = erasures
        self._threads = threads
        self._options = options

    def process_page(self, progress: ProfileProgress, is_over: IsOver) -> ProfileProgress:
        """Process a page of the table, or its beginning. The key of every profile is a valid cursor."""
        accounts, cursor = self._repository.scan_accounts(progress.cursor)
        results = map_until(self._threads, is_over, self._user_exists, accounts)
        checked = list(takewhile(lambda result: result is not None, results))
        orphans = [account for account, user_exists in zip(accounts, checked, strict=False) if not user_exists]
        if progress.phase == "erasing":
            progress = self._erase_orphans(progress, orphans)
        else:
            progress = self._count(progress, accounts[: len(checked)], orphans, is_over)
        if len(checked) < len(accounts):
            cursor = accounts[len(checked) - 1].user_id if checked else progress.cursor
        elif cursor is None:
            return self._end_phase(progress)
        return self._end_phase(progress) if progress.stopped else progress.model_copy(update={"cursor": cursor})

    def _user_exists(self, account: ScannedAccount) -> bool:
        """Return True if the account has a user. An account that is being deleted counts as one with a user."""
        return account.deletion_status is not None or self._user_pool.user_exists(account.user_id)

    def _count(
        self,
        progress: ProfileProgress,
        accounts: Sequence[ScannedAccount],
        orphans: Sequence[ScannedAccount],
        is_over: IsOver,
    ) -> ProfileProgress:
        """Count profiles and orphans, mark the orphans, and start the erasures that are due."""
        for orphan in orphans:
            logs.event("profile without a user", logging.WARNING, sub=orphan.user_id)
        add_metric(Metric.ORPHANED_PROFILES, len(orphans))
        erasures = 0
        if not self._options.dry_run:
            self._mark_orphans(accounts, orphans)
            erasures = self._start_erasures([account.user_id for account in accounts if _is_due(account)], is_over)
        return progress.model_copy(
            update={
                "profiles": progress.profiles + len(accounts),
                "orphans": progress.orphans + len(orphans),
                "due": progress.due + sum(map(self._is_grace_over, orphans)),
                "erasures": progress.erasures + erasures,
            }
        )

    def _start_erasures(self, user_ids: Sequence[str], is_over: IsOver) -> int:
        """Start erasures and return their number. The next scan starts those after the time was over."""
        results = map_until(self._threads, is_over, self._erasures.start, user_ids)
        return sum(result is True for result in results)

    def _mark_orphans(self, accounts: Sequence[ScannedAccount], orphans: Sequence[ScannedAccount]) -> None:
        now = utc_now()
        for account in accounts:
            is_orphan = account in orphans
            if is_orphan and account.orphaned_since is None:
                self._repository.set_orphaned_since(account.user_id, now)
            elif not is_orphan and account.orphaned_since is not None and account.deletion_status is None:
                self._repository.set_orphaned_since(account.user_id, None)

    def _is_grace_over(self, orphan: ScannedAccount) -> bool:
        if self._options.ignores_grace:
            return True
        grace = timedelta(hours=self._options.orphan_grace_hours)
        return orphan.orphaned_since is not None and orphan.orphaned_since + grace <= utc_now()

    def _erase_orphans(self, progress: ProfileProgress, orphans: Sequence[ScannedAccount]) -> ProfileProgress:
        """Erase the orphans whose grace period is over, unless there are now more than were counted."""
        due = [orphan for orphan in orphans if self._is_grace_over(orphan)]
        if self._exceeds_limit(progress.profiles, max(progress.due, progress.orphan_erasures + len(due))):
            return progress.model_copy(update={"stopped": True})
        erasures = sum(self._erase_orphan(orphan.user_id) for orphan in due)
        return progress.model_copy(update={"orphan_erasures": progress.orphan_erasures + erasures})

    def _erase_orphan(self, user_id: str) -> bool:
        """Schedule the erasure of an orphan and start it. Return False if it is erased already."""
        now = utc_now()
        requested = Deletion(
            DeletionStatus.SCHEDULED,
            requested_at=now,
            requested_by=DeletionRequester.RECONCILIATION,
            erase_after=now,
            username=user_id,
        )
        try:
            if self._deletions.schedule(user_id, requested) is None:
                return False
        except AccountErased:
            return False
        return self._erasures.start(user_id)

    def _end_phase(self, progress: ProfileProgress) -> ProfileProgress:
        """Start erasing after counting, or finish the scan."""
        stopped = progress.stopped
        if progress.phase == "counting" and progress.due and not self._options.dry_run:
            stopped = self._exceeds_limit(progress.profiles, progress.due)
            if not stopped:
                return progress.model_copy(update={"phase": "erasing", "cursor": None})
        if stopped:
            logs.event("too many orphans", logging.ERROR, profiles=progress.profiles, orphans=progress.orphans)
            add_metric(Metric.RECONCILIATION_STOPPED)
        return progress.model_copy(update={"phase": "finished", "cursor": None, "stopped": stopped})

    def _exceeds_limit(self, profiles: int, orphans: int) -> bool:
        """Return True if the number of orphans suggests that this is the wrong user pool."""
        if self._options.delete_all_orphans:
            return False
        # The limit of a half protects a table of ten profiles.
        return orphans > deletion_limit(profiles) or orphans >= profiles / 2


def _is_due(account: ScannedAccount) -> bool:
    """Return True if an erasure is unfinished, or if the deletion's grace period is over."""
    if account.deletion_status is DeletionStatus.ERASING:
        return True
    is_scheduled = account.deletion_status is DeletionStatus.SCHEDULED
    return is_scheduled and account.erase_after is not None and account.erase_after <= utc_now()
