"""Requesting, reading and cancelling the deletion of an account."""

from datetime import datetime, timedelta

from chalicelib.aws.user_pool import UserPool
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import NotFound, UpstreamError
from chalicelib.core.identity import Caller
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.privacy.erasure_starter import ErasureStarter
from chalicelib.privacy.errors import DeletionInProgress, NoDeletion
from chalicelib.privacy.models import RetainedData, ScheduledDeletion
from chalicelib.privacy.repository import TOMBSTONE_DAYS, DeletionRepository
from chalicelib.profiles.deletion import Deletion, DeletionRequester, DeletionStatus
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.service import ProfileService

BACKUP_DAYS = 35  # of DynamoDB's point-in-time recovery


class DeletionService:
    """The deletion of a caller's account. `grace_days` is the time between the request and the erasure."""

    def __init__(
        self,
        repository: DeletionRepository,
        profiles: ProfileService,
        user_pool: UserPool,
        erasures: ErasureStarter,
        grace_days: int,
        *,
        has_pictures: bool,
        has_files: bool = False,
    ) -> None:
        self._repository = repository
        self._profiles = profiles
        self._user_pool = user_pool
        self._erasures = erasures
        self._grace_days = grace_days
        self._has_pictures = has_pictures
        self._has_files = has_files

    def request_deletion(self, caller: Caller) -> ScheduledDeletion:
        """Schedule the deletion of the account, sign the user out everywhere, and start the erasure if it is due.

        Idempotent: a repeated request returns the same deletion and starts no second erasure. Raises NotFound if the
        account does not exist, and AccountErased from the start of the erasure.
        """
        now = utc_now()
        requested = Deletion(
            DeletionStatus.SCHEDULED,
            requested_at=now,
            requested_by=DeletionRequester.USER,
            erase_after=now + timedelta(days=self._grace_days),
            username=caller.username,
        )
        deletion, is_new = self._schedule(caller, requested)
        if is_new:
            logs.event("deletion requested", erase_after=deletion.erase_after.isoformat())
            add_metric(Metric.DELETION_REQUESTED)
        self._sign_out(caller)  # in a repeated request too, because it may have failed in the first one
        if is_new and deletion.is_due(now):
            self._erasures.start(caller.sub)
        return self._to_response(deletion)

    def get_deletion(self, caller: Caller) -> ScheduledDeletion:
        """Return the scheduled deletion. Raises NoDeletion, or AccountErased from the start of the erasure."""
        deletion = self._repository.get_deletion(caller.sub)
        if deletion is None:
            raise NoDeletion
        return self._to_response(deletion)

    def cancel_deletion(self, caller: Caller) -> None:
        """Cancel the deletion. Raises NoDeletion, DeletionInProgress during the erasure, or AccountErased after it."""
        status = self._repository.cancel(caller.sub)
        if status is None:
            raise NoDeletion
        if status is DeletionStatus.ERASING:
            raise DeletionInProgress
        if status is DeletionStatus.ERASED:
            raise AccountErased
        logs.event("deletion cancelled")
        add_metric(Metric.DELETION_CANCELLED)

    def _schedule(self, caller: Caller, requested: Deletion) -> tuple[Deletion, bool]:
        scheduled = self._repository.schedule(caller.sub, requested)
        if scheduled is None:  # the state of a deletion is in the profile's item
            self._profiles.provision_missing_profile(caller)
            scheduled = self._repository.schedule(caller.sub, requested)
        if scheduled is None:
            raise NotFound("There is no profile for this user.")
        return scheduled

    def _sign_out(self, caller: Caller) -> None:
        """Revoke the user's tokens. If it fails, a repeated request or the erasure revokes them."""
        try:
            self._user_pool.sign_out(caller.username)
        except UpstreamError as exc:
            logs.error("sessions not ended", exc)
            add_metric(Metric.SIGN_OUT_FAILED)

    def _to_response(self, deletion: Deletion) -> ScheduledDeletion:
        return ScheduledDeletion(
            requested_at=deletion.requested_at,
            erase_after=deletion.erase_after,
            deletes=[
                "account",
                "profile",
                *(["picture"] if self._has_pictures else []),
                *(["files"] if self._has_files else []),
            ],
            keeps=_list_retained_data(deletion.erase_after),
        )


def _list_retained_data(erase_after: datetime) -> list[RetainedData]:
    return [
        RetainedData(
            what="backups",
            until=(erase_after + timedelta(days=BACKUP_DAYS)).date(),
            reason="Backups expire. An erased profile is not restored from them.",
        ),
        RetainedData(
            what="record of the deletion",
            without="name, contact and health data",
            until=(erase_after + timedelta(days=TOMBSTONE_DAYS)).date(),
            reason="It prevents the profile from being created again, and proves the deletion.",
        ),
    ]
