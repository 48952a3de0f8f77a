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

Change: TypeAlias = ProfileReplacement | ProfilePatch


def check_sign_up(attributes: Mapping[str, str], *, by_the_person: bool) -> None:
    """Refuse a sign-up whose attributes break a rule, before there is an account.

    A person has to fill in the whole form. An administrator or an identity provider may know less of
    them, but what they bring must be valid. Raises SignUpRefused, with every problem at once.
    """
    try:
        (SelfSignUp if by_the_person else SignUp).model_validate(attributes)
    except ValidationError as exc:
        errors = field_errors(exc)
        logs.event("sign-up refused", logging.WARNING, wrong=[error.pointer for error in errors])
        logs.count(Metric.SIGN_UP_REFUSED)
        raise SignUpRefused(errors) from exc


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


def follow_contact(
    repository: ProfileRepository, directory: UserDirectory, caller: Caller, attributes: Mapping[str, str]
) -> None:
    """Let the profile follow what a user who signs in has changed and verified of their email or phone.

    The attributes of the sign-in tell whether there is anything to do, which there seldom is. What is
    taken over is the pool's record as it is now, with its date: sign-ins that overtake each other can't
    bring an older state back. An address that is not verified changes nothing, and nothing here may fail
    the sign-in.
    """
    try:
        stored = repository.get(caller.sub)
        if stored is None or not _news(stored, attributes):
            return
        user = directory.find(caller.username)
        if user and (news := _news(stored, user.attributes)):
            followed = repository.follow_contact(caller.sub, news, user.modified, datetime.now(UTC))
            logs.event("contact followed" if followed else "contact overtaken", fields=list(news))
            logs.count(Metric.CONTACT_FOLLOWED, int(followed))
    except BackendFailed as exc:
        logs.failure("contact not followed", exc)
        logs.count(Metric.CONTACT_WRITE_FAILED)


def _news(stored: Profile, attributes: Mapping[str, str]) -> Mapping[str, Value]:
    contact = SignUp.salvage(attributes)[0].verified_contact()
    return {name: value for name, value in contact.items() if getattr(stored, name) != value}


def read(repository: ProfileRepository, directory: UserDirectory, caller: Caller) -> Profile:
    """The caller's profile, healed if it is missing. Raises NotFound."""
    return repository.get(caller.sub) or heal(repository, directory, caller)


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
        return _update(repository, caller, body, preconditions)
    except NotFound:
        heal(repository, directory, caller)
        return _update(repository, caller, body, preconditions)


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
