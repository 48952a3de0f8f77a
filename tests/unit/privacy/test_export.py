"""The export of a person's data, over fakes. tests/integration/test_export.py proves that it is complete."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.aws.user_pool import PoolUser
from chalicelib.core.errors import NotFound, ServiceUnavailable
from chalicelib.core.identity import Caller
from chalicelib.core.preconditions import NO_PRECONDITIONS
from chalicelib.files.models import FileRejection, FileStatus
from chalicelib.files.repository import FileLimits
from chalicelib.pictures.repository import ProfileRecord
from chalicelib.privacy.errors import ExportLimitReached
from chalicelib.privacy.export import EXPORT_INTERVAL_SECONDS, MAX_REJECTED_FILES, ExportService
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.models import Picture
from chalicelib.profiles.service import ProfileService
from tests.support.data import SUB
from tests.support.fakes.files import InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.pictures import InMemoryPictureRepository, InMemoryPictureStorage
from tests.support.fakes.privacy import InMemoryDeletionRepository
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.fakes.user_pool import FakeUserPool
from tests.support.file_contracts import build_file
from tests.unit.profiles.test_service import build_user

CALLER = Caller(SUB, SUB)
USER = build_user().model_copy(update={"mfa": ("SOFTWARE_TOKEN_MFA",)})


@pytest.fixture
def table() -> InMemoryTable:
    return InMemoryTable()


def build_service(table: InMemoryTable, *users: PoolUser, files: InMemoryFileRepository | None = None) -> ExportService:
    user_pool = FakeUserPool(*users)
    profiles = ProfileService(InMemoryProfileRepository(table), user_pool)
    sources = (files, InMemoryFileStorage()) if files else None
    return ExportService(InMemoryDeletionRepository(table), profiles, user_pool, InMemoryPictureStorage(), sources)


def test_export_has_account_and_profile(table: InMemoryTable) -> None:
    export = build_service(table, USER).export(CALLER)
    assert (export.format, export.id, export.profile) == ("healthtech-export/1", SUB, table.records[SUB].profile)
    assert export.account is not None
    assert (export.account.status, export.account.mfa) == ("CONFIRMED", ["SOFTWARE_TOKEN_MFA"])
    assert export.account.attributes == USER.attributes
    assert (export.picture, export.deletion) == (None, None)
    assert export.processing.purposes


def test_export_has_a_link_to_the_picture(table: InMemoryTable) -> None:
    service = build_service(table, USER)
    service.export(CALLER)
    now = datetime.now(UTC)
    picture = Picture(content_type=PictureType.PNG, size=1, width=1, height=1, updated_at=now)
    record = ProfileRecord(table.records[SUB].profile)
    InMemoryPictureRepository(table).set_picture(record, picture, f"pictures/{SUB}/1/2", now, NO_PRECONDITIONS)
    table.exported_at.clear()
    exported = service.export(CALLER).picture
    assert exported is not None
    assert exported.url.endswith(f"pictures/{SUB}/1/2")


def test_export_lists_files_with_links_to_available_ones(table: InMemoryTable) -> None:
    build_service(table, USER).export(CALLER)
    table.exported_at.clear()
    repository, now = InMemoryFileRepository(table), datetime.now(UTC)
    files = {status: build_file() for status in FileStatus}
    for status, stored in files.items():
        repository.create(SUB, stored, FileLimits(10, 1000, 10), now)
        if status is FileStatus.REJECTED:
            repository.reject(SUB, stored, FileRejection.MALWARE, now)
        elif status is not FileStatus.AWAITING_UPLOAD:
            repository.set_status(SUB, stored.file.id, status, now)
    exported = build_service(table, USER, files=repository).export(CALLER).files
    assert {file.id: file.status for file in exported} == {stored.file.id: status for status, stored in files.items()}
    (available,) = (file for file in exported if file.url is not None)
    assert (available.status, available.url) == ("available", f"https://bucket.example.com/files/{SUB}/{available.id}")
    assert available.expires_at is not None
    assert {file.rejection for file in exported} == {None, "malware"}


def test_export_omits_a_file_that_cannot_be_read(table: InMemoryTable) -> None:
    build_service(table, USER).export(CALLER)
    table.exported_at.clear()
    repository, files = InMemoryFileRepository(table), [build_file(), build_file()]
    for stored in files:
        repository.create(SUB, stored, FileLimits(10, 1000, 10), datetime.now(UTC))
    repository.records.unreadable.add((SUB, files[0].file.id))
    exported = build_service(table, USER, files=repository).export(CALLER).files
    assert [file.id for file in exported] == [files[1].file.id]


def test_export_omits_the_oldest_rejected_files(table: InMemoryTable) -> None:
    build_service(table, USER).export(CALLER)
    table.exported_at.clear()
    repository, now = InMemoryFileRepository(table), datetime.now(UTC)
    files = [build_file(created_at=now - timedelta(seconds=age)) for age in range(MAX_REJECTED_FILES + 3)]
    for number, stored in enumerate(files):
        status = FileStatus.AVAILABLE if number in (0, MAX_REJECTED_FILES + 2) else FileStatus.REJECTED
        file = stored.file.model_copy(update={"status": status})
        repository.records.files[SUB, file.id] = replace(stored, file=file)
    export = build_service(table, USER, files=repository).export(CALLER)
    expected = [stored.file.id for number, stored in enumerate(files) if number != MAX_REJECTED_FILES + 1]
    assert [file.id for file in export.files] == expected
    assert export.omitted_rejected_files == 1


def test_export_without_files_has_an_empty_list(table: InMemoryTable) -> None:
    assert build_service(table, USER).export(CALLER).files == []


def test_export_can_be_repeated_if_the_files_fail(table: InMemoryTable) -> None:
    build_service(table, USER).export(CALLER)
    table.exported_at.clear()
    failing = InMemoryFileRepository(InMemoryTable(fail_with=ServiceUnavailable()))
    with pytest.raises(ServiceUnavailable):
        build_service(table, USER, files=failing).export(CALLER)
    assert table.exported_at == {}


def test_second_export_within_a_minute_is_rejected(table: InMemoryTable) -> None:
    service = build_service(table, USER)
    service.export(CALLER)
    time.sleep(0.002)  # a request within the same millisecond counts as another attempt of the first one
    with pytest.raises(ExportLimitReached) as refusal:
        service.export(CALLER)
    assert 0 < int(refusal.value.headers["Retry-After"]) <= EXPORT_INTERVAL_SECONDS


def test_account_missing_in_the_user_pool_is_null(table: InMemoryTable) -> None:
    build_service(table, USER).export(CALLER)
    table.exported_at.clear()
    assert build_service(table).export(CALLER).account is None


def test_unknown_user_has_no_export(table: InMemoryTable) -> None:
    with pytest.raises(NotFound):
        build_service(table).export(CALLER)


def test_failed_export_can_be_repeated(table: InMemoryTable) -> None:
    user_pool = FakeUserPool(USER)
    profiles = ProfileService(InMemoryProfileRepository(table), user_pool)
    service = ExportService(InMemoryDeletionRepository(table), profiles, user_pool, None)
    profiles.get_profile(CALLER)
    user_pool.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        service.export(CALLER)
    user_pool.fail_with = None
    assert service.export(CALLER).id == SUB
