"""The user pool as reconciliation uses it: it lists, looks up and changes users, each kind of call at a bounded rate.

Cognito's quotas hold for all calls of an account. What these calls leave is for people who sign up and sign in.
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chalicelib import logs
from chalicelib.aws import translated
from chalicelib.cognito import UNCONFIRMED, DirectoryUser, UserDirectory, to_user
from chalicelib.errors import UnreadableUser
from chalicelib.rate_limit import RateLimit

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

PAGE_USERS: Final = 60  # the most that ListUsers answers
_NOT_FOUND: Final = "UserNotFoundException"
_INVALID: Final = "InvalidParameterException"


@dataclass(frozen=True, slots=True)
class Rates:
    """Calls per second. The defaults are less than half of Cognito's default quotas."""

    lookups: float = 50  # AdminGetUser; UserRead has 120
    lists: float = 10  # ListUsers; UserList has 30
    changes: float = 10  # AdminDeleteUser and AdminDeleteUserAttributes; UserUpdate has 25


class CursorExpired(Exception):
    """The pool no longer accepts the cursor of a page."""


class UserPool:
    """The users of one pool. Threads may share it."""

    def __init__(
        self,
        client: "Callable[[], CognitoIdentityProviderClient]",
        user_pool_id: str,
        rates: Rates = Rates(),  # it can't be changed
    ) -> None:
        self._client = client
        self._user_pool_id = user_pool_id
        self._directory = UserDirectory(client, user_pool_id)
        self._lookups = RateLimit(rates.lookups)
        self._lists = RateLimit(rates.lists)
        self._changes = RateLimit(rates.changes)

    def list_page(self, cursor: str | None) -> tuple[list[DirectoryUser], str | None]:
        """Return a page of users and the cursor of the next one, or None after the last. Raises CursorExpired."""
        start = {"PaginationToken": cursor} if cursor else {}
        passed_on = (_INVALID,) if cursor else ()  # without a cursor something else is invalid
        self._lists.wait()
        try:
            with translated(*passed_on):
                found = self._client().list_users(UserPoolId=self._user_pool_id, Limit=PAGE_USERS, **start)
        except ClientError as exc:
            raise CursorExpired from exc
        return _read_users(found["Users"]), found.get("PaginationToken")

    def has_user(self, sub: str) -> bool:
        """Return whether the pool has this user.

        One request; two for a federated user, whose username is not their sub, and for one who is gone.
        """
        self._lookups.wait()
        try:
            if self._directory.find(sub) is not None:
                return True
        except UnreadableUser:
            return True
        self._lists.wait()
        with translated():
            found = self._client().list_users(UserPoolId=self._user_pool_id, Filter=f'sub = "{sub}"', Limit=1)
        return bool(found["Users"])

    def delete_unconfirmed(self, user: DirectoryUser) -> bool:
        """Delete an account that is still unconfirmed. Return False if it is not, or is gone.

        Cognito has no conditional delete, so the account is looked up right before. If its owner confirms it between
        the two calls, which takes some 50 ms, the account is lost and its owner has to sign up again.
        """
        self._lookups.wait()
        try:
            found = self._directory.find(user.username)
        except UnreadableUser:
            return False
        if found is None or (found.sub, found.status) != (user.sub, UNCONFIRMED):
            return False
        self._changes.wait()
        try:
            with translated(_NOT_FOUND):
                self._client().admin_delete_user(UserPoolId=self._user_pool_id, Username=user.username)
        except ClientError:
            return False
        return True

    def delete_attributes(self, user: DirectoryUser, names: Sequence[str]) -> bool:
        """Delete these attributes of a user. Return False if the user is gone."""
        self._changes.wait()
        try:
            with translated(_NOT_FOUND):
                self._client().admin_delete_user_attributes(
                    UserPoolId=self._user_pool_id, Username=user.username, UserAttributeNames=names
                )
        except ClientError:
            return False
        return True


def _read_users(found: Iterable[Mapping[str, Any]]) -> list[DirectoryUser]:
    """Return the users of a page. One that cannot be read is logged and left out: it must not end a walk."""
    users = []
    for user in found:
        try:
            users.append(to_user(user.get("Attributes", ()), user))
        except UnreadableUser as exc:
            logs.failure("user not readable", exc)
    return [user for user in users if user.sub and user.username]
