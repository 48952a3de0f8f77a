"""The walk over the user pool.

- An active user without a profile gets one.
- Health attributes of a user with a profile are deleted from the pool. DynamoDB is the authority, and a profile that
  is provisioned again must not get values that its owner has changed or erased since the sign-up.
- An account that nobody has confirmed in time is deleted: it keeps its address from everybody else.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from pydantic import BaseModel, ConfigDict

from chalicelib import logs
from chalicelib.cognito import UNCONFIRMED, DirectoryUser
from chalicelib.errors import BackendFailed, Unavailable
from chalicelib.logs import Metric
from chalicelib.models import SignUp
from chalicelib.profiles import from_sign_up
from chalicelib.reconciliation_checkpoints import Checkpoints, IsOver, Walk, WalkProgress, limit, map_until
from chalicelib.repository import ProfileRepository
from chalicelib.user_pool import CursorExpired, UserPool

HEALTH_ATTRIBUTES: Final = ("custom:dob", "custom:gender", "custom:blood_group")

Change = Callable[[], Sequence[str]]  # returns the counters that it adds one to


class UserProgress(WalkProgress):
    """How far the walk over the pool has come."""

    finished: bool = False
    users: int = 0  # seen
    missing: int = 0  # users without a profile
    created: int = 0  # profiles
    cleared: int = 0  # users whose health attributes were deleted from the pool
    unconfirmed: int = 0  # accounts that nobody has confirmed in time
    deleted: int = 0  # accounts
    failed: int = 0  # users whom AWS has refused to change
    limited: bool = False  # there were more of them than a walk deletes

    @property
    def is_finished(self) -> bool:
        return self.finished

    def plus(self, counts: Counter[str]) -> "UserProgress":
        """Return the progress with these counts added."""
        return self.model_copy(update={name: getattr(self, name) + count for name, count in counts.items()})


class UserWalkOptions(BaseModel):
    """What the walk may do."""

    model_config = ConfigDict(frozen=True)

    dry_run: bool = False
    unconfirmed_hours: float = 24
    delete_all_unconfirmed: bool = False


class UserWalk(Walk[UserProgress]):
    """The walk over the pool. The changes of a page are made in several threads."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: ProfileRepository,
        pool: UserPool,
        threads: Executor,
        options: UserWalkOptions,
    ) -> None:
        super().__init__(checkpoints, "users", UserProgress())
        self._repository = repository
        self._pool = pool
        self._threads = threads
        self._options = options
        self._has_restarted = False

    def visit_page(self, progress: UserProgress, is_over: IsOver) -> UserProgress:
        """Visit a page of the pool. An unfinished page is visited again, and has less to change then."""
        try:
            users, cursor = self._pool.list_page(progress.cursor)
        except CursorExpired as exc:
            return self._restart(progress, exc)
        stored = self._repository.existing([user.sub for user in users])
        missing = [user for user in users if user.is_good and user.sub not in stored]
        expired = [user for user in users if self._has_expired(user) and user.sub not in stored]
        allowed = self._limit(expired, progress.users + len(users)) - progress.deleted
        changes: list[Change] = [partial(self._create, user) for user in missing]
        changes += [partial(self._clear, user) for user in users if user.sub in stored and _health_attributes(user)]
        changes += [partial(self._delete, user) for user in expired[: max(0, allowed)]]
        done = Counter[str]()
        is_complete = self._options.dry_run or self._apply(changes, done, is_over)
        if not is_complete:
            return progress.plus(done + Counter(missing=done["created"], unconfirmed=done["deleted"]))
        seen = Counter(users=len(users), missing=len(missing), unconfirmed=len(expired))
        after = progress.plus(done + seen)
        limited = progress.limited or self._report_limit(len(expired) - allowed, after)
        return after.model_copy(update={"cursor": cursor, "finished": cursor is None, "limited": limited})

    def _restart(self, progress: UserProgress, exc: CursorExpired) -> UserProgress:
        """Begin at the beginning, once a run. Raises BackendFailed the second time."""
        logs.event("cursor expired", logging.WARNING, users=progress.users)
        logs.count(Metric.RECONCILIATION_RESTARTED)
        if self._has_restarted:
            raise BackendFailed from exc
        self._has_restarted = True
        return self._start

    def _apply(self, changes: Sequence[Change], done: Counter[str], is_over: IsOver) -> bool:
        """Make these changes and count them. Return False if the time was over before the last."""
        results = map_until(self._threads, is_over, _attempt, changes)
        for counters in results:
            done.update(counters or ())
        return None not in results

    def _create(self, user: DirectoryUser) -> Sequence[str]:
        sign_up, _ = SignUp.salvage(user.attributes)
        profile = from_sign_up(user.sub, sign_up)
        created = self._repository.create(profile) is profile
        logs.count(Metric.PROFILE_HEALED, int(created))
        cleared = self._clear(user) if _health_attributes(user) else ()
        return [*(["created"] if created else []), *cleared]

    def _clear(self, user: DirectoryUser) -> Sequence[str]:
        cleared = self._pool.delete_attributes(user, _health_attributes(user))
        logs.count(Metric.HEALTH_ATTRIBUTES_DELETED, int(cleared))
        return ["cleared"] if cleared else []

    def _delete(self, user: DirectoryUser) -> Sequence[str]:
        deleted = self._pool.delete_unconfirmed(user)
        logs.event("unconfirmed account deleted" if deleted else "account confirmed meanwhile", sub=user.sub)
        logs.count(Metric.UNCONFIRMED_ACCOUNTS_DELETED, int(deleted))
        return ["deleted"] if deleted else []

    def _has_expired(self, user: DirectoryUser) -> bool:
        oldest = datetime.now(UTC) - timedelta(hours=self._options.unconfirmed_hours)
        return user.status == UNCONFIRMED and user.created is not None and user.created < oldest

    def _limit(self, expired: Sequence[DirectoryUser], users: int) -> int:
        return limit(users) if not self._options.delete_all_unconfirmed else users + len(expired)

    def _report_limit(self, left: int, progress: UserProgress) -> bool:
        if left <= 0:
            return False
        logs.event("unconfirmed accounts left", logging.WARNING, users=progress.users, deleted=progress.deleted)
        logs.count(Metric.UNCONFIRMED_ACCOUNTS_LEFT)
        return True


def _attempt(change: Change) -> Sequence[str]:
    """Make a change. One that AWS refuses must not keep the walk from all other users. Raises Unavailable."""
    try:
        return change()
    except Unavailable:
        raise
    except BackendFailed as exc:
        logs.failure("user not reconciled", exc)
        logs.count(Metric.RECONCILIATION_INTERRUPTED)
        return ["failed"]


def _health_attributes(user: DirectoryUser) -> list[str]:
    return [name for name in HEALTH_ATTRIBUTES if user.attributes.get(name)]
