"""The users of a Cognito user pool."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from pydantic import ValidationError

from chalicelib.aws.errors import translate_errors
from chalicelib.core.errors import UnreadableUser
from chalicelib.core.validation import InternalModel

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient

USER_NOT_FOUND: Final = "UserNotFoundException"
UNCONFIRMED: Final = "UNCONFIRMED"
# The owner has neither confirmed a code nor signed in with the temporary password of an invitation.
_UNPROVEN_STATUSES: Final = frozenset({UNCONFIRMED, "FORCE_CHANGE_PASSWORD"})


class PoolUser(InternalModel):
    """A user in a user pool."""

    attributes: dict[str, str]
    enabled: bool
    status: str  # CONFIRMED, EXTERNAL_PROVIDER, UNCONFIRMED, FORCE_CHANGE_PASSWORD, ...
    last_modified_at: datetime
    username: str = ""
    created_at: datetime | None = None
    mfa: tuple[str, ...] = ()  # SOFTWARE_TOKEN_MFA, ...

    @property
    def sub(self) -> str:
        """Return the user's id. Empty if Cognito has not returned it."""
        return self.attributes.get("sub", "")

    @property
    def is_active(self) -> bool:
        """Return True if the account is enabled and its owner has confirmed it or has signed in."""
        return self.enabled and self.status not in _UNPROVEN_STATUSES


class UserPool:
    """The users of one user pool.

    The client is created at the first call, because most requests need none (docs/performance.md).
    """

    def __init__(self, client: "Callable[[], CognitoIdentityProviderClient]", user_pool_id: str) -> None:
        self._client = client
        self._user_pool_id = user_pool_id

    def get_user(self, username: str) -> PoolUser | None:
        """Return the current state of a user, or None. One request. Raises UnreadableUser."""
        try:
            with translate_errors(USER_NOT_FOUND):
                response = self._client().admin_get_user(UserPoolId=self._user_pool_id, Username=username)
        except ClientError:
            return None
        return to_pool_user(response.get("UserAttributes", ()), response)

    def sign_out(self, username: str) -> None:
        """Revoke all refresh and access tokens of a user. A deleted user has none. One request.

        ID tokens remain valid until they expire: API Gateway does not check revocation.
        """
        try:
            with translate_errors(USER_NOT_FOUND):
                self._client().admin_user_global_sign_out(UserPoolId=self._user_pool_id, Username=username)
        except ClientError:
            return

    def disable(self, username: str) -> None:
        """Disable a user, who can no longer sign in. A deleted user remains deleted. One request."""
        try:
            with translate_errors(USER_NOT_FOUND):
                self._client().admin_disable_user(UserPoolId=self._user_pool_id, Username=username)
        except ClientError:
            return

    def delete(self, username: str) -> None:
        """Delete a user. A missing user is not an error. One request."""
        try:
            with translate_errors(USER_NOT_FOUND):
                self._client().admin_delete_user(UserPoolId=self._user_pool_id, Username=username)
        except ClientError:
            return


def to_pool_user(attributes: Iterable[Any], response: Mapping[str, Any]) -> PoolUser:
    """Convert a user in a response. The attributes have a different key in each operation. Raises UnreadableUser."""
    try:
        return PoolUser(
            attributes={pair["Name"]: pair.get("Value", "") for pair in attributes},
            enabled=response["Enabled"],
            status=response["UserStatus"],
            last_modified_at=response["UserLastModifiedDate"],
            username=response.get("Username", ""),
            created_at=response.get("UserCreateDate"),
            mfa=response.get("UserMFASettingList", ()),
        )
    except (AttributeError, LookupError, TypeError, ValidationError) as exc:
        raise UnreadableUser from exc
