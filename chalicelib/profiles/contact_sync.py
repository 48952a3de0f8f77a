"""Email and phone number follow the user pool.

Users change them in Cognito, which verifies the new address. The profile takes them over at the next sign-in, or at
the next request with a newer ID token. No error here may prevent a sign-in or a request.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.aws.user_pool import UserPool
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import UpstreamError
from chalicelib.core.identity import Caller
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.models import Profile, SignUpAttributes
from chalicelib.profiles.repository import ProfileRepository

_CONTACT_FIELDS: Final = (("email", "email_verified"), ("phone_number", "phone_number_verified"))


class ContactSync:
    """Updates the contact data of profiles from the user pool."""

    def __init__(self, repository: ProfileRepository, user_pool: UserPool) -> None:
        self._repository = repository
        self._user_pool = user_pool

    def sync_at_sign_in(self, caller: Caller, attributes: Mapping[str, str]) -> None:
        """Update the profile if the attributes of a sign-in differ from it, which is rare."""
        try:
            stored = self._repository.get_profile(caller.sub)
            if stored is not None and _changed_contact(stored, attributes):
                self._update(caller, stored)
        except AccountErased:
            logs.event("account erased already", logging.WARNING)
        except UpstreamError as exc:
            _log_failure(exc)

    def sync_from_token(self, caller: Caller, stored: Profile) -> Profile:
        """Return the profile, updated if the caller's ID token has newer contact data.

        A token refresh fires no trigger. Without this, an old address would remain as long as the session. A token that
        was issued before the stored data changes nothing, and causes no request to Cognito.
        """
        if not _may_differ(stored, caller.claims) or not _changed_contact(stored, caller.claims):
            return stored
        try:
            synced_at, issued_at = self._repository.get_contact_synced_at(caller.sub), caller.token_issued_at
            if synced_at and issued_at and issued_at <= synced_at:
                return stored
            return self._update(caller, stored) or stored
        except UpstreamError as exc:
            _log_failure(exc)
            return stored

    def _update(self, caller: Caller, stored: Profile) -> Profile | None:
        """Store the current contact data of the user pool. Return the profile, or None if nothing was written.

        The write is conditional on the user's modification date, so that concurrent sign-ins and requests cannot
        restore older data.
        """
        user = self._user_pool.get_user(caller.username)
        changed = _changed_contact(stored, user.attributes) if user and user.sub == caller.sub else {}
        if user is None or not changed:
            return None
        profile = self._repository.update_contact_if_newer(caller.sub, changed, user.last_modified_at, utc_now())
        logs.event("contact synced" if profile else "newer contact stored already", fields=list(changed))
        add_metric(Metric.CONTACT_SYNCED, int(profile is not None))
        return profile


def _may_differ(stored: Profile, claims: Mapping[str, Any]) -> bool:
    """Return True if contact data in a token may differ from the profile.

    Each request calls this, so it parses nothing.
    """
    email, phone_number = claims.get("email"), claims.get("phone_number")
    return (
        (email is not None and email != stored.email)
        or (phone_number is not None and phone_number != stored.phone_number)
        or (not stored.email_verified and claims.get("email_verified") == "true")
        or (not stored.phone_number_verified and claims.get("phone_number_verified") == "true")
    )


def _changed_contact(stored: Profile, attributes: Mapping[str, Any]) -> Mapping[str, FieldValue]:
    """Return the contact fields to update.

    An address replaces the stored one if it is verified, or if the stored one is not verified either.
    """
    current = SignUpAttributes.parse_lenient(attributes)[0]
    changed: dict[str, FieldValue] = {}
    for address_field, verified_field in _CONTACT_FIELDS:
        address, is_verified = getattr(current, address_field), getattr(current, verified_field)
        stored_address, is_stored_verified = getattr(stored, address_field), getattr(stored, verified_field)
        is_new = (address, is_verified) != (stored_address, is_stored_verified)
        if address and is_new and (is_verified or not is_stored_verified):
            changed |= {address_field: address, verified_field: is_verified}
    return changed


def _log_failure(exc: UpstreamError) -> None:
    logs.error("contact not synced", exc)
    add_metric(Metric.CONTACT_WRITE_FAILED)
