"""Reading and updating profiles."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.aws.user_pool import UserPool
from chalicelib.core import logs
from chalicelib.core.clock import utc_now
from chalicelib.core.errors import (
    ApiError,
    Conflict,
    FieldError,
    NotFound,
    PreconditionFailed,
    UnprocessableContent,
)
from chalicelib.core.identity import Caller
from chalicelib.core.metrics import Metric, add_metric
from chalicelib.core.preconditions import NO_PRECONDITIONS, Preconditions
from chalicelib.core.validation import parse_body
from chalicelib.profiles.contact_sync import ContactSync
from chalicelib.profiles.models import (
    EDITABLE_FIELDS,
    ERASABLE_FIELDS,
    READ_ONLY_FIELDS,
    READ_ONLY_MESSAGE,
    Profile,
    ProfilePatch,
    ProfileReplacement,
    ReadOnlyFields,
    SignUpAttributes,
    build_profile,
)
from chalicelib.profiles.repository import ProfileConditionFailed, ProfileRepository

ProfileUpdate: TypeAlias = ProfileReplacement | ProfilePatch


class ProfileService:
    """The profile of a caller."""

    def __init__(self, repository: ProfileRepository, user_pool: UserPool) -> None:
        self._repository = repository
        self._user_pool = user_pool
        self._contact_sync = ContactSync(repository, user_pool)

    def get_profile(self, caller: Caller) -> Profile:
        """Return the caller's profile with current contact data. Provision it if it is missing. Raises NotFound."""
        stored = self._repository.get_profile(caller.sub)
        if stored is None:
            return self.provision_missing_profile(caller)
        return self._contact_sync.sync_from_token(caller, stored)

    def require_not_erased(self, caller: Caller) -> None:
        """Raise AccountErased if the caller's account is being erased, or was erased."""
        self._repository.require_not_erased(caller.sub)

    def provision_missing_profile(self, caller: Caller) -> Profile:
        """Create the missing profile of an existing account from its attributes in the user pool.

        Covers users whose profile could not be written at sign-up, and users created by an administrator, an import or
        an identity provider. Of concurrent calls, one creates the profile. Raises NotFound if the account no longer
        exists or is disabled.
        """
        user = self._user_pool.get_user(caller.username)
        if user is None or user.sub != caller.sub or not user.is_active:
            raise NotFound("There is no profile for this user.")
        attributes, errors = SignUpAttributes.parse_lenient(user.attributes)
        profile, created = self._repository.create_if_absent(build_profile(caller.sub, attributes))
        if created:
            logs.event("profile provisioned", logging.WARNING, invalid=[error.pointer for error in errors])
            add_metric(Metric.PROFILE_PROVISIONED)
        return profile

    def update_profile(
        self, caller: Caller, model: type[ProfileUpdate], data: Any, preconditions: Preconditions
    ) -> Profile:
        """Update the caller's profile with decoded JSON of this model. Provision a missing profile first.

        Raises NotFound or PreconditionFailed. Raises Conflict if the body is older than the stored profile. Raises
        UnprocessableContent if it violates a rule, changes a read-only field or erases the name.
        """
        try:
            body = parse_body(model, data)
        except UnprocessableContent as exc:
            raise self._complete_errors(caller, data, exc, preconditions) from exc
        try:
            updated = self._update(caller, body, preconditions)
        except NotFound:
            self.provision_missing_profile(caller)
            updated = self._update(caller, body, preconditions)
        return self._contact_sync.sync_from_token(caller, updated)

    def _update(self, caller: Caller, body: ProfileUpdate, preconditions: Preconditions) -> Profile:
        values = body.editable_values()
        changes = {name: value for name, value in values.items() if value is not None or name in ERASABLE_FIELDS}
        # A field that may not be erased can be null only if it is not stored.
        expected = body.provided() | {name: None for name in values if name not in changes}
        if preconditions.if_none_match and preconditions.if_none_match.is_wildcard:
            raise PreconditionFailed  # the profile exists or is about to be provisioned
        try:
            return self._repository.update_fields(caller.sub, changes, expected, utc_now(), preconditions)
        except ProfileConditionFailed as exc:
            raise _error_for_failed_condition(exc.stored, expected, preconditions) from exc

    def _complete_errors(
        self, caller: Caller, data: Any, error: UnprocessableContent, preconditions: Preconditions
    ) -> ApiError:
        """Return the error of an invalid body, with an entry for each read-only field that differs from the profile.

        Preconditions take precedence over validation.
        """
        read_only = _unchecked_read_only_fields(data, error)
        if read_only is None and preconditions == NO_PRECONDITIONS:
            return error
        stored = self.get_profile(caller)
        if not preconditions.permits_write(stored.version):
            return PreconditionFailed()
        mismatches = _mismatched_field_errors(stored, read_only.provided() if read_only else {})
        return UnprocessableContent(errors=[*error.errors, *mismatches])


def _unchecked_read_only_fields(data: Any, error: UnprocessableContent) -> ReadOnlyFields | None:
    """Return the read-only fields of an invalid body that have no error yet. None if there are none."""
    invalid = {field_error.pointer for field_error in error.errors}
    provided = {name: data[name] for name in READ_ONLY_FIELDS if isinstance(data, dict) and name in data}
    unchecked = {name: value for name, value in provided.items() if f"/{name}" not in invalid}
    return parse_body(ReadOnlyFields, unchecked) if unchecked else None


def _error_for_failed_condition(
    stored: Profile | None, expected: Mapping[str, FieldValue], preconditions: Preconditions
) -> ApiError:
    if stored is None:
        return NotFound("There is no profile for this user.")
    if not preconditions.permits_write(stored.version):
        return PreconditionFailed()
    errors = _mismatched_field_errors(stored, expected)
    return UnprocessableContent(errors=errors) if errors and not _is_stale(stored, expected) else Conflict()


def _mismatched_field_errors(stored: Profile, expected: Mapping[str, FieldValue]) -> list[FieldError]:
    """Return errors for fields that differ from the profile. A stale body has none for `version` and `updated_at`."""
    omitted = ("version", "updated_at") if _is_stale(stored, expected) else ()
    mismatches = (name for name, value in expected.items() if getattr(stored, name) != value)
    return [FieldError(f"/{name}", _violation_message(name)) for name in mismatches if name not in omitted]


def _is_stale(stored: Profile, expected: Mapping[str, FieldValue]) -> bool:
    version, updated_at = expected.get("version"), expected.get("updated_at")
    return (isinstance(version, int) and version < stored.version) or (
        isinstance(updated_at, datetime) and updated_at < stored.updated_at
    )


def _violation_message(name: str) -> str:
    return "must not be null" if name in EDITABLE_FIELDS else READ_ONLY_MESSAGE
