"""Authentication: from the claims of a request context to a Caller.

API Gateway has verified signature, expiry and issuer of the token. This module checks the rest: that it is an ID token,
and that it was issued to a client of this application.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.errors import Unauthorized
from chalicelib.core.identity import Caller, get_claims
from chalicelib.core.settings import Settings


def authenticate(request_context: Mapping[str, Any], settings: Settings) -> Caller:
    """Return the caller of a request, from `event["requestContext"]`.

    Raises Unauthorized unless the claims are those of an ID token of this user pool and of one of its clients. Raises
    SettingsError if these are not configured.
    """
    trust = settings.token_trust
    claims = get_claims(request_context)
    if claims.get("token_use") != "id" or not claims.get("exp"):  # API Gateway has compared `exp`, if present
        raise Unauthorized
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub:
        raise Unauthorized
    issuer_pool_id = str(claims.get("iss", "")).rpartition("/")[2]
    if claims.get("aud") not in trust.client_ids or issuer_pool_id != trust.user_pool_id:
        raise Unauthorized
    return Caller(sub, str(claims.get("cognito:username") or sub), claims)
