"""The rules: check a sign-up, create from it, heal, read, change. Speaks to a repository and a directory."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from pydantic import ValidationError

from chalicelib import logs
from chalicelib.auth import Caller
from chalicelib.cognito import UserDirectory
from chalicelib.errors import (
    ApiError,
    BackendFailed,
    Conflict,
    FieldError,
    Invalid,
    NotFound,
    PreconditionFailed,
    SignUpRefused,
)
from chalicelib.logs import Metric
from chalicelib.models import (
    EDITABLE,
    ERASABLE,
    OWNED_RULE,
    SERVER_OWNED,
    Profile,
    ProfilePatch,
    ProfileReplacement,
    SelfSignUp,
    ServerOwned,
    SignUp,
    field_errors,
    parse,
)
from chalicelib.preconditions import ANY_VERSION, Preconditions
from chalicelib.repository import Mismatch, ProfileRepository, Value
from chalicelib.values import is_older_than

Change: TypeAlias = ProfileReplacement | ProfilePatch


def check_sign_up(attributes: Mapping[str, str], *, by_the_person: bool, minimum_age: int = 0) -> None:
    """Refuse a sign-up whose attributes break a rule, before there is an account.

    A person has to fill in the whole form. An administrator or an identity provider may know less of
    them, but what they bring must be valid. Raises SignUpRefused, with every problem at once.
    """
    errors = _too_young(attributes, minimum_age)
    try:
        (SelfSignUp if by_the_person else SignUp).model_validate(attributes)
    except ValidationError as exc:
        errors = [*field_errors(exc), *errors]
    if errors:
        logs.event("sign-up refused", logging.WARNING, wrong=[error.pointer for error in errors])
        logs.count(Metric.SIGN_UP_REFUSED)
        raise SignUpRefused(errors)


def _too_young(attributes: Mapping[str, str], minimum_age: int) -> list[FieldError]:
    """Return the error of a valid date of birth that is too recent. Empty without a minimum."""
    birth_date = SignUp.salvage(attributes)[0].dob if minimum_age else None
    if birth_date is None or is_older_than(birth_date, minimum_age):
        return []
    return [FieldError("/custom:dob", f"must be at least {minimum_age} years ago")]


def from_sign_up(user_id: str, sign_up: SignUp) -> Profile:
    """The first profile of a user."""
    now = datetime.now(UTC)
    return Profile(id=user_id, created_at=now, updated_at=now, version=1, **sign_up.model_dump())


def store_sign_up(repository: ProfileRepository, user_id: str, attributes: Mapping[str, str]) -> None:
    """Store the profile of a user who has just signed up; one who has a profile keeps it as it is.

    The account exists already, so nothing here may fail the sign-up: an attribute that breaks a rule is
    left out, and a storage fault is logged. Both are told of in the log.
    """
    sign_up, wrong = SignUp.salvage(attributes)
    if wrong:
        logs.event("attributes left out", logging.WARNING, wrong=[error.pointer for error in wrong])
    profile = from_sign_up(user_id, sign_up)
    try:
        stored = repository.create(profile)
    except BackendFailed as exc:
        logs.failure("profile not stored", exc)
        logs.count(Metric.PROFILE_WRITE_FAILED)
        return
    if stored is profile:
        logs.event("profile created")
        logs.count(Metric.PROFILE_CREATED)
    else:
        logs.event("profile existed")


def end_sessions(directory: UserDirectory, username: str) -> None:
    """End the sessions of a user who has reset the password: somebody else may have known the old one.

    Nothing here may fail the reset. A failure is logged and counted.
    """
    try:
        directory.sign_out(username)
    except BackendFailed as exc:
        logs.failure("sessions not ended", exc)
        logs.count(Metric.SIGN_OUT_FAILED)
    else:
        logs.event("sessions ended")


def follow_contact(
    repository: ProfileRepository, directory: UserDirectory, caller: Caller, attributes: Mapping[str, str]
) -> None:
    """Update the profile's email and phone number at a sign-in, if they have changed in the pool.

    The attributes of the sign-in show whether there is anything to do, which is rare. Nothing here may fail the
    sign-in.
    """
    try:
        stored = repository.get(caller.sub)
        if stored is not None and _changed_contact(stored, attributes):
            _update_contact(repository, directory, caller, stored)
    except BackendFailed as exc:
        _log_contact_failure(exc)


def _with_contact_of_token(
    repository: ProfileRepository, directory: UserDirectory, caller: Caller, stored: Profile
) -> Profile:
    """Return the profile, its contact data updated if those in the caller's ID token are newer.

    A token refresh fires no trigger: without this an address would stay old as long as a session lasts. A token that
    was issued before the stored data changes nothing, and costs the pool no call. Nothing here may fail the request.
    """
    if not _may_differ(stored, caller.claims) or not _changed_contact(stored, caller.claims):
        return stored
    try:
        as_of, issued_at = repository.contact_as_of(caller.sub), caller.token_issued_at
        if as_of and issued_at and issued_at <= as_of:
            return stored
        return _update_contact(repository, directory, caller, stored) or stored
    except BackendFailed as exc:
        _log_contact_failure(exc)
        return stored


def _may_differ(stored: Profile, claims: Mapping[str, Any]) -> bool:
    """Return whether contact data in a token differs from the profile. Cheap: each request asks."""
    email, phone_number = claims.get("email"), claims.get("phone_number")
    return (
        (email is not None and email != stored.email)
        or (phone_number is not None and phone_number != stored.phone_number)
        or (not stored.email_verified and claims.get("email_verified") == "true")
        or (not stored.phone_number_verified and claims.get("phone_number_verified") == "true")
    )


def _changed_contact(stored: Profile, attributes: Mapping[str, Any]) -> Mapping[str, Value]:
    """Return the contact data that the profile should take over.

    An address replaces the stored one if it is verified, or if the stored one is not verified either.
    """
    current = SignUp.salvage(attributes)[0]
    changed: dict[str, Value] = {}
    for address, mark in (("email", "email_verified"), ("phone_number", "phone_number_verified")):
        new = (getattr(current, address), getattr(current, mark))
        old = (getattr(stored, address), getattr(stored, mark))
        if new[0] and new != old and (new[1] or not old[1]):
            changed |= {address: new[0], mark: new[1]}
    return changed


def _update_contact(
    repository: ProfileRepository, directory: UserDirectory, caller: Caller, stored: Profile
) -> Profile | None:
    """Store what the pool has now, with its date. Return the profile, or None if nothing was stored.

    The date keeps sign-ins and requests that overtake each other from bringing an older state back.
    """
    user = directory.find(caller.username)
    changed = _changed_contact(stored, user.attributes) if user and user.sub == caller.sub else {}
    if user is None or not changed:
        return None
    profile = repository.follow_contact(caller.sub, changed, user.modified, datetime.now(UTC))
    logs.event("contact followed" if profile else "contact overtaken", fields=list(changed))
    logs.count(Metric.CONTACT_FOLLOWED, int(profile is not None))
    return profile


def _log_contact_failure(exc: BackendFailed) -> None:
    logs.failure("contact not followed", exc)
    logs.count(Metric.CONTACT_WRITE_FAILED)


def read(repository: ProfileRepository, directory: UserDirectory, caller: Caller) -> Profile:
    """The caller's profile, healed if it is missing, with the contact data of their token. Raises NotFound."""
    stored = repository.get(caller.sub)
    if stored is None:
        return heal(repository, directory, caller)
    return _with_contact_of_token(repository, directory, caller, stored)


def heal(repository: ProfileRepository, directory: UserDirectory, caller: Caller) -> Profile:
    """The missing profile of an account that exists, made from what the pool knows of it.

    So come by theirs whose sign-up met a storage fault, and whom an administrator, an import or an
    identity provider brought into the pool. Of concurrent calls one creates. Raises NotFound for a user
    who is gone from the pool, or disabled.
    """
    user = directory.find(caller.username)
    if user is None or user.sub != caller.sub or not user.is_good:
        raise NotFound("There is no profile for this user.")
    sign_up, wrong = SignUp.salvage(user.attributes)
    profile = from_sign_up(caller.sub, sign_up)
    stored = repository.create(profile)
    if stored is profile:
        logs.event("profile healed", logging.WARNING, wrong=[error.pointer for error in wrong])
        logs.count(Metric.PROFILE_HEALED)
    return stored


def change(
    repository: ProfileRepository,
    directory: UserDirectory,
    caller: Caller,
    kind: type[Change],
    data: Any,
    preconditions: Preconditions,
) -> Profile:
    """Change what the owner may edit by decoded JSON of this kind; a missing profile is healed first.

    Raises NotFound; PreconditionFailed; Conflict where the body is of an older version than the stored
    profile; Invalid where it breaks a rule, changes what the server owns, or erases the name: each such
    field is named.
    """
    try:
        body = parse(kind, data)
    except Invalid as exc:
        owned = _comparable(data, exc)
        if owned is None and preconditions == ANY_VERSION:
            raise
        stored = read(repository, directory, caller)
        if not preconditions.allow(stored.version):
            raise PreconditionFailed from exc
        raise Invalid(errors=[*exc.errors, *_wrong(stored, owned.sent() if owned else {})]) from exc
    try:
        changed = _update(repository, caller, body, preconditions)
    except NotFound:
        heal(repository, directory, caller)
        changed = _update(repository, caller, body, preconditions)
    return _with_contact_of_token(repository, directory, caller, changed)


def _update(repository: ProfileRepository, caller: Caller, body: Change, preconditions: Preconditions) -> Profile:
    editable = body.editable()
    changes = {name: value for name, value in editable.items() if value is not None or name in ERASABLE}
    expected = body.sent() | {name: None for name in editable if name not in changes}
    if preconditions.none_match and preconditions.none_match.any:
        raise PreconditionFailed  # there is a profile, or there will be one in a moment
    try:
        return repository.update(caller.sub, changes, expected, datetime.now(UTC), preconditions)
    except Mismatch as exc:
        raise _refusal(exc.stored, expected, preconditions) from exc


def _comparable(data: Any, known: Invalid) -> ServerOwned | None:
    """What an invalid body sends of the server's fields and is not refused for yet; None if that is nothing."""
    named = {error.pointer for error in known.errors}
    sent = {name: data[name] for name in SERVER_OWNED if isinstance(data, dict) and name in data}
    left = {name: value for name, value in sent.items() if f"/{name}" not in named}
    return parse(ServerOwned, left) if left else None


def _refusal(stored: Profile | None, expected: Mapping[str, Value], preconditions: Preconditions) -> ApiError:
    if stored is None:
        return NotFound("There is no profile for this user.")
    if not preconditions.allow(stored.version):
        return PreconditionFailed()
    errors = _wrong(stored, expected)
    return Invalid(errors=errors) if errors and not _is_older(stored, expected) else Conflict()


def _wrong(stored: Profile, expected: Mapping[str, Value]) -> list[FieldError]:
    """The fields that are not stored as expected; being overtaken by another change is not their fault."""
    overtaken = ("version", "updated_at") if _is_older(stored, expected) else ()
    differing = (name for name, value in expected.items() if getattr(stored, name) != value)
    return [FieldError(f"/{name}", _rule(name)) for name in differing if name not in overtaken]


def _is_older(stored: Profile, expected: Mapping[str, Value]) -> bool:
    version, updated_at = expected.get("version"), expected.get("updated_at")
    return (isinstance(version, int) and version < stored.version) or (
        isinstance(updated_at, datetime) and updated_at < stored.updated_at
    )


def _rule(name: str) -> str:
    return "must not be null" if name in EDITABLE else OWNED_RULE
