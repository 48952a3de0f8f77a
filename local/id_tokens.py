"""The Cognito authorizer of `chalice local`: it accepts the tokens that API Gateway accepts.

These are ID tokens of the pool, signed by one of its published keys with RS256, and not expired.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jwt

from chalicelib.errors import Unauthenticated, Unavailable

_KEYS_KEPT: Final = 300  # seconds
_TIMEOUT: Final = 5  # seconds

MISSING: Final = "There is no token. Send the header Authorization: Bearer <ID token>."
MALFORMED: Final = "The token is malformed: it is not a JWT."
OTHER_POOL: Final = "The token is from another user pool."
OTHER_CLIENT: Final = "The token is from another app client."
ACCESS_TOKEN: Final = "This is an access token. Send the ID token."
NO_ID_TOKEN: Final = "This is not an ID token."
EXPIRED: Final = "The token has expired. Refresh it, or sign in again."
NOT_YET_VALID: Final = "The token is not valid yet."
BAD_SIGNATURE: Final = "The signature was not made with a key of the user pool."


class TokenRefused(Unauthenticated):
    """A token that the authorizer refuses. The problem says why, which the deployed API does not do."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def problem(self, request_id: str, types: str) -> dict[str, Any]:
        return {**super().problem(request_id, types), "reason": self.reason}


def verify(header: str, pool_arn: str) -> dict[str, Any]:
    """Return the claims of an Authorization header's ID token. The word Bearer may be left out.

    Raises TokenRefused, and Unavailable if the pool's keys can't be read.
    """
    token = _token(header)
    issuer = _issuer(pool_arn)
    _require_id_token(token, issuer)
    try:
        key = _keys(issuer).get_signing_key_from_jwt(token)
        # An ID token is made for one client. The application checks which.
        options: Any = {"require": ["exp", "iat", "iss", "sub", "token_use"], "verify_aud": False}
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, options=options)
    except jwt.PyJWKClientConnectionError as exc:
        raise Unavailable from exc
    except jwt.PyJWTError as exc:
        raise TokenRefused(_reason(exc)) from exc
    return claims


def _token(header: str) -> str:
    scheme, _, rest = header.strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else header.strip()
    if not token:
        raise TokenRefused(MISSING)
    return token


def _issuer(pool_arn: str) -> str:
    region, pool_id = pool_arn.split(":")[3], pool_arn.rpartition("/")[2]
    return f"https://cognito-idp.{region}.amazonaws.com/{pool_id}"


def _require_id_token(token: str, issuer: str) -> None:
    """Raise TokenRefused if the token does not say that it is an ID token of the pool."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as exc:
        raise TokenRefused(MALFORMED) from exc
    if claims.get("iss") != issuer:
        raise TokenRefused(OTHER_POOL)
    if claims.get("token_use") != "id":
        raise TokenRefused(ACCESS_TOKEN if claims.get("token_use") == "access" else NO_ID_TOKEN)


def _reason(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return EXPIRED
        case jwt.ImmatureSignatureError():
            return NOT_YET_VALID
        case jwt.MissingRequiredClaimError():
            return f"The token has no {error.claim}."
    return BAD_SIGNATURE


@cache
def _keys(issuer: str) -> jwt.PyJWKClient:
    """The pool's published keys, from the embedded AWS where there is one, else from the cloud."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    base = f"{endpoint}/{issuer.rpartition('/')[2]}" if endpoint else issuer
    return jwt.PyJWKClient(f"{base}/.well-known/jwks.json", lifespan=_KEYS_KEPT, timeout=_TIMEOUT)


def as_texts(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return claims as the authorizer passes them on: each a text, times as dates."""
    return {name: _text(name, value) for name, value in claims.items()}


def _text(name: str, value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() if name in ("exp", "iat", "auth_time"):
            return datetime.fromtimestamp(value, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
        case list():
            return ",".join(map(str, value))
    return str(value)
