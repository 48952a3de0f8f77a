"""The erasure of an account. Each step treats missing data as deleted, so an erasure can be repeated at any time.

1. Set the status to `erasing`. From here on, no request reads or writes the profile.
2. Disable the user and revoke the tokens.
3. Delete all versions of the user's pictures in S3, the records of the files, and all versions of the files.
4. Delete the user from the user pool.
5. Replace the profile by a tombstone.

The user is deleted before the profile, because a missing profile is provisioned from the user pool.
"""

import time
from collections.abc import Callable
from typing import Final

from chalicelib.aws.user_pool import UserPool
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import UpstreamError
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.files.erasure import FileErasure
from chalicelib.pictures.repository import LeaseState
from chalicelib.pictures.storage import PictureStorage
from chalicelib.privacy.models import ErasureResult
from chalicelib.privacy.repository import DeletionRepository

_MAX_LEASE_WAIT_SECONDS: Final = 15


class ErasureService:
    """Erases accounts whose deletion is due."""

    def __init__(
        self,
        repository: DeletionRepository,
        user_pool: UserPool,
        picture_storage: PictureStorage | None,
        files: FileErasure | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._repository = repository
        self._user_pool = user_pool
        self._picture_storage = picture_storage
        self._files = files
        self._sleep = sleep

    def erase(self, user_id: str) -> ErasureResult:
        """Erase an account, or finish an erasure that was interrupted.

        A failed step is counted and raises UpstreamError. Lambda and reconciliation repeat the erasure.
        """
        try:
            return self._erase(user_id)
        except UpstreamError as exc:
            logs.error("erasure failed", exc)
            add_metric(Metric.ERASURE_FAILED)
            raise

    def _erase(self, user_id: str) -> ErasureResult:
        started = self._repository.start_erasure(user_id, utc_now())
        if started is None:
            logs.event("no deletion is due")
            return ErasureResult(status="skipped")
        deletion, lease = started
        has_user = self._has_user(user_id, deletion.username)
        if has_user:
            self._user_pool.disable(deletion.username)
            self._user_pool.sign_out(deletion.username)
        objects = self._delete_pictures(user_id, lease) + (self._files.erase(user_id) if self._files else 0)
        if has_user:
            self._user_pool.delete(deletion.username)
        if self._repository.finish_erasure(user_id, deletion, objects, utc_now()):
            logs.event("account erased", objects=objects)
            add_metric(Metric.USER_ERASED)
        return ErasureResult(status="erased", objects=objects)

    def _has_user(self, user_id: str, username: str) -> bool:
        """Return True if the user still exists.

        A federated user that returns after an interrupted erasure has the same user name and another sub.
        """
        user = self._user_pool.get_user(username)
        return user is not None and user.sub == user_id

    def _delete_pictures(self, user_id: str, lease: LeaseState) -> int:
        """Delete the user's pictures. Wait for a picture in progress first, which would write another one."""
        if self._picture_storage is None:
            return 0
        seconds = lease.expires_at - utc_now().timestamp()
        if seconds > 0:
            self._sleep(min(seconds, _MAX_LEASE_WAIT_SECONDS))
        return self._picture_storage.delete_all_versions(user_id)
