"""Claims -> Caller, and who may do what. Takes a dict, never app.current_request.

API Gateway has checked signature, expiry and issuer. What it leaves open is checked here: that it is an
ID token, and one that was made for a client of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.settings import Settings

ME: Final = "me"  # stands for the caller's own id in a path
_CLAIM_TIME: Final = "%a %b %d %H:%M:%S UTC %Y"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: `sub`, the key of their profile, and `username`, by which the pool finds them.

    The two are the same but for a federated user, whose username begins with their provider's name. `claims` are
    those of the ID token, each a text; empty for a caller without a token.
    """

    sub: str
    username: str
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def token_issued_at(self) -> datetime | None:
        """Return the time in the token's `iat`, to the second, or None if it cannot be read.

        API Gateway passes it on as a date text, `Fri Jul 29 18:52:53 UTC 2016`; others as seconds.
        """
        text = str(self.claims.get("iat"))
        try:
            if text.isdecimal():
                return datetime.fromtimestamp(int(text), UTC)
            return datetime.strptime(text, _CLAIM_TIME).replace(tzinfo=UTC)
        except (OverflowError, ValueError):
            return None


def claims_of(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The authorizer's claims in a request context; empty where there are none."""
    claims = (context.get("authorizer") or {}).get("claims")
    return claims if isinstance(claims, Mapping) else {}


def identify(context: Mapping[str, Any], settings: Settings) -> Caller:
    """The caller of a request, from its request context (`event["requestContext"]`).

    Raises Unauthenticated unless the authorizer's claims are those of an ID token of this pool and of one
    of its clients, and SettingsError where nobody has said which these are.
    """
    pool_id, client_ids = settings.trusted
    claims = claims_of(context)
    if claims.get("token_use") != "id" or not claims.get("exp"):  # its expiry was checked if it has one
        raise Unauthenticated
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub:
        raise Unauthenticated
    if claims.get("aud") not in client_ids or str(claims.get("iss", "")).rpartition("/")[2] != pool_id:
        raise Unauthenticated
    return Caller(sub, str(claims.get("cognito:username") or sub), claims)


def only_own(caller: Caller, requested: str) -> Caller:
    """The caller again, if the path's id is theirs or `me`.

    Raises Forbidden for anybody else's, before anything is looked up: whether it exists is not told.
    """
    if requested not in (ME, caller.sub):
        raise Forbidden
    return caller
