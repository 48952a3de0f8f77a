"""Authorization: the resources that a caller may access. Every rule is checked before any lookup."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from chalicelib.access.authentication import authenticate
from chalicelib.core.errors import Forbidden, RecentSignInRequired
from chalicelib.core.identity import Caller
from chalicelib.core.settings import get_settings

SELF_ALIAS: Final = "me"  # means the caller's own id in a path
MAX_SIGN_IN_AGE_SECONDS: Final = 300


def require_owner(caller: Caller, user_id: str) -> Caller:
    """Return the caller if `user_id` is their own id or `me`.

    Raises Forbidden for any other id, so the response does not reveal whether the profile exists.
    """
    if user_id not in (SELF_ALIAS, caller.sub):
        raise Forbidden
    return caller


def require_recent_sign_in(caller: Caller, now: datetime) -> None:
    """Require a sign-in within the last MAX_SIGN_IN_AGE_SECONDS. A token refresh does not count as a sign-in.

    Operations that delete data or return all of it require this. Raises RecentSignInRequired.
    """
    signed_in_at = caller.signed_in_at
    if signed_in_at is None or now - signed_in_at > timedelta(seconds=MAX_SIGN_IN_AGE_SECONDS):
        raise RecentSignInRequired(MAX_SIGN_IN_AGE_SECONDS)


def authorize_owner(request_context: Mapping[str, Any], user_id: str) -> Caller:
    """Authenticate the caller and require that the profile in the path is their own.

    `user_id` is the path parameter as API Gateway passes it, URL-encoded. Raises Unauthorized or Forbidden.
    """
    return require_owner(authenticate(request_context, get_settings()), unquote(user_id))
