"""The rules: create from a sign-up, read, replace. Speaks to a repository and knows no AWS."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib import logs
from chalicelib.errors import ApiError, Conflict, FieldError, Invalid, NotFound, StorageFailed
from chalicelib.models import (
    EDITABLE,
    OWNED_RULE,
    SERVER_OWNED,
    Profile,
    ProfileReplacement,
    ServerOwned,
    SignUp,
    parse,
)
from chalicelib.repository import Mismatch, ProfileRepository, Value


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
    try:
        created = repository.create(from_sign_up(user_id, sign_up))
    except StorageFailed as exc:
        logs.failure("profile not stored", exc)
    else:
        logs.event("profile created" if created else "profile existed")


def read(repository: ProfileRepository, user_id: str) -> Profile:
    """Raises NotFound."""
    profile = repository.get(user_id)
    if profile is None:
        raise NotFound("There is no profile for this user.")
    return profile


def replace(repository: ProfileRepository, user_id: str, data: Any) -> Profile:
    """Replace what the owner may edit by decoded JSON, a ProfileReplacement.

    Raises NotFound; Conflict where the body is of an older version than the stored profile; Invalid
    where it breaks a rule, changes what the server owns, or erases a value: each such field is named.
    """
    try:
        body = parse(ProfileReplacement, data)
    except Invalid as exc:
        raise Invalid(errors=[*exc.errors, *_changes_of_what_is_owned(repository, user_id, data, exc)]) from exc
    editable = body.editable()
    expected = body.sent() | {name: None for name, value in editable.items() if value is None}
    changes = {name: value for name, value in editable.items() if value is not None}
    try:
        return repository.update(user_id, changes, expected, datetime.now(UTC))
    except Mismatch as exc:
        raise _refusal(exc.stored, expected) from exc


def _changes_of_what_is_owned(
    repository: ProfileRepository, user_id: str, data: Any, known: Invalid
) -> list[FieldError]:
    """What else is wrong with an invalid body. Asks for the stored profile only if there is something to compare."""
    named = {error.pointer for error in known.errors}
    sent = {name: data[name] for name in SERVER_OWNED if isinstance(data, dict) and name in data}
    comparable = {name: value for name, value in sent.items() if f"/{name}" not in named}
    if not comparable:
        return []
    expected = parse(ServerOwned, comparable).sent()
    return _wrong(read(repository, user_id), expected)


def _refusal(stored: Profile | None, expected: Mapping[str, Value]) -> ApiError:
    if stored is None:
        return NotFound("There is no profile for this user.")
    return Conflict() if _is_older(stored, expected) else Invalid(errors=_wrong(stored, expected))


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
