"""Reconciliation: every user of the pool has a profile, and every profile its user.

A walk in two parts. First the pool, page by page: who has no profile gets one. Then the table, page by
page: a profile whose user is gone is reported, and removed with its picture only if that was asked for.
After each page the place is kept in the table, so that a run may end, or be ended, anywhere and the next
goes on from there. Memory is one page's, whatever the size of the pool.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from chalicelib import logs
from chalicelib.bucket import PictureBucket
from chalicelib.cognito import CursorExpired, DirectoryUser, UserDirectory
from chalicelib.errors import BackendFailed
from chalicelib.logs import Metric
from chalicelib.models import SignUp
from chalicelib.profiles import from_sign_up
from chalicelib.repository import ProfileRepository

_MARGIN: Final = 30_000  # milliseconds before the function's timeout: a page takes seconds, if AWS is slow


class Options(BaseModel):
    """What an operator may ask for, in the `detail` of the event. The schedule asks for nothing."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    dry_run: bool = False  # only tell
    remove_orphans: bool = False
    restart: bool = False  # from the beginning, whatever place was kept
    seconds: int | None = None  # return after so many, with what is done by then


class Progress(BaseModel):
    """How far a walk has come. Kept in the table, and returned by the function."""

    part: Literal["users", "profiles", "finished"] = "users"
    cursor: str | None = None
    users: int = 0  # seen
    missing: int = 0  # of them without a profile
    created: int = 0
    profiles: int = 0  # seen
    orphans: int = 0  # of them without a user
    removed: int = 0
    interrupted_by: str | None = None  # the AWS fault that ended the last run before its time


def time_left(context: Any, seconds: int | None) -> Callable[[], float]:
    """The milliseconds until Lambda's timeout, or until so many seconds from now and the margin."""
    if seconds is None:
        remaining: Callable[[], float] = context.get_remaining_time_in_millis
        return remaining
    end = time.monotonic() + seconds
    return lambda: (end - time.monotonic()) * 1000 + _MARGIN


class Reconciliation:
    """One run, over a repository and a directory, until `milliseconds_left` says that time is up."""

    def __init__(
        self,
        repository: ProfileRepository,
        directory: UserDirectory,
        options: Options,
        milliseconds_left: Callable[[], float],
        bucket: PictureBucket | None = None,
    ) -> None:
        self._repository = repository
        self._directory = directory
        self._options = options
        self._milliseconds_left = milliseconds_left
        self._bucket = bucket
        self._place = "reconciliation-dry-run" if options.dry_run else "reconciliation"

    def run(self) -> Progress:
        """Go on from the kept place. A fault of AWS ends the run, not the walk."""
        progress = Progress()
        try:
            progress = self._start()
            while progress.part != "finished" and self._milliseconds_left() > _MARGIN:
                progress = self._users(progress) if progress.part == "users" else self._profiles(progress)
                self._repository.keep_place(self._place, progress.model_dump_json())
        except BackendFailed as exc:
            logs.failure("reconciliation interrupted", exc)
            logs.count(Metric.RECONCILIATION_INTERRUPTED)
            progress = progress.model_copy(update={"interrupted_by": type(exc).__name__})
        logs.event("reconciliation", progress=progress.model_dump(exclude={"cursor"}))
        return progress

    def _start(self) -> Progress:
        kept = None if self._options.restart else self._repository.place(self._place)
        progress = Progress.model_validate_json(kept) if kept else Progress()
        return Progress() if progress.part == "finished" else progress.model_copy(update={"interrupted_by": None})

    def _users(self, progress: Progress) -> Progress:
        """One page of the pool."""
        try:
            users, cursor = self._directory.page(progress.cursor)
        except CursorExpired:
            logs.event("cursor expired, from the beginning", logging.WARNING)
            return Progress()
        good = {user.sub: user for user in users if user.is_good}
        missing = good.keys() - self._repository.existing(list(good))
        created = 0 if self._options.dry_run else sum(self._create(good[sub]) for sub in missing)
        return progress.model_copy(
            update={
                "part": "users" if cursor else "profiles",
                "cursor": cursor,
                "users": progress.users + len(users),
                "missing": progress.missing + len(missing),
                "created": progress.created + created,
            }
        )

    def _create(self, user: DirectoryUser) -> bool:
        sign_up, _ = SignUp.salvage(user.attributes)
        profile = from_sign_up(user.sub, sign_up)
        created = self._repository.create(profile) is profile
        logs.count(Metric.PROFILE_HEALED, int(created))
        return created

    def _remove(self, orphan: str) -> bool:
        if self._bucket:  # first: an interrupted removal is met again as long as there is a profile
            self._bucket.remove(self._bucket.pictures_of(orphan))
        return self._repository.remove(orphan)

    def _profiles(self, progress: Progress) -> Progress:
        """One page of the table."""
        keys, cursor = self._repository.page(progress.cursor)
        orphans = [key for key in keys if not self._directory.has(key)]
        for orphan in orphans:
            logs.event("profile without a user", logging.WARNING, sub=orphan)
        logs.count(Metric.ORPHANED_PROFILES, len(orphans))
        removing = self._options.remove_orphans and not self._options.dry_run
        removed = sum(self._remove(orphan) for orphan in orphans) if removing else 0
        return progress.model_copy(
            update={
                "part": "profiles" if cursor else "finished",
                "cursor": cursor,
                "profiles": progress.profiles + len(keys),
                "orphans": progress.orphans + len(orphans),
                "removed": progress.removed + removed,
            }
        )
