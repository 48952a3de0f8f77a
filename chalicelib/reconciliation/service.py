"""Reconciliation: users, profiles and files agree, and erasures are finished.

Every user of the user pool has a profile, every profile has its user, and every file its content.

Once an hour a chain of runs starts. Each run scans the user pool, the profiles and the files, until its time is over.
It invokes the function again if a scan is unfinished. A lease allows one run at a time. An AWS fault, or a run that is
killed, can only end the chain. The next chain resumes from the checkpoints.

The length of a chain is limited: AWS stops a function that has invoked itself about 16 times.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from chalicelib.aws.throttled_user_pool import ThrottledUserPool
from chalicelib.core import logs
from chalicelib.core.errors import UpstreamError
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.file_check_starter import FileCheckStarter
from chalicelib.reconciliation.file_comparison import FileComparer
from chalicelib.reconciliation.file_scan import FileProgress, FileScan, FileScanOptions
from chalicelib.reconciliation.models import Chain, ReconciliationOptions, ReconciliationReport, ScanName
from chalicelib.reconciliation.profile_scan import ProfileScan, ProfileScanOptions
from chalicelib.reconciliation.scan import MAX_THREADS, Scan
from chalicelib.reconciliation.user_scan import UserScan, UserScanOptions

MAX_CHAIN_LINKS: Final = 12  # an hour has time for twelve runs of five minutes
_SAFETY_MARGIN_MS: Final = 30_000  # before the function's timeout; a batch takes seconds if AWS is slow
_LEASE_MARGIN_SECONDS: Final = 30  # after the function's timeout; clocks differ
_CURSORS: Final = {"users": {"cursor"}, "profiles": {"cursor"}, "files": {"cursor"}}  # left out of the log


class FileAdapters(NamedTuple):
    """The adapters of files."""

    repository: FileRepository
    storage: FileStorage
    starter: FileCheckStarter


@dataclass(frozen=True, slots=True)
class ReconciliationAdapters:
    """The adapters of all scans. `files` is None if users cannot store files."""

    profiles: ProfileRepository
    deletions: DeletionRepository
    user_pool: ThrottledUserPool
    erasures: ErasureStarter
    files: FileAdapters | None = None


@dataclass(frozen=True, slots=True)
class GracePeriods:
    """The time, in hours, before an account or a profile is deleted."""

    unconfirmed_hours: float = 24  # since the sign-up
    orphan_grace_hours: float = 72  # since reconciliation has first missed the user


def make_deadline(context: Any, max_seconds: int | None) -> Callable[[], float]:
    """Return a function that returns the milliseconds until Lambda's timeout, or until `max_seconds` are over."""
    if max_seconds is None:
        remaining: Callable[[], float] = context.get_remaining_time_in_millis
        return remaining
    end = time.monotonic() + max_seconds
    return lambda: (end - time.monotonic()) * 1000 + _SAFETY_MARGIN_MS


class Reconciliation:
    """One run. `milliseconds_left` returns the time until its end."""

    def __init__(
        self,
        checkpoints: Checkpoints,
        adapters: ReconciliationAdapters,
        options: ReconciliationOptions,
        milliseconds_left: Callable[[], float],
        grace_periods: GracePeriods = GracePeriods(),
    ) -> None:
        self._checkpoints = checkpoints
        self._options = options
        self._milliseconds_left = milliseconds_left
        self._finished = set[ScanName](options.chain.finished if options.chain else ())
        self._threads = ThreadPoolExecutor(MAX_THREADS)
        self._users = self._create_user_scan(adapters, grace_periods.unconfirmed_hours)
        self._profiles = self._create_profile_scan(adapters, grace_periods.orphan_grace_hours)
        self._files = adapters.files and self._create_file_scan(adapters.files, adapters.deletions)

    def run(self) -> ReconciliationReport:
        """Scan, unless another run has the lease. An AWS fault ends the run and is reported."""
        chain = self._options.chain
        interrupted_by = None
        try:
            seconds = self._milliseconds_left() / 1000 + _LEASE_MARGIN_SECONDS
            if not self._checkpoints.acquire_lease(seconds, chain.lease if chain else None):
                logs.event("reconciliation is running already")
                return ReconciliationReport(status="busy")
            with self._threads:
                self._scan()
        except UpstreamError as exc:
            logs.error("reconciliation interrupted", exc)
            add_metric(Metric.RECONCILIATION_INTERRUPTED)
            interrupted_by = type(exc).__name__
        report = ReconciliationReport(
            status="finished" if len(self._finished) == len(self._scans) else "unfinished",
            users=self._users.progress,
            profiles=self._profiles.progress,
            files=self._files.progress if self._files else FileProgress(),
            interrupted_by=interrupted_by,
        )
        logs.event("reconciliation", report=report.model_dump(exclude=_CURSORS))
        return self._hand_over(report)

    def _create_user_scan(self, adapters: ReconciliationAdapters, unconfirmed_hours: float) -> UserScan:
        options = UserScanOptions(
            dry_run=self._options.dry_run,
            unconfirmed_hours=unconfirmed_hours,
            delete_all_unconfirmed=self._options.delete_all_unconfirmed,
        )
        return UserScan(self._checkpoints, adapters.profiles, adapters.user_pool, self._threads, options)

    def _create_profile_scan(self, adapters: ReconciliationAdapters, orphan_grace_hours: float) -> ProfileScan:
        options = ProfileScanOptions(
            dry_run=self._options.dry_run,
            orphan_grace_hours=orphan_grace_hours,
            delete_orphans=self._options.delete_orphans,
            delete_all_orphans=self._options.delete_all_orphans,
        )
        return ProfileScan(
            self._checkpoints,
            adapters.profiles,
            adapters.deletions,
            adapters.user_pool,
            adapters.erasures,
            self._threads,
            options,
        )

    def _create_file_scan(self, adapters: FileAdapters, deletions: DeletionRepository) -> FileScan:
        comparer = FileComparer(adapters.repository, adapters.storage, deletions, dry_run=self._options.dry_run)
        options = FileScanOptions(self._options.dry_run, self._options.remove_all_differing_files)
        return FileScan(self._checkpoints, *adapters, comparer, self._threads, options)

    @property
    def _scans(self) -> "dict[ScanName, Scan[Any]]":
        """Return the scans in their order."""
        scans: dict[ScanName, Scan[Any]] = {"users": self._users, "profiles": self._profiles}
        return scans | ({"files": self._files} if self._files else {})

    def _scan(self) -> None:
        """Scan all sources. Each gets an equal share of the time that is left, so that none waits for the others."""
        for scan in self._scans.values():
            scan.load(restart=self._options.restart)
        pending = [name for name in self._scans if name not in self._finished]
        for count, name in zip(range(len(pending), 0, -1), pending, strict=True):
            time_left = self._milliseconds_left() - _SAFETY_MARGIN_MS
            end = _SAFETY_MARGIN_MS + time_left * (count - 1) / count
            self._scans[name].run(partial(self._is_over, end))
            if self._scans[name].progress.is_finished:
                self._finished.add(name)

    def _is_over(self, end: float) -> bool:
        return self._milliseconds_left() < end

    def _hand_over(self, report: ReconciliationReport) -> ReconciliationReport:
        """Reserve the lease for the next run, or release it if there is none. Return the report with that run."""
        try:
            if report.status == "finished" or not self._may_continue(report):
                self._checkpoints.release_lease()
                return report
            link = self._options.chain.link + 1 if self._options.chain else 2
            chain = Chain(lease=self._checkpoints.hand_over_lease(), link=link, finished=sorted(self._finished))
        except UpstreamError as exc:
            logs.error("the next run was not started", exc)
            return report
        return report.model_copy(update={"next": self._options.model_copy(update={"chain": chain, "restart": False})})

    def _may_continue(self, report: ReconciliationReport) -> bool:
        """Return True if another run may follow. A run without progress ends the chain."""
        link = self._options.chain.link if self._options.chain else 1
        # An operator invokes the function for each run, and sees a fault immediately.
        may_continue = link < MAX_CHAIN_LINKS if self._options.max_seconds is None else report.interrupted_by is None
        return may_continue and any(scan.has_advanced for scan in self._scans.values())
