"""The options and the report of a run."""

from collections.abc import Sequence
from typing import Literal

from chalicelib.core.validation import InternalModel, StrictModel
from chalicelib.reconciliation.file_scan import FileProgress
from chalicelib.reconciliation.profile_scan import ProfileProgress
from chalicelib.reconciliation.user_scan import UserProgress

ScanName = Literal["users", "profiles", "files"]


class Chain(StrictModel):
    """What a run passes to the next run of its chain."""

    lease: str
    link: int
    finished: Sequence[ScanName] = ()


class ReconciliationOptions(StrictModel):
    """The options of a run, in the `detail` of its event. The schedule sends none."""

    dry_run: bool = False  # only report
    delete_orphans: bool = False  # without the grace period
    delete_all_orphans: bool = False  # without the grace period and without a limit
    delete_all_unconfirmed: bool = False  # without a limit
    remove_all_differing_files: bool = False  # without a limit
    restart: bool = False  # discard the checkpoints
    max_seconds: int | None = None  # return after this time and let the caller start the next run
    chain: Chain | None = None


class ReconciliationReport(InternalModel):
    """The result of a run, which the function returns."""

    status: Literal["finished", "unfinished", "busy"]  # busy: another run has the lease
    users: UserProgress = UserProgress()
    profiles: ProfileProgress = ProfileProgress()
    files: FileProgress = FileProgress()
    interrupted_by: str | None = None  # the AWS error that ended the run early
    next: ReconciliationOptions | None = None  # of the run that continues
