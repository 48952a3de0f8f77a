"""The scan over the user pool.

- An active user without a profile gets one.
- Health attributes of a user with a profile are deleted from the user pool. DynamoDB is the authority, and a profile
  that is provisioned again must not get values that its owner has changed or erased since the sign-up.
- An account that its owner has not confirmed in time is deleted, because it blocks its email address.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import timedelta
from functools import partial
from typing import Final

from chalicelib.aws.throttled_user_pool import CursorExpired, ThrottledUserPool
from chalicelib.aws.user_pool import UNCONFIRMED, PoolUser
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import ServiceUnavailable, UpstreamError
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.validation import InternalModel
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.models import SignUpAttributes, build_profile
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.scan import IsOver, Scan, ScanProgress, deletion_limit, map_until

HEALTH_ATTRIBUTES: Final = ("custom:dob", "custom:gender", "custom:blood_group")

Change = Callable[[], Sequence[str]]  # returns the names of the counters to increment


class UserProgress(ScanProgress):
    """The progress of the scan over the user pool."""

    finished: bool = False
    users: int = 0  # users that were scanned
    missing: int = 0  # users without a profile
    created: int = 0  # profiles that were created
    cleared: int = 0  # users whose health attributes were deleted from the user pool
    unconfirmed: int = 0  # accounts that were not confirmed in time
    deleted: int = 0  # accounts that were deleted
    failed: int = 0  # users whose change AWS has refused
    limited: bool = False  # there were more accounts than a scan deletes

    @property
    def is_finished(self) -> bool:
        """Return True after the last page."""
        return self.finished

    def add(self, counts: Counter[str]) -> "UserProgress":
        """Return the progress with these counts added."""
        return self.model_copy(update={name: getattr(self, name) + count for name, count in counts.items()})


class UserScanOptions(InternalModel):
    """The options of the scan over the user pool."""

    dry_run: bool = False
    unconfirmed_hours: float = 24
    delete_all_unconfirmed: bool = False  # without a limit


class UserScan(Scan[UserProgress]):
    """The scan over the user pool. The changes of a page are made in several threads."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: ProfileRepository,
        user_pool: ThrottledUserPool,
        threads: Executor,
        options: UserScanOptions,
    ) -> None:
        super().__init__(checkpoints, "users", UserProgress())
        self._repository = repository
        self._user_pool = user_pool
        self._threads = threads
        self._options = options
        self._has_restarted = False

    def process_page(self, progress: UserProgress, is_over: IsOver) -> UserProgress:
        """Process a page of users. An unfinished page is processed again and then needs fewer changes."""
        try:
            users, cursor = self._user_pool.list_users(progress.cursor)
        except CursorExpired as exc:
            return self._restart(progress, exc)
        stored = self._repository.find_existing_ids([user.sub for user in users])
        missing = [user for user in users if user.is_active and user.sub not in stored]
        expired = [user for user in users if self._has_expired(user) and user.sub not in stored]
        allowed = self._limit(expired, progress.users + len(users)) - progress.deleted
        changes: list[Change] = [partial(self._provision, user) for user in missing]
        changes += [partial(self._clear, user) for user in users if user.sub in stored and _health_attributes(user)]
        changes += [partial(self._delete, user) for user in expired[: max(0, allowed)]]
        done = Counter[str]()
        is_complete = self._options.dry_run or self._apply(changes, done, is_over)
        if not is_complete:
            return progress.add(done + Counter(missing=done["created"], unconfirmed=done["deleted"]))
        scanned = Counter(users=len(users), missing=len(missing), unconfirmed=len(expired))
        after = progress.add(done + scanned)
        limited = progress.limited or self._report_limit(len(expired) - allowed, after)
        return after.model_copy(update={"cursor": cursor, "finished": cursor is None, "limited": limited})

    def _restart(self, progress: UserProgress, exc: CursorExpired) -> UserProgress:
        """Start at the first page again, once per run. Raises UpstreamError the second time."""
        logs.event("cursor expired", logging.WARNING, users=progress.users)
        add_metric(Metric.RECONCILIATION_RESTARTED)
        if self._has_restarted:
            raise UpstreamError from exc
        self._has_restarted = True
        return self._start

    def _apply(self, changes: Sequence[Change], done: Counter[str], is_over: IsOver) -> bool:
        """Make these changes and count them. Return False if the time was over before the last one."""
        results = map_until(self._threads, is_over, _attempt, changes)
        for counters in results:
            done.update(counters or ())
        return None not in results

    def _provision(self, user: PoolUser) -> Sequence[str]:
        attributes, _ = SignUpAttributes.parse_lenient(user.attributes)
        try:
            _, created = self._repository.create_if_absent(build_profile(user.sub, attributes))
        except AccountErased:  # erased since the page was read
            return []
        add_metric(Metric.PROFILE_PROVISIONED, int(created))
        cleared = self._clear(user) if _health_attributes(user) else ()
        return [*(["created"] if created else []), *cleared]

    def _clear(self, user: PoolUser) -> Sequence[str]:
        cleared = self._user_pool.delete_attributes(user, _health_attributes(user))
        add_metric(Metric.HEALTH_ATTRIBUTES_DELETED, int(cleared))
        return ["cleared"] if cleared else []

    def _delete(self, user: PoolUser) -> Sequence[str]:
        deleted = self._user_pool.delete_unconfirmed(user)
        logs.event("unconfirmed account deleted" if deleted else "account no longer unconfirmed", sub=user.sub)
        add_metric(Metric.UNCONFIRMED_ACCOUNTS_DELETED, int(deleted))
        return ["deleted"] if deleted else []

    def _has_expired(self, user: PoolUser) -> bool:
        oldest = utc_now() - timedelta(hours=self._options.unconfirmed_hours)
        return user.status == UNCONFIRMED and user.created_at is not None and user.created_at < oldest

    def _limit(self, expired: Sequence[PoolUser], users: int) -> int:
        return deletion_limit(users) if not self._options.delete_all_unconfirmed else users + len(expired)

    def _report_limit(self, remaining: int, progress: UserProgress) -> bool:
        """Log and count if expired accounts remain because of the limit. Return True if so."""
        if remaining <= 0:
            return False
        logs.event("unconfirmed accounts remain", logging.WARNING, users=progress.users, deleted=progress.deleted)
        add_metric(Metric.UNCONFIRMED_ACCOUNTS_REMAINING)
        return True


def _attempt(change: Change) -> Sequence[str]:
    """Make a change. If AWS refuses it, log and count that, and continue with other users.

    Raises ServiceUnavailable.
    """
    try:
        return change()
    except ServiceUnavailable:
        raise
    except UpstreamError as exc:
        logs.error("user not reconciled", exc)
        add_metric(Metric.RECONCILIATION_INTERRUPTED)
        return ["failed"]


def _health_attributes(user: PoolUser) -> list[str]:
    return [name for name in HEALTH_ATTRIBUTES if user.attributes.get(name)]
