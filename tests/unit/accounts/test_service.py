"""The effects of the triggers, over fakes. tests/unit/accounts/test_sign_up_rules.py has the rules of a sign-up."""

import json
from typing import Any

import pytest

from chalicelib.accounts.service import AccountService
from chalicelib.core.errors import NoResponse, SignUpRejected
from tests.support.data import SUB, sign_up_attributes
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.user_pool import FakeUserPool
from tests.unit.profiles.test_service import build_user

ATTRIBUTES = sign_up_attributes("jane@example.com")


def build_service(
    repository: InMemoryProfileRepository | None = None, user_pool: FakeUserPool | None = None, minimum_age: int = 0
) -> AccountService:
    """Return the service. An adapter that it must not use is None."""

    def get_repository() -> InMemoryProfileRepository:
        assert repository
        return repository

    def get_user_pool() -> FakeUserPool:
        assert user_pool
        return user_pool

    return AccountService(get_repository, get_user_pool, minimum_age)


def read_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_valid_sign_up_is_accepted() -> None:
    build_service().validate_sign_up(ATTRIBUTES, is_self_sign_up=True)


def test_rejection_names_all_errors() -> None:
    attributes = sign_up_attributes("jane@example.com", name="", dob="2999-01-01")
    with pytest.raises(SignUpRejected, match=r"^name must not be empty; date of birth must not be in the future$"):
        build_service().validate_sign_up(attributes, is_self_sign_up=True)


def test_administrator_may_omit_attributes() -> None:
    build_service().validate_sign_up({"email": "jane@example.com"}, is_self_sign_up=False)
    with pytest.raises(SignUpRejected):
        build_service().validate_sign_up({"email": "jane@example.com"}, is_self_sign_up=True)


def test_minimum_age_rejects_a_younger_person() -> None:
    build_service(minimum_age=18).validate_sign_up(ATTRIBUTES, is_self_sign_up=True)
    with pytest.raises(SignUpRejected, match="date of birth must be at least 100 years ago"):
        build_service(minimum_age=100).validate_sign_up(ATTRIBUTES, is_self_sign_up=True)


def test_confirmed_sign_up_creates_the_profile() -> None:
    repository = InMemoryProfileRepository()
    build_service(repository).create_profile(SUB, ATTRIBUTES)
    profile = repository.get_profile(SUB)
    assert profile is not None
    assert (profile.email, profile.version) == ("jane@example.com", 1)


def test_repeated_confirmation_keeps_the_profile() -> None:
    repository = InMemoryProfileRepository()
    build_service(repository).create_profile(SUB, ATTRIBUTES)
    build_service(repository).create_profile(SUB, {**ATTRIBUTES, "name": "Other"})
    profile = repository.get_profile(SUB)
    assert profile is not None
    assert profile.name == ATTRIBUTES["name"]


def test_storage_fault_does_not_fail_the_confirmation(capsys: pytest.CaptureFixture[str]) -> None:
    repository = InMemoryProfileRepository()
    repository.table.fail_with = NoResponse()
    build_service(repository).create_profile(SUB, ATTRIBUTES)
    lines = read_lines(capsys)
    assert [line.get("message") for line in lines] == ["profile not stored", None]
    assert lines[1]["ProfileWriteFailed"] == 1


def test_password_reset_ends_the_sessions() -> None:
    user_pool = FakeUserPool(build_user())
    build_service(user_pool=user_pool).end_sessions(SUB)
    assert user_pool.signed_out == [SUB]


def test_failed_sign_out_does_not_fail_the_reset(capsys: pytest.CaptureFixture[str]) -> None:
    user_pool = FakeUserPool(build_user())
    user_pool.fail_with = NoResponse()
    build_service(user_pool=user_pool).end_sessions(SUB)
    assert read_lines(capsys)[1]["SignOutFailed"] == 1
