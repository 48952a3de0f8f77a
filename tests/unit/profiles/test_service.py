"""The rules of reading and updating a profile, over fakes."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from chalicelib.aws.user_pool import PoolUser
from chalicelib.core.errors import (
    ApiError,
    Conflict,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
    UnprocessableContent,
)
from chalicelib.core.identity import Caller
from chalicelib.core.preconditions import NO_PRECONDITIONS, ETags, Preconditions
from chalicelib.profiles.models import Profile, ProfilePatch, ProfileReplacement
from chalicelib.profiles.service import ProfileService
from tests.support.data import PROFILE_BODY, SUB, sign_up_attributes
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.user_pool import FakeUserPool

CALLER: Final = Caller(SUB, SUB)
MODIFIED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


def build_user(status: str = "CONFIRMED", **attributes: str) -> PoolUser:
    return PoolUser(
        attributes={**sign_up_attributes("jane@example.com"), "sub": SUB, "email_verified": "true", **attributes},
        enabled=True,
        status=status,
        last_modified_at=MODIFIED_AT,
        username=SUB,
    )


@pytest.fixture
def repository() -> InMemoryProfileRepository:
    return InMemoryProfileRepository()


@pytest.fixture
def user_pool() -> FakeUserPool:
    return FakeUserPool(build_user())


@pytest.fixture
def service(repository: InMemoryProfileRepository, user_pool: FakeUserPool) -> ProfileService:
    return ProfileService(repository, user_pool)


@pytest.fixture
def profile(service: ProfileService) -> Profile:
    return service.get_profile(CALLER)


def put(
    service: ProfileService, changes: Mapping[str, Any], preconditions: Preconditions = NO_PRECONDITIONS
) -> Profile:
    return service.update_profile(CALLER, ProfileReplacement, {**PROFILE_BODY, **changes}, preconditions)


def test_missing_profile_is_provisioned_from_the_user_pool(service: ProfileService) -> None:
    profile = service.get_profile(CALLER)
    assert (profile.id, profile.email, profile.version) == (SUB, "jane@example.com", 1)
    assert service.get_profile(CALLER) == profile


def test_invalid_attribute_is_omitted_when_provisioning(service: ProfileService, user_pool: FakeUserPool) -> None:
    user_pool.users[SUB] = build_user(**{"custom:dob": "someday"})
    profile = service.get_profile(CALLER)
    assert (profile.dob, profile.name) == (None, PROFILE_BODY["name"])


@pytest.mark.parametrize(
    "user",
    [None, build_user("UNCONFIRMED"), build_user(sub="another"), build_user().model_copy(update={"enabled": False})],
    ids=["deleted", "unconfirmed", "another sub", "disabled"],
)
def test_inactive_account_gets_no_profile(
    service: ProfileService, user_pool: FakeUserPool, user: PoolUser | None
) -> None:
    user_pool.users = {SUB: user} if user else {}
    with pytest.raises(NotFound):
        service.get_profile(CALLER)


def test_stored_profile_needs_no_user_pool(service: ProfileService, user_pool: FakeUserPool, profile: Profile) -> None:
    user_pool.fail_with = ServiceUnavailable()
    assert service.get_profile(CALLER) == profile


def test_newer_token_updates_the_contact_data(
    service: ProfileService, user_pool: FakeUserPool, profile: Profile
) -> None:
    user_pool.users[SUB] = build_user(email="new@example.com")
    caller = Caller(SUB, SUB, {"email": "new@example.com", "email_verified": "true"})
    assert service.get_profile(caller).email == "new@example.com"


def test_older_token_does_not_restore_contact_data(
    service: ProfileService, user_pool: FakeUserPool, profile: Profile, repository: InMemoryProfileRepository
) -> None:
    repository.update_contact_if_newer(SUB, {"email": "new@example.com"}, MODIFIED_AT, MODIFIED_AT)
    lookups = user_pool.lookups
    issued_at = str(int((MODIFIED_AT - timedelta(hours=1)).timestamp()))
    claims = {"email": "jane@example.com", "email_verified": "true", "iat": issued_at}
    assert service.get_profile(Caller(SUB, SUB, claims)).email == "new@example.com"
    assert user_pool.lookups == lookups


def test_fault_of_the_user_pool_does_not_fail_a_read(
    service: ProfileService, user_pool: FakeUserPool, profile: Profile
) -> None:
    user_pool.fail_with = ServiceUnavailable()
    claims = {"email": "new@example.com", "email_verified": "true"}
    assert service.get_profile(Caller(SUB, SUB, claims)) == profile


def test_put_replaces_all_editable_fields(service: ProfileService, profile: Profile) -> None:
    updated = put(service, {"name": "Jane Doe", "dob": None})
    assert (updated.name, updated.dob, updated.version) == ("Jane Doe", None, 2)


def test_put_without_a_change_keeps_the_version(service: ProfileService, profile: Profile) -> None:
    assert put(service, {}) == profile


def test_patch_updates_only_sent_fields(service: ProfileService, profile: Profile) -> None:
    updated = service.update_profile(CALLER, ProfilePatch, {"gender": "Other"}, NO_PRECONDITIONS)
    assert updated.model_dump(exclude={"gender", "updated_at", "version"}) == profile.model_dump(
        exclude={"gender", "updated_at", "version"}
    )


def test_update_provisions_a_missing_profile_first(service: ProfileService) -> None:
    assert put(service, {"name": "Jane Doe"}).version == 2


@pytest.mark.parametrize(
    ("changes", "preconditions", "error"),
    [
        ({"name": None}, NO_PRECONDITIONS, UnprocessableContent),
        ({"email": "other@example.com"}, NO_PRECONDITIONS, UnprocessableContent),
        ({"dob": "2999-01-01"}, NO_PRECONDITIONS, UnprocessableContent),
        ({"version": 99}, NO_PRECONDITIONS, UnprocessableContent),
        ({}, Preconditions(if_match=ETags(frozenset({7}))), PreconditionFailed),
        ({"dob": "2999-01-01"}, Preconditions(if_match=ETags(frozenset({7}))), PreconditionFailed),
        ({}, Preconditions(if_none_match=ETags(frozenset(), is_wildcard=True)), PreconditionFailed),
    ],
)
def test_rejected_update_changes_nothing(
    service: ProfileService,
    profile: Profile,
    changes: Mapping[str, Any],
    preconditions: Preconditions,
    error: type[ApiError],
) -> None:
    with pytest.raises(error):
        put(service, {"blood_group": "A+", **changes}, preconditions)
    assert service.get_profile(CALLER) == profile


def test_stale_body_is_a_conflict(service: ProfileService, profile: Profile) -> None:
    put(service, {"name": "Jane Doe"})
    with pytest.raises(Conflict):
        put(service, {"gender": "Other", "version": 1})


def test_each_invalid_field_is_named(service: ProfileService, profile: Profile) -> None:
    with pytest.raises(UnprocessableContent) as failure:
        put(service, {"name": "", "gender": "none", "email": "other@example.com", "unknown": 1})
    pointers = {error.pointer for error in failure.value.errors}
    assert pointers == {"/name", "/gender", "/email", "/unknown"}
