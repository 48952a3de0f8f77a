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
        """Return the time in the `iat` claim, or None if it cannot be parsed."""
        return self._get_time("iat")

    @property
    def signed_in_at(self) -> datetime | None:
        """Return the time in the `auth_time` claim, or None. A token refresh does not change it."""
        return self._get_time("auth_time")

    def _get_time(self, claim: str) -> datetime | None:
        """Return the time in a claim, to the second.

        API Gateway passes `iat` as a date text such as `Fri Jul 29 18:52:53 UTC 2016`, and `auth_time` as seconds.
        """
        text = str(self.claims.get(claim))
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
