"""The scan over the table. It counts profiles whose user no longer exists, and deletes them if an operator asks.

Deletion is a second pass, after all profiles were counted: compared with an empty user pool, or that of another stage,
every profile would be an orphan. Each one is looked up again immediately before its deletion.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import takewhile
from typing import Literal

from chalicelib.aws.throttled_user_pool import ThrottledUserPool
from chalicelib.core import logs
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.validation import InternalModel
from chalicelib.pictures.storage import PictureStorage
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.scan import IsOver, Scan, ScanProgress, deletion_limit, map_until


class ProfileProgress(ScanProgress):
    """The progress of the scan over the table."""

    phase: Literal["counting", "deleting", "finished"] = "counting"
    profiles: int = 0  # scanned
    orphans: int = 0  # profiles without a user
    deleted: int = 0  # orphans
    stopped: bool = False  # there were more orphans than a scan deletes

    @property
    def is_finished(self) -> bool:
        """Return True after the last phase."""
        return self.phase == "finished"


class ProfileScanOptions(InternalModel):
    """What the scan may delete."""

    delete_orphans: bool = False
    delete_all_orphans: bool = False  # without a limit

    @property
    def should_delete(self) -> bool:
        """Return True if the scan deletes orphans."""
        return self.delete_orphans or self.delete_all_orphans


class ProfileScan(Scan[ProfileProgress]):
    """The scan over the table. Users are looked up in several threads."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: ProfileRepository,
        user_pool: ThrottledUserPool,
        threads: Executor,
        options: ProfileScanOptions,
        picture_storage: PictureStorage | None,
    ) -> None:
        super().__init__(checkpoints, "profiles", ProfileProgress())
        self._repository = repository
        self._user_pool = user_pool
        self._threads = threads
        self._options = options
        self._picture_storage = picture_storage

    def load(self, *, restart: bool = False) -> None:
        """Resume from the checkpoint. A run without permission to delete does not resume a deletion."""
        super().load(restart=restart)
        if self.progress.phase == "deleting" and not self._options.should_delete:
            self.progress = self._start

    def process_page(self, progress: ProfileProgress, is_over: IsOver) -> ProfileProgress:
        """Process a page of the table, or its beginning. The key of every profile is a valid cursor."""
        keys, cursor = self._repository.scan_ids(progress.cursor)
        results = map_until(self._threads, is_over, self._user_pool.user_exists, keys)
        checked = list(takewhile(lambda result: result is not None, results))
        orphans = [key for key, user_exists in zip(keys, checked, strict=False) if not user_exists]
        if progress.phase == "deleting":
            progress = self._delete(progress, orphans)
        else:
            progress = self._count(progress, len(checked), orphans)
        if len(checked) < len(keys):
            cursor = keys[len(checked) - 1] if checked else progress.cursor
        elif cursor is None:
            return self._end_phase(progress)
        return self._end_phase(progress) if progress.stopped else progress.model_copy(update={"cursor": cursor})

    def _count(self, progress: ProfileProgress, count: int, orphans: Sequence[str]) -> ProfileProgress:
        for orphan in orphans:
            logs.event("profile without a user", logging.WARNING, sub=orphan)
        add_metric(Metric.ORPHANED_PROFILES, len(orphans))
        return progress.model_copy(
            update={"profiles": progress.profiles + count, "orphans": progress.orphans + len(orphans)}
        )

    def _delete(self, progress: ProfileProgress, orphans: Sequence[str]) -> ProfileProgress:
        """Delete these orphans, unless there are now more than were counted and may be deleted."""
        if self._exceeds_limit(progress.profiles, max(progress.orphans, progress.deleted + len(orphans))):
            return progress.model_copy(update={"stopped": True})
        deleted = sum(self._delete_orphan(orphan) for orphan in orphans)
        return progress.model_copy(update={"deleted": progress.deleted + deleted})

    def _delete_orphan(self, user_id: str) -> bool:
        if self._picture_storage:  # before the profile, so that a later run resumes an interrupted deletion
            self._picture_storage.delete(self._picture_storage.list_picture_keys(user_id))
        return self._repository.delete(user_id)

    def _end_phase(self, progress: ProfileProgress) -> ProfileProgress:
        """Start deleting after counting, or finish the scan."""
        stopped = progress.stopped
        if progress.phase == "counting" and progress.orphans and self._options.should_delete:
            stopped = self._exceeds_limit(progress.profiles, progress.orphans)
            if not stopped:
                return progress.model_copy(update={"phase": "deleting", "cursor": None})
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
