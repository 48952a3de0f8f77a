"""The Cognito authorizer of `chalice local`. It accepts the tokens that API Gateway accepts.

These are ID tokens of the user pool that are signed with RS256 by one of its published keys, and that are not expired.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import jwt

from chalicelib.core.errors import ServiceUnavailable, Unauthorized

_JWKS_CACHE_SECONDS: Final = 300
_JWKS_TIMEOUT_SECONDS: Final = 5
_DATE_CLAIMS: Final = ("exp", "iat")

MISSING: Final = "There is no token. Send the header Authorization: Bearer <ID token>."
MALFORMED: Final = "The token is malformed: it is not a JWT."
OTHER_POOL: Final = "The token is from another user pool."
OTHER_CLIENT: Final = "The token is from another app client."
ACCESS_TOKEN: Final = "This is an access token. Send the ID token."
NO_ID_TOKEN: Final = "This is not an ID token."
EXPIRED: Final = "The token has expired. Refresh it, or sign in again."
NOT_YET_VALID: Final = "The token is not valid yet."
BAD_SIGNATURE: Final = "The signature was not made with a key of the user pool."


class TokenRejected(Unauthorized):
    """The authorizer rejects the token. The problem includes the reason, which the deployed API does not return."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def to_problem(self, request_id: str, types_url: str) -> dict[str, Any]:
        """Return the problem details with the reason."""
        return {**super().to_problem(request_id, types_url), "reason": self.reason}


def verify_id_token(header: str, pool_arn: str) -> dict[str, Any]:
    """Return the claims of the ID token in an Authorization header. The scheme `Bearer` is optional.

    Raises TokenRejected if the token is invalid, and ServiceUnavailable if the keys cannot be read.
    """
    token = _get_token(header)
    issuer = _get_issuer(pool_arn)
    _require_id_token(token, issuer)
    try:
        key = _jwks_client(issuer).get_signing_key_from_jwt(token)
        # An ID token is issued to one app client. The application checks the client.
        options: Any = {"require": ["exp", "iat", "iss", "sub", "token_use"], "verify_aud": False}
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, options=options)
    except jwt.PyJWKClientConnectionError as exc:
        raise ServiceUnavailable from exc
    except jwt.PyJWTError as exc:
        raise TokenRejected(_describe_error(exc)) from exc
    return claims


def _get_token(header: str) -> str:
    scheme, _, rest = header.strip().partition(" ")
    token = rest.strip() if scheme.lower() == "bearer" else header.strip()
    if not token:
        raise TokenRejected(MISSING)
    return token


def _get_issuer(pool_arn: str) -> str:
    region, pool_id = pool_arn.split(":")[3], pool_arn.rpartition("/")[2]
    return f"https://cognito-idp.{region}.amazonaws.com/{pool_id}"


def _require_id_token(token: str, issuer: str) -> None:
    """Raise TokenRejected if the claims are not those of an ID token of the user pool. Verifies no signature."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as exc:
        raise TokenRejected(MALFORMED) from exc
    if claims.get("iss") != issuer:
        raise TokenRejected(OTHER_POOL)
    if claims.get("token_use") != "id":
        raise TokenRejected(ACCESS_TOKEN if claims.get("token_use") == "access" else NO_ID_TOKEN)


def _describe_error(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return EXPIRED
        case jwt.ImmatureSignatureError():
            return NOT_YET_VALID
        case jwt.MissingRequiredClaimError():
            return f"The token has no {error.claim}."
    return BAD_SIGNATURE


@cache
def _jwks_client(issuer: str) -> jwt.PyJWKClient:
    """Return a client for the published keys of the user pool, at AWS_ENDPOINT_URL if it is set."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    base = f"{endpoint}/{issuer.rpartition('/')[2]}" if endpoint else issuer
    url = f"{base}/.well-known/jwks.json"
    return jwt.PyJWKClient(url, lifespan=_JWKS_CACHE_SECONDS, timeout=_JWKS_TIMEOUT_SECONDS)


def stringify_claims(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims as API Gateway passes them to the function: all values are strings.

    `exp` and `iat` are dates. `auth_time` is the number of seconds since 1970.
    """
    return {name: _stringify_claim(name, value) for name, value in claims.items()}


def _stringify_claim(name: str, value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() if name in _DATE_CLAIMS:
            return datetime.fromtimestamp(value, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
        case list():
            return ",".join(map(str, value))
    return str(value)
