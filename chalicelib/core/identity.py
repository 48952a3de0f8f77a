"""The identity of a caller, from the claims of an ID token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

_CLAIM_TIME_FORMAT: Final = "%a %b %d %H:%M:%S UTC %Y"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user.

    `sub` is the key of the profile. `username` identifies the user in the user pool. Both are equal, except for a
    federated user, whose username begins with the name of the identity provider. `claims` are the claims of the ID
    token, each a string. They are empty for a caller without a token.
    """

    sub: str
    username: str
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def token_issued_at(self) -> datetime | None:
        """Return the time in the `iat` claim, to the second, or None if it cannot be parsed.

        API Gateway passes a date text such as `Fri Jul 29 18:52:53 UTC 2016`. Other gateways pass seconds.
        """
        text = str(self.claims.get("iat"))
        try:
            if text.isdecimal():
                return datetime.fromtimestamp(int(text), UTC)
            return datetime.strptime(text, _CLAIM_TIME_FORMAT).replace(tzinfo=UTC)
        except (OverflowError, ValueError):
            return None


def get_claims(request_context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the authorizer's claims in a request context. Empty if there are none."""
    claims = (request_context.get("authorizer") or {}).get("claims")
    return claims if isinstance(claims, Mapping) else {}
