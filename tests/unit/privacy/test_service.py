"""The rules of a deletion, over fakes."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from chalicelib.core.errors import NotFound, ServiceUnavailable
from chalicelib.core.identity import Caller
from chalicelib.core.preconditions import NO_PRECONDITIONS
from chalicelib.files.erasure import FileErasure
from chalicelib.files.repository import FileLimits
from chalicelib.pictures.repository import LeaseState
from chalicelib.privacy.erasure import ErasureService
from chalicelib.privacy.errors import DeletionInProgress, NoDeletion
from chalicelib.privacy.service import DeletionService
from chalicelib.profiles.deletion import DeletionStatus
from chalicelib.profiles.errors import AccountErased, DeletionScheduled
from chalicelib.profiles.models import ProfilePatch
from chalicelib.profiles.service import ProfileService
from tests.support.data import OTHER_SUB, SUB
from tests.support.fakes.files import InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.pictures import InMemoryPictureStorage
from tests.support.fakes.privacy import FakeErasureStarter, InMemoryDeletionRepository
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.fakes.user_pool import FakeUserPool
from tests.support.file_contracts import build_file
from tests.unit.profiles.test_service import build_user

CALLER: Final = Caller(SUB, SUB)


class DeletionFixture:
    """Services over fakes that share one table."""

    def __init__(self, grace_days: int) -> None:
        self.table = InMemoryTable()
        self.user_pool = FakeUserPool(build_user())
        self.storage = InMemoryPictureStorage()
        self.erasures = FakeErasureStarter()
        self.profiles = ProfileService(InMemoryProfileRepository(self.table), self.user_pool)
        repository = InMemoryDeletionRepository(self.table)
        self.service = DeletionService(
            repository, self.profiles, self.user_pool, self.erasures, grace_days, has_pictures=True
        )
        self.erasure = ErasureService(repository, self.user_pool, self.storage)


@pytest.fixture
def immediate() -> DeletionFixture:
    return DeletionFixture(grace_days=0)


@pytest.fixture
def delayed() -> DeletionFixture:
    return DeletionFixture(grace_days=14)


def test_deletion_without_grace_starts_the_erasure(immediate: DeletionFixture) -> None:
    deletion = immediate.service.request_deletion(CALLER)
    assert deletion.erase_after == deletion.requested_at
    assert immediate.erasures.started == [SUB]
    assert immediate.user_pool.signed_out == [SUB]


def test_deletion_with_grace_waits(delayed: DeletionFixture) -> None:
    deletion = delayed.service.request_deletion(CALLER)
    assert deletion.erase_after == deletion.requested_at + timedelta(days=14)
    assert delayed.erasures.started == []
    assert delayed.erasure.erase(SUB).status == "skipped"


def test_repeated_request_returns_the_same_deletion(delayed: DeletionFixture) -> None:
    first = delayed.service.request_deletion(CALLER)
    assert delayed.service.request_deletion(CALLER) == first == delayed.service.get_deletion(CALLER)


def test_repeated_request_starts_no_second_erasure(immediate: DeletionFixture) -> None:
    immediate.service.request_deletion(CALLER)
    time.sleep(0.002)  # a request within the same millisecond counts as another attempt of the first one
    immediate.service.request_deletion(CALLER)
    assert immediate.erasures.started == [SUB]


def test_response_names_deleted_and_remaining_data(immediate: DeletionFixture) -> None:
    deletion = immediate.service.request_deletion(CALLER)
    assert deletion.deletes == ["account", "profile", "picture"]
    days = [(entry.what, (entry.until - deletion.erase_after.date()).days) for entry in deletion.keeps]
    assert days == [("backups", 35), ("record of the deletion", 400)]


def test_missing_account_cannot_be_deleted(immediate: DeletionFixture) -> None:
    immediate.user_pool.users.clear()
    with pytest.raises(NotFound):
        immediate.service.request_deletion(CALLER)


def test_repeated_request_signs_out_again(delayed: DeletionFixture) -> None:
    """The sign-out of the first request may have failed."""
    for _ in range(2):
        delayed.service.request_deletion(CALLER)
    assert delayed.user_pool.signed_out == [SUB, SUB]


def test_failed_sign_out_does_not_fail_the_request(delayed: DeletionFixture) -> None:
    delayed.profiles.get_profile(CALLER)
    delayed.user_pool.fail_with = ServiceUnavailable()
    assert delayed.service.request_deletion(CALLER).status == "scheduled"


def test_scheduled_deletion_allows_reads_only(delayed: DeletionFixture) -> None:
    delayed.service.request_deletion(CALLER)
    assert delayed.profiles.get_profile(CALLER).id == SUB
    with pytest.raises(DeletionScheduled):
        delayed.profiles.update_profile(CALLER, ProfilePatch, {"name": "Jane Doe"}, NO_PRECONDITIONS)


def test_cancelled_deletion_allows_writes_again(delayed: DeletionFixture) -> None:
    delayed.service.request_deletion(CALLER)
    delayed.service.cancel_deletion(CALLER)
    patch = {"name": "Jane Doe"}
    assert delayed.profiles.update_profile(CALLER, ProfilePatch, patch, NO_PRECONDITIONS).name == "Jane Doe"
    with pytest.raises(NoDeletion):
        delayed.service.get_deletion(CALLER)
    with pytest.raises(NoDeletion):
        delayed.service.cancel_deletion(CALLER)


def test_erasure_in_progress_cannot_be_cancelled(immediate: DeletionFixture) -> None:
    immediate.service.request_deletion(CALLER)
    immediate.user_pool.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        immediate.erasure.erase(SUB)
    assert immediate.table.deletions[SUB].status is DeletionStatus.ERASING
    with pytest.raises(DeletionInProgress):
        immediate.service.cancel_deletion(CALLER)


@pytest.mark.parametrize(
    "request_data",
    [
        lambda fixture: fixture.profiles.get_profile(CALLER),
        lambda fixture: fixture.service.request_deletion(CALLER),
        lambda fixture: fixture.service.get_deletion(CALLER),
        lambda fixture: fixture.service.cancel_deletion(CALLER),
        lambda fixture: fixture.profiles.update_profile(CALLER, ProfilePatch, {"dob": None}, NO_PRECONDITIONS),
    ],
    ids=["read", "delete", "read deletion", "cancel", "update"],
)
def test_erased_account_is_gone(immediate: DeletionFixture, request_data: Callable[[DeletionFixture], object]) -> None:
    immediate.service.request_deletion(CALLER)
    immediate.erasure.erase(SUB)
    with pytest.raises(AccountErased):
        request_data(immediate)


def test_erasure_deletes_account_objects_and_profile(immediate: DeletionFixture) -> None:
    immediate.storage.upload(SUB, "upload")
    immediate.service.request_deletion(CALLER)
    assert immediate.erasure.erase(SUB).model_dump() == {"status": "erased", "objects": 1}
    assert (immediate.user_pool.users, immediate.storage.objects, immediate.table.records) == ({}, {}, {})
    assert set(immediate.table.tombstones) == {SUB}


def test_erasure_deletes_files_before_the_user(immediate: DeletionFixture) -> None:
    """An erasure that is interrupted by the files is repeated, and must find the user."""
    repository, storage = InMemoryFileRepository(immediate.table), InMemoryFileStorage()
    immediate.profiles.get_profile(CALLER)
    stored = build_file()
    repository.create(SUB, stored, FileLimits(10, 1000, 10), stored.file.created_at)
    storage.upload(SUB, stored.file, b"content")
    immediate.service.request_deletion(CALLER)
    erasure = ErasureService(
        InMemoryDeletionRepository(immediate.table),
        immediate.user_pool,
        immediate.storage,
        FileErasure(repository, storage),
    )
    storage.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        erasure.erase(SUB)
    assert SUB in immediate.user_pool.users
    storage.fail_with = None
    assert erasure.erase(SUB).model_dump() == {"status": "erased", "objects": 1}
    assert (storage.objects, repository.records.files, repository.records.quotas) == ({}, {}, {})


def test_response_of_a_stage_with_files_names_them(immediate: DeletionFixture) -> None:
    service = DeletionService(
        InMemoryDeletionRepository(immediate.table),
        immediate.profiles,
        immediate.user_pool,
        immediate.erasures,
        0,
        has_pictures=True,
        has_files=True,
    )
    assert service.request_deletion(CALLER).deletes == ["account", "profile", "picture", "files"]


def test_erasure_does_not_delete_a_user_with_another_sub(immediate: DeletionFixture) -> None:
    """A federated user that returns after an interrupted erasure has the same user name."""
    immediate.service.request_deletion(CALLER)
    immediate.user_pool.users[SUB] = build_user(sub=OTHER_SUB)
    assert immediate.erasure.erase(SUB).status == "erased"
    assert immediate.user_pool.users[SUB].enabled


def test_repeated_erasure_changes_nothing(immediate: DeletionFixture) -> None:
    immediate.service.request_deletion(CALLER)
    immediate.erasure.erase(SUB)
    assert immediate.erasure.erase(SUB).status == "skipped"


def test_erasure_waits_for_a_picture_in_progress() -> None:
    fixture, waits = DeletionFixture(grace_days=0), list[float]()
    fixture.service.request_deletion(CALLER)
    record = fixture.table.records[SUB]
    expires_at = int(record.profile.created_at.timestamp()) + 10
    fixture.table.records[SUB] = replace(record, lease=LeaseState(expires_at=expires_at))
    repository = InMemoryDeletionRepository(fixture.table)
    ErasureService(repository, fixture.user_pool, fixture.storage, sleep=waits.append).erase(SUB)
    assert [8 < seconds <= 10 for seconds in waits] == [True]
