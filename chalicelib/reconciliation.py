"""Reconciliation: every user of the pool has a profile, and every profile its user.

Once an hour a chain of runs begins. Each run walks over the pool, then over the table, until its time is over, and
invokes the function again if a walk is not finished. A lease sees to it that one run walks at a time. A fault of AWS,
or a run that is killed, ends the chain at most; the next one goes on from the checkpoints.

A chain has few links: AWS ends a function's calls of itself after about 16, and the next chain begins within the hour.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from chalicelib import logs
from chalicelib.aws import translated
from chalicelib.bucket import PictureBucket
from chalicelib.errors import BackendFailed
from chalicelib.logs import Metric
from chalicelib.reconciliation_checkpoints import THREADS, Checkpoints
from chalicelib.reconciliation_profiles import ProfileProgress, ProfileWalk, ProfileWalkOptions
from chalicelib.reconciliation_users import UserProgress, UserWalk, UserWalkOptions
from chalicelib.repository import ProfileRepository
from chalicelib.user_pool import UserPool

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

MAX_LINKS: Final = 12  # 54 minutes in runs of five
_MARGIN: Final = 30_000  # milliseconds before the function's timeout: a batch takes seconds if AWS is slow
_LEASE_MARGIN: Final = 30  # seconds after the function's timeout: clocks differ

WalkName = Literal["users", "profiles"]


class Chain(BaseModel):
    """What a run tells the next one of its chain."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    lease: str
    link: int
    finished: Sequence[WalkName] = ()


class Options(BaseModel):
    """What an operator may ask for, in the `detail` of the event. The schedule asks for nothing."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    dry_run: bool = False  # only tell
    remove_orphans: bool = False
    remove_all_orphans: bool = False  # however many there are
    delete_all_unconfirmed: bool = False  # likewise
    restart: bool = False  # from the beginning, whatever the checkpoints say
    seconds: int | None = None  # return after so many, and leave it to the caller to go on
    chain: Chain | None = None


class Report(BaseModel):
    """What a run has come to. The function returns it."""

    status: Literal["finished", "unfinished", "busy"]  # busy: another run is walking
    users: UserProgress = UserProgress()
    profiles: ProfileProgress = ProfileProgress()
    interrupted_by: str | None = None  # the AWS fault that ended the run before its time
    next: Options | None = None  # of the run that goes on


def time_left(context: Any, seconds: int | None) -> Callable[[], float]:
    """Return what tells the milliseconds until Lambda's timeout, or until so many seconds from now and the margin."""
    if seconds is None:
        remaining: Callable[[], float] = context.get_remaining_time_in_millis
        return remaining
    end = time.monotonic() + seconds
    return lambda: (end - time.monotonic()) * 1000 + _MARGIN


class Reconciliation:
    """One run, until `milliseconds_left` says that its time is over."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        repository: ProfileRepository,
        pool: UserPool,
        options: Options,
        milliseconds_left: Callable[[], float],
        bucket: PictureBucket | None = None,
        unconfirmed_hours: float = 24,
    ) -> None:
        self._checkpoints = checkpoints
        self._options = options
        self._milliseconds_left = milliseconds_left
        self._finished = set[WalkName](options.chain.finished if options.chain else ())
        self._threads = ThreadPoolExecutor(THREADS)
        users = UserWalkOptions(
            dry_run=options.dry_run,
            unconfirmed_hours=unconfirmed_hours,
            delete_all_unconfirmed=options.delete_all_unconfirmed,
        )
        self._users = UserWalk(checkpoints, repository, pool, self._threads, users)
        profiles = ProfileWalkOptions(
            remove_orphans=options.remove_orphans and not options.dry_run,
            remove_all_orphans=options.remove_all_orphans and not options.dry_run,
        )
        self._profiles = ProfileWalk(checkpoints, repository, pool, self._threads, profiles, bucket)

    def run(self) -> Report:
        """Walk, if no other run does. A fault of AWS ends the run and is reported."""
        chain = self._options.chain
        interrupted_by = None
        try:
            seconds = self._milliseconds_left() / 1000 + _LEASE_MARGIN
            if not self._checkpoints.acquire_lease(seconds, chain.lease if chain else None):
                logs.event("reconciliation is running already")
                return Report(status="busy")
            with self._threads:
                self._walk()
        except BackendFailed as exc:
            logs.failure("reconciliation interrupted", exc)
            logs.count(Metric.RECONCILIATION_INTERRUPTED)
            interrupted_by = type(exc).__name__
        report = Report(
            status="finished" if len(self._finished) == 2 else "unfinished",
            users=self._users.progress,
            profiles=self._profiles.progress,
            interrupted_by=interrupted_by,
        )
        logs.event("reconciliation", report=report.model_dump(exclude={"users": {"cursor"}, "profiles": {"cursor"}}))
        return self._pass_on(report)

    def _walk(self) -> None:
        """Walk over the pool in half of the time at most: in a very large one the table has its turn, too."""
        for walk in (self._users, self._profiles):
            walk.load(restart=self._options.restart)
        half = _MARGIN + (self._milliseconds_left() - _MARGIN) / 2
        if "users" not in self._finished:
            self._users.run(lambda: self._milliseconds_left() < half)
            if self._users.progress.is_finished:
                self._finished.add("users")
        if "profiles" not in self._finished:
            self._profiles.run(lambda: self._milliseconds_left() < _MARGIN)
            if self._profiles.progress.is_finished:
                self._finished.add("profiles")

    def _pass_on(self, report: Report) -> Report:
        """Reserve the lease for the next run, or release it where there is none."""
        try:
            if report.status == "finished" or not self._may_go_on(report):
                self._checkpoints.release_lease()
                return report
            link = self._options.chain.link + 1 if self._options.chain else 2
            chain = Chain(lease=self._checkpoints.hand_over_lease(), link=link, finished=sorted(self._finished))
        except BackendFailed as exc:
            logs.failure("the next run was not started", exc)
            return report
        return report.model_copy(update={"next": self._options.model_copy(update={"chain": chain, "restart": False})})

    def _may_go_on(self, report: Report) -> bool:
        """Return whether another run is to follow. A run that makes no progress ends the chain."""
        link = self._options.chain.link if self._options.chain else 1
        # An operator is told of a fault at once, and invokes the function for each run.
        may_go_on = link < MAX_LINKS if self._options.seconds is None else report.interrupted_by is None
        return may_go_on and (self._users.has_advanced or self._profiles.has_advanced)


def start_next_run(client: "Callable[[], LambdaClient]", function: str, report: Report) -> None:
    """Invoke the function again if a walk is not finished, unless an operator invokes it for each run."""
    if report.next is None or report.next.seconds is not None:
        return
    event = to_event(report.next.model_dump(mode="json"))
    try:
        with translated():
            client().invoke(FunctionName=function, InvocationType="Event", Payload=event)
    except BackendFailed as exc:
        logs.failure("the next run was not started", exc)
        logs.count(Metric.RECONCILIATION_INTERRUPTED)


def to_event(detail: dict[str, Any]) -> bytes:
    """Return what EventBridge sends for a schedule, with these options as its detail."""
    names = ("version", "id", "detail-type", "source", "account", "time", "region")
    return json.dumps({**dict.fromkeys(names, ""), "resources": [], "detail": detail}).encode()
