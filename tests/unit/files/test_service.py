"""The rules of files, over fakes."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.cursors import encode_cursor
from chalicelib.core.errors import (
    BadRequest,
    Conflict,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
    UnprocessableContent,
    UnreadableItem,
)
from chalicelib.core.identity import Caller
from chalicelib.core.preconditions import NO_PRECONDITIONS, ETags, Preconditions
from chalicelib.files.errors import FileLimitReached, FileNotReady, FileQuotaExceeded, FileRejected
from chalicelib.files.models import CreatedFile, File, FileRejection, FileStatus, FileType
from chalicelib.files.records import StoredFile
from chalicelib.files.repository import FileChanged, FileLimits
from chalicelib.files.service import FileService
from chalicelib.profiles.deletion import DeletionStatus
from chalicelib.profiles.errors import AccountErased
from chalicelib.profiles.service import ProfileService
from tests.support.data import FILE_ID, OTHER_SUB, SUB
from tests.support.fakes.files import InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.fakes.user_pool import FakeUserPool
from tests.support.file_contracts import build_deletion
from tests.unit.profiles.test_service import build_user

CALLER: Final = Caller(SUB, SUB)
CONTENT: Final = b"%PDF-1.7 content"
STALE: Final = Preconditions(if_match=ETags(frozenset({7})))


class FileServiceFixture:
    """A service of files over fakes that share one table."""

    def __init__(
        self,
        types: frozenset[FileType] = frozenset(FileType),
        repository: type[InMemoryFileRepository] = InMemoryFileRepository,
    ) -> None:
        self.table = InMemoryTable()
        self.user_pool = FakeUserPool(build_user())
        self.repository = repository(self.table)
        self.storage = InMemoryFileStorage()
        profiles = ProfileService(InMemoryProfileRepository(self.table), self.user_pool)
        limits = FileLimits(files=3, bytes=100, uploads_per_day=4)
        self.service = FileService(self.repository, self.storage, profiles, limits, types)

    def create(self, **changes: Any) -> CreatedFile:
        body = {
            "name": "Blood test.pdf",
            "content_type": "application/pdf",
            "size": len(CONTENT),
            "sha256": hashlib.sha256(CONTENT).hexdigest(),
            "category": "lab-report",
        }
        return self.service.create_file(CALLER, {**body, **changes})

    def upload(self, file: File, status: FileStatus = FileStatus.AVAILABLE) -> None:
        """Upload a file, and set the result of its check."""
        self.storage.upload(SUB, file, CONTENT)
        stored = self.repository.get(SUB, file.id)
        assert stored is not None
        if status is FileStatus.REJECTED:
            self.repository.reject(SUB, stored, FileRejection.MALWARE, utc_now())
        else:
            self.repository.set_status(SUB, file.id, status, utc_now())

    def update(self, file_id: str, patch: Any, preconditions: Preconditions = NO_PRECONDITIONS) -> File:
        return self.service.update_file(CALLER, file_id, patch, preconditions)

    def delete(self, file_id: str, preconditions: Preconditions = NO_PRECONDITIONS) -> None:
        self.service.delete_file(CALLER, file_id, preconditions)


# The requests for one file, by their name.
FILE_REQUESTS: Final[dict[str, Callable[[FileServiceFixture, str], object]]] = {
    "get": lambda fixture, file_id: fixture.service.get_file(CALLER, file_id),
    "content": lambda fixture, file_id: fixture.service.get_content(CALLER, file_id),
    "patch": lambda fixture, file_id: fixture.update(file_id, {"name": "a.pdf"}),
    "patch without a change": lambda fixture, file_id: fixture.update(file_id, {}),
    "stale patch": lambda fixture, file_id: fixture.update(file_id, {}, STALE),
    "delete": lambda fixture, file_id: fixture.delete(file_id),
    "stale delete": lambda fixture, file_id: fixture.delete(file_id, STALE),
}


@pytest.fixture
def fixture() -> FileServiceFixture:
    return FileServiceFixture()


def test_announced_file_awaits_its_upload(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    assert (created.status, created.version, created.rejection) == ("awaiting-upload", 1, None)
    assert fixture.service.get_file(CALLER, created.id) == File(
        **{name: getattr(created, name) for name in File.model_fields}
    )


def test_announced_file_has_a_form_for_its_content(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    assert created.upload.fields["key"] == f"files/{SUB}/{created.id}"
    assert created.upload.limits.max_bytes == len(CONTENT)


def test_reservation_outlasts_the_form(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    stored = fixture.repository.get(SUB, created.id)
    assert stored is not None
    assert not stored.has_expired(created.upload.expires_at + timedelta(minutes=14))
    assert stored.has_expired(created.upload.expires_at + timedelta(minutes=16))


def test_missing_profile_is_provisioned(fixture: FileServiceFixture) -> None:
    assert fixture.table.records == {}
    fixture.create()
    assert SUB in fixture.table.records


def test_unknown_user_cannot_announce_a_file(fixture: FileServiceFixture) -> None:
    fixture.user_pool.users.clear()
    with pytest.raises(NotFound):
        fixture.create()
    assert fixture.repository.records.files == {}


def test_invalid_body_stores_nothing(fixture: FileServiceFixture) -> None:
    with pytest.raises(UnprocessableContent):
        fixture.create(name="../a.pdf")
    assert fixture.repository.records.quotas == {}


def test_media_type_that_is_not_accepted_is_rejected() -> None:
    fixture = FileServiceFixture(types=frozenset({FileType.PNG, FileType.JPEG}))
    with pytest.raises(UnprocessableContent) as failure:
        fixture.create()
    assert failure.value.errors == (("/content_type", "must be one of image/jpeg, image/png"),)
    assert fixture.create(content_type="image/png").content_type == "image/png"


def test_file_above_the_quota_is_rejected(fixture: FileServiceFixture) -> None:
    with pytest.raises(FileQuotaExceeded):
        fixture.create(size=101)
    for _ in range(3):
        fixture.create(size=1)
    with pytest.raises(FileQuotaExceeded):
        fixture.create(size=1)


def test_daily_limit_rejects_further_uploads(fixture: FileServiceFixture) -> None:
    for _ in range(4):
        fixture.delete(fixture.create().id)
    with pytest.raises(FileLimitReached):
        fixture.create()


def test_failure_of_the_table_creates_no_form(fixture: FileServiceFixture) -> None:
    fixture.create()
    fixture.table.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        fixture.create()


def test_list_has_files_and_quota(fixture: FileServiceFixture) -> None:
    files = [fixture.create(size=10) for _ in range(2)]
    page = fixture.service.list_files(CALLER, 20, None)
    assert {file.id for file in page.items} == {file.id for file in files}
    assert page.next_cursor is None
    assert page.quota.model_dump() == {"bytes": 20, "bytes_max": 100, "files": 2, "files_max": 3}


def test_user_without_files_has_an_empty_list(fixture: FileServiceFixture) -> None:
    page = fixture.service.list_files(CALLER, 20, None)
    assert (page.items, page.next_cursor, page.quota.files) == ([], None, 0)


def test_cursor_leads_to_the_next_page(fixture: FileServiceFixture) -> None:
    ids = {fixture.create(size=1).id for _ in range(3)}
    first = fixture.service.list_files(CALLER, 2, None)
    second = fixture.service.list_files(CALLER, 2, first.next_cursor)
    assert [len(first.items), len(second.items)] == [2, 1]
    assert {file.id for file in (*first.items, *second.items)} == ids
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", encode_cursor("file-quota"), encode_cursor(""), encode_cursor("../other")])
def test_cursor_of_another_list_is_rejected(fixture: FileServiceFixture, cursor: str) -> None:
    with pytest.raises(BadRequest):
        fixture.service.list_files(CALLER, 20, cursor)


def test_files_of_another_user_are_not_found(fixture: FileServiceFixture) -> None:
    created, stranger = fixture.create(), Caller(OTHER_SUB, OTHER_SUB)
    fixture.upload(created)
    assert fixture.service.list_files(stranger, 20, None).items == []
    for request in (fixture.service.get_file, fixture.service.get_content):
        with pytest.raises(NotFound):
            request(stranger, created.id)


@pytest.mark.parametrize("file_id", [FILE_ID, "file-quota", FILE_ID.upper()])
@pytest.mark.parametrize("request_file", FILE_REQUESTS.values(), ids=FILE_REQUESTS)
def test_unknown_file_is_not_found(
    fixture: FileServiceFixture, request_file: Callable[[FileServiceFixture, str], object], file_id: str
) -> None:
    fixture.create()
    with pytest.raises(NotFound, match="no such file"):
        request_file(fixture, file_id)


def test_available_file_has_a_link(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.upload(created)
    content = fixture.service.get_content(CALLER, created.id)
    assert content.url.endswith(f"files/{SUB}/{created.id}")
    assert content.expires_at <= utc_now() + timedelta(minutes=5)


@pytest.mark.parametrize("status", [FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING])
def test_pending_file_has_no_link(fixture: FileServiceFixture, status: FileStatus) -> None:
    created = fixture.create()
    fixture.upload(created, status)
    with pytest.raises(FileNotReady) as failure:
        fixture.service.get_content(CALLER, created.id)
    assert int(failure.value.headers["Retry-After"]) > 0


def test_rejected_file_has_no_link(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.upload(created, FileStatus.REJECTED)
    with pytest.raises(FileRejected):
        fixture.service.get_content(CALLER, created.id)
    assert fixture.service.get_file(CALLER, created.id).rejection == "malware"


def test_name_and_category_are_changed(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    updated = fixture.update(created.id, {"name": "Other.pdf", "category": "imaging"})
    assert (updated.name, updated.category, updated.version) == ("Other.pdf", "imaging", 2)
    assert fixture.service.get_file(CALLER, created.id) == updated


@pytest.mark.parametrize("patch", [{}, {"name": "Blood test.pdf"}, {"category": "LAB-REPORT"}])
def test_change_to_the_present_values_is_not_stored(fixture: FileServiceFixture, patch: dict[str, str]) -> None:
    created = fixture.create()
    assert fixture.update(created.id, patch).version == 1


def test_stale_version_changes_nothing(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    with pytest.raises(PreconditionFailed):
        fixture.update(created.id, {"name": "Other.pdf"}, STALE)
    with pytest.raises(PreconditionFailed):
        fixture.delete(created.id, STALE)
    assert fixture.service.get_file(CALLER, created.id).version == 1


def test_current_version_is_changed_and_deleted(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.update(created.id, {"name": "Other.pdf"}, Preconditions(if_match=ETags(frozenset({1}))))
    fixture.delete(created.id, Preconditions(if_match=ETags(frozenset({2}))))
    with pytest.raises(NotFound):
        fixture.service.get_file(CALLER, created.id)


class ChangingRepository(InMemoryFileRepository):
    """Files that concurrent requests change before the first writes."""

    changes = 0

    def update(self, user_id: str, stored: StoredFile, changes: dict[str, Any], now: Any) -> bool:
        self._change_concurrently()
        return super().update(user_id, stored, changes, now)

    def delete(self, user_id: str, stored: StoredFile, now: Any) -> bool:
        self._change_concurrently()
        return super().delete(user_id, stored, now)

    @classmethod
    def _change_concurrently(cls) -> None:
        if cls.changes:
            cls.changes -= 1
            raise FileChanged


@pytest.mark.parametrize(("changes", "is_rejected"), [(2, False), (3, True)])
def test_concurrent_change_is_repeated(changes: int, is_rejected: bool) -> None:
    fixture = FileServiceFixture(repository=ChangingRepository)
    created = fixture.create()
    for request in (lambda: fixture.update(created.id, {"name": "Other.pdf"}), lambda: fixture.delete(created.id)):
        ChangingRepository.changes = changes
        if is_rejected:
            with pytest.raises(Conflict):
                request()
        else:
            request()
    assert bool(fixture.repository.records.files) is is_rejected


def test_deleted_file_is_gone(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.upload(created)
    fixture.delete(created.id)
    assert fixture.storage.objects == {}
    assert fixture.service.list_files(CALLER, 20, None).quota.bytes == 0
    with pytest.raises(NotFound):
        fixture.delete(created.id)


def test_failed_deletion_of_the_object_does_not_fail_the_request(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.upload(created)
    fixture.storage.fail_with = ServiceUnavailable()
    fixture.delete(created.id)
    assert fixture.repository.records.files == {}


def test_file_without_a_profile_is_not_changed(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.table.records.clear()
    with pytest.raises(NotFound):
        fixture.update(created.id, {"name": "Other.pdf"})
    with pytest.raises(NotFound):
        fixture.delete(created.id)


def start_erasure(fixture: FileServiceFixture) -> None:
    fixture.table.deletions[SUB] = replace(build_deletion(SUB), status=DeletionStatus.ERASING)


def finish_erasure(fixture: FileServiceFixture) -> None:
    fixture.repository.delete_all(SUB)
    fixture.table.erase(SUB, utc_now())


@pytest.mark.parametrize("erase", [start_erasure, finish_erasure])
@pytest.mark.parametrize("request_file", FILE_REQUESTS.values(), ids=FILE_REQUESTS)
def test_file_of_an_erased_account_is_gone(
    fixture: FileServiceFixture,
    request_file: Callable[[FileServiceFixture, str], object],
    erase: Callable[[FileServiceFixture], None],
) -> None:
    created = fixture.create()
    fixture.upload(created)
    erase(fixture)
    with pytest.raises(AccountErased):
        request_file(fixture, created.id)


@pytest.mark.parametrize("erase", [start_erasure, finish_erasure])
@pytest.mark.parametrize("cursor", [None, encode_cursor(FILE_ID)], ids=["first page", "further page"])
def test_list_of_an_erased_account_is_gone(
    fixture: FileServiceFixture, cursor: str | None, erase: Callable[[FileServiceFixture], None]
) -> None:
    fixture.create()
    erase(fixture)
    with pytest.raises(AccountErased):
        fixture.service.list_files(CALLER, 20, cursor)


@pytest.mark.parametrize("file_id", [FILE_ID, "file-quota"], ids=["missing", "not an id"])
def test_unknown_file_of_an_erased_account_is_gone(fixture: FileServiceFixture, file_id: str) -> None:
    finish_erasure(fixture)
    with pytest.raises(AccountErased):
        fixture.service.get_file(CALLER, file_id)


def test_files_are_read_while_the_deletion_is_scheduled(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.upload(created)
    fixture.table.deletions[SUB] = build_deletion(SUB)
    assert fixture.service.get_file(CALLER, created.id).status == "available"
    assert fixture.service.get_content(CALLER, created.id).url
    assert len(fixture.service.list_files(CALLER, 20, None).items) == 1


def damage(fixture: FileServiceFixture, created: CreatedFile) -> None:
    fixture.repository.records.unreadable.add((SUB, created.id))


@pytest.mark.parametrize("request_name", ["get", "content", "patch"])
def test_unreadable_file_is_an_error_of_the_service(fixture: FileServiceFixture, request_name: str) -> None:
    created = fixture.create()
    damage(fixture, created)
    with pytest.raises(UnreadableItem):
        FILE_REQUESTS[request_name](fixture, created.id)


def test_unreadable_file_is_deleted_with_its_content(fixture: FileServiceFixture) -> None:
    created = fixture.create()
    fixture.upload(created)
    damage(fixture, created)
    fixture.delete(created.id)
    assert (fixture.repository.records.files, fixture.storage.objects) == ({}, {})
    with pytest.raises(NotFound):
        fixture.delete(created.id)


def test_unreadable_file_with_a_version_is_not_deleted(fixture: FileServiceFixture) -> None:
    """Its version is not known. `If-Match: *` requires only that the file exists."""
    created = fixture.create()
    damage(fixture, created)
    with pytest.raises(PreconditionFailed):
        fixture.delete(created.id, Preconditions(if_match=ETags(frozenset({1}))))
    fixture.delete(created.id, Preconditions(if_match=ETags(frozenset(), is_wildcard=True)))


def test_cursor_of_an_unreadable_file_leads_to_the_next_page(fixture: FileServiceFixture) -> None:
    files = sorted((fixture.create(size=1) for _ in range(3)), key=lambda file: file.id, reverse=True)
    damage(fixture, files[0])
    first = fixture.service.list_files(CALLER, 1, None)
    second = fixture.service.list_files(CALLER, 2, first.next_cursor)
    assert (first.items, [file.id for file in second.items]) == ([], [file.id for file in files[1:]])
    assert second.next_cursor is None
