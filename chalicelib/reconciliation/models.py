"""The options and the report of a run."""

from collections.abc import Sequence
from typing import Literal

from chalicelib.core.validation import InternalModel, StrictModel
from chalicelib.reconciliation.file_scan import FileProgress
from chalicelib.reconciliation.profile_scan import ProfileProgress
from chalicelib.reconciliation.user_scan import UserProgress

ScanName = Literal["users", "profiles", "files"]


class Chain(StrictModel):
    """The data that a run passes to the next run of its chain."""

    lease: str
    link: int
    finished: Sequence[ScanName] = ()


class ReconciliationOptions(StrictModel):
    """The options of a run, in the `detail` of its event. The schedule sends none."""

    dry_run: bool = False  # the run only reports
    delete_orphans: bool = False  # the run erases orphans without the grace period
    delete_all_orphans: bool = False  # the run erases orphans without the grace period and without a limit
    delete_all_unconfirmed: bool = False  # the run deletes unconfirmed accounts without a limit
    remove_all_differing_files: bool = False  # the run removes differing files without a limit
    restart: bool = False  # the run discards the checkpoints
    max_seconds: int | None = None  # the run ends after this time, and the client of the function starts the next one
    chain: Chain | None = None


class ReconciliationReport(InternalModel):
    """The result of a run, which the function returns."""

    status: Literal["finished", "unfinished", "busy"]  # busy: another run has the lease
    users: UserProgress = UserProgress()
    profiles: ProfileProgress = ProfileProgress()
    files: FileProgress = FileProgress()
    interrupted_by: str | None = None  # the AWS error that ended the run early
    next: ReconciliationOptions | None = None  # the options of the run that continues
