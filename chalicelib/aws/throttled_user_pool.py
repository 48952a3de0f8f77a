"""The user pool as reconciliation uses it: each kind of call has a bounded rate.

Cognito's quotas apply to all calls of an account. The remaining calls are for sign-ups and sign-ins.
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chalicelib.aws.errors import translate_errors
from chalicelib.aws.user_pool import UNCONFIRMED, USER_NOT_FOUND, PoolUser, UserPool, to_pool_user
from chalicelib.core import logs
from chalicelib.core.errors import UnreadableUser
from chalicelib.core.rate_limit import RateLimit

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

LIST_USERS_PAGE_SIZE: Final = 60  # the maximum of ListUsers
_INVALID_PARAMETER: Final = "InvalidParameterException"


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls per second. The defaults are less than half of Cognito's default quotas."""

    lookups: float = 50  # AdminGetUser; the quota UserRead is 120
    lists: float = 10  # ListUsers; the quota UserList is 30
    changes: float = 10  # AdminDeleteUser and AdminDeleteUserAttributes; the quota UserUpdate is 25


DEFAULT_RATES: Final = Rates()


class CursorExpired(Exception):
    """The user pool no longer accepts the cursor of a page."""


class ThrottledUserPool:
    """The users of one user pool. Threads may share an instance."""

    def __init__(
        self,
        client: "Callable[[], CognitoIdentityProviderClient]",
        user_pool_id: str,
        rates: Rates = DEFAULT_RATES,
    ) -> None:
        self._client = client
        self._user_pool_id = user_pool_id
        self._users = UserPool(client, user_pool_id)
        self._lookups = RateLimit(rates.lookups)
        self._lists = RateLimit(rates.lists)
        self._changes = RateLimit(rates.changes)

    def list_users(self, cursor: str | None) -> tuple[list[PoolUser], str | None]:
        """Return a page of users and the cursor of the next one, or None after the last. Raises CursorExpired."""
        start = {"PaginationToken": cursor} if cursor else {}
        passthrough = (_INVALID_PARAMETER,) if cursor else ()  # without a cursor, another parameter is invalid
        self._lists.wait()
        try:
            with translate_errors(*passthrough):
                page = self._client().list_users(UserPoolId=self._user_pool_id, Limit=LIST_USERS_PAGE_SIZE, **start)
        except ClientError as exc:
            raise CursorExpired from exc
        return _to_pool_users(page["Users"]), page.get("PaginationToken")

    def user_exists(self, sub: str) -> bool:
        """Return True if the user pool has this user.

        One request. Two for a federated user, whose username differs from the sub, and for a deleted user.
        """
        self._lookups.wait()
        try:
            if self._users.get_user(sub) is not None:
                return True
        except UnreadableUser:
            return True
        self._lists.wait()
        with translate_errors():
            page = self._client().list_users(UserPoolId=self._user_pool_id, Filter=f'sub = "{sub}"', Limit=1)
        return bool(page["Users"])

    def delete_unconfirmed(self, user: PoolUser) -> bool:
        """Delete an account that is still unconfirmed. Return False if it is not, or no longer exists.

        Cognito has no conditional delete, so the account is read immediately before. If its owner confirms it between
        the two calls, about 50 ms, the account is lost and its owner has to sign up again.
        """
        self._lookups.wait()
        try:
            current = self._users.get_user(user.username)
        except UnreadableUser:
            return False
        if current is None or (current.sub, current.status) != (user.sub, UNCONFIRMED):
            return False
        self._changes.wait()
        try:
            with translate_errors(USER_NOT_FOUND):
                self._client().admin_delete_user(UserPoolId=self._user_pool_id, Username=user.username)
        except ClientError:
            return False
        return True

    def delete_attributes(self, user: PoolUser, names: Sequence[str]) -> bool:
        """Delete these attributes of a user. Return False if the user no longer exists."""
        self._changes.wait()
        try:
            with translate_errors(USER_NOT_FOUND):
                self._client().admin_delete_user_attributes(
                    UserPoolId=self._user_pool_id, Username=user.username, UserAttributeNames=names
                )
        except ClientError:
            return False
        return True


def _to_pool_users(page: Iterable[Mapping[str, Any]]) -> list[PoolUser]:
    """Convert the users of a page. One that cannot be parsed is logged and skipped, so that the scan can continue."""
    users = []
    for user in page:
        try:
            users.append(to_pool_user(user.get("Attributes", ()), user))
        except UnreadableUser as exc:
            logs.error("user not readable", exc)
    return [user for user in users if user.sub and user.username]
