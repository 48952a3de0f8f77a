"""The walk over the table: it counts the profiles whose user is gone and, if that was asked for, deletes them.

Deletion is a second walk, after all profiles were counted: against an empty pool, or the pool of another stage, every
profile has lost its user. Each one is looked up again right before.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import takewhile
from typing import Literal

from pydantic import BaseModel, ConfigDict

from chalicelib import logs
from chalicelib.bucket import PictureBucket
from chalicelib.logs import Metric
from chalicelib.reconciliation_checkpoints import Checkpoints, IsOver, Walk, WalkProgress, limit, map_until
from chalicelib.repository import ProfileRepository
from chalicelib.user_pool import UserPool


class ProfileProgress(WalkProgress):
    """How far the walk over the table has come."""

    part: Literal["counting", "removing", "finished"] = "counting"
    profiles: int = 0  # seen
    orphans: int = 0  # profiles without a user
    removed: int = 0  # orphans
    stopped: bool = False  # there were more orphans than a walk removes

    @property
    def is_finished(self) -> bool:
        return self.part == "finished"


class ProfileWalkOptions(BaseModel):
    """What the walk may do."""

    model_config = ConfigDict(frozen=True)

    remove_orphans: bool = False
    remove_all_orphans: bool = False  # however many there are

    @property
    def removes(self) -> bool:
        return self.remove_orphans or self.remove_all_orphans


class ProfileWalk(Walk[ProfileProgress]):
    """The walk over the table. Users are looked up in several threads."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: ProfileRepository,
        pool: UserPool,
        threads: Executor,
        options: ProfileWalkOptions,
        bucket: PictureBucket | None,
    ) -> None:
        super().__init__(checkpoints, "profiles", ProfileProgress())
        self._repository = repository
        self._pool = pool
        self._threads = threads
        self._options = options
        self._bucket = bucket

    def load(self, *, restart: bool = False) -> None:
        """Go on from the checkpoint, but finish no removal that this run was not asked for."""
        super().load(restart=restart)
        if self.progress.part == "removing" and not self._options.removes:
            self.progress = self._start

    def visit_page(self, progress: ProfileProgress, is_over: IsOver) -> ProfileProgress:
        """Visit a page of the table, or its beginning: any profile's key is a cursor."""
        keys, cursor = self._repository.page(progress.cursor)
        found = list(takewhile(lambda it: it is not None, map_until(self._threads, is_over, self._pool.has_user, keys)))
        orphans = [key for key, has_user in zip(keys, found, strict=False) if not has_user]
        if progress.part == "removing":
            progress = self._remove(progress, orphans)
        else:
            progress = self._count(progress, len(found), orphans)
        if len(found) < len(keys):
            cursor = keys[len(found) - 1] if found else progress.cursor
        elif cursor is None:
            return self._end(progress)
        return self._end(progress) if progress.stopped else progress.model_copy(update={"cursor": cursor})

    def _count(self, progress: ProfileProgress, seen: int, orphans: Sequence[str]) -> ProfileProgress:
        for orphan in orphans:
            logs.event("profile without a user", logging.WARNING, sub=orphan)
        logs.count(Metric.ORPHANED_PROFILES, len(orphans))
        return progress.model_copy(
            update={"profiles": progress.profiles + seen, "orphans": progress.orphans + len(orphans)}
        )

    def _remove(self, progress: ProfileProgress, orphans: Sequence[str]) -> ProfileProgress:
        """Remove these orphans, unless there are more by now than were counted and may be removed."""
        if self._is_too_many(progress.profiles, max(progress.orphans, progress.removed + len(orphans))):
            return progress.model_copy(update={"stopped": True})
        removed = sum(self._remove_profile(orphan) for orphan in orphans)
        return progress.model_copy(update={"removed": progress.removed + removed})

    def _remove_profile(self, orphan: str) -> bool:
        if self._bucket:  # first: an interrupted removal is met again as long as there is a profile
            self._bucket.remove(self._bucket.pictures_of(orphan))
        return self._repository.remove(orphan)

    def _end(self, progress: ProfileProgress) -> ProfileProgress:
        """End the counting or the removing."""
        stopped = progress.stopped
        if progress.part == "counting" and progress.orphans and self._options.removes:
            stopped = self._is_too_many(progress.profiles, progress.orphans)
            if not stopped:
                return progress.model_copy(update={"part": "removing", "cursor": None})
        if stopped:
            logs.event("too many orphans", logging.ERROR, profiles=progress.profiles, orphans=progress.orphans)
            logs.count(Metric.RECONCILIATION_STOPPED)
        return progress.model_copy(update={"part": "finished", "cursor": None, "stopped": stopped})

    def _is_too_many(self, profiles: int, orphans: int) -> bool:
        """Return whether so many orphans look like the wrong pool."""
        if self._options.remove_all_orphans:
            return False
        # Half of them, too, so that a table of ten is not emptied.
        return orphans > limit(profiles) or orphans >= profiles / 2
