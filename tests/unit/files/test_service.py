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


class Bench:
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
FILE_REQUESTS: Final[dict[str, Callable[[Bench, str], object]]] = {
    "get": lambda bench, file_id: bench.service.get_file(CALLER, file_id),
    "content": lambda bench, file_id: bench.service.get_content(CALLER, file_id),
    "patch": lambda bench, file_id: bench.update(file_id, {"name": "a.pdf"}),
    "patch without a change": lambda bench, file_id: bench.update(file_id, {}),
    "stale patch": lambda bench, file_id: bench.update(file_id, {}, STALE),
    "delete": lambda bench, file_id: bench.delete(file_id),
    "stale delete": lambda bench, file_id: bench.delete(file_id, STALE),
}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_announced_file_awaits_its_upload(bench: Bench) -> None:
    created = bench.create()
    assert (created.status, created.version, created.rejection) == ("awaiting-upload", 1, None)
    assert bench.service.get_file(CALLER, created.id) == File(
        **{name: getattr(created, name) for name in File.model_fields}
    )


def test_announced_file_has_a_form_for_its_content(bench: Bench) -> None:
    created = bench.create()
    assert created.upload.fields["key"] == f"files/{SUB}/{created.id}"
    assert created.upload.limits.max_bytes == len(CONTENT)


def test_reservation_outlasts_the_form(bench: Bench) -> None:
    created = bench.create()
    stored = bench.repository.get(SUB, created.id)
    assert stored is not None
    assert not stored.has_expired(created.upload.expires_at + timedelta(minutes=14))
    assert stored.has_expired(created.upload.expires_at + timedelta(minutes=16))


def test_missing_profile_is_provisioned(bench: Bench) -> None:
    assert bench.table.records == {}
    bench.create()
    assert SUB in bench.table.records


def test_unknown_user_cannot_announce_a_file(bench: Bench) -> None:
    bench.user_pool.users.clear()
    with pytest.raises(NotFound):
        bench.create()
    assert bench.repository.records.files == {}


def test_invalid_body_stores_nothing(bench: Bench) -> None:
    with pytest.raises(UnprocessableContent):
        bench.create(name="../a.pdf")
    assert bench.repository.records.quotas == {}


def test_media_type_that_is_not_accepted_is_rejected() -> None:
    bench = Bench(types=frozenset({FileType.PNG, FileType.JPEG}))
    with pytest.raises(UnprocessableContent) as failure:
        bench.create()
    assert failure.value.errors == (("/content_type", "must be one of image/jpeg, image/png"),)
    assert bench.create(content_type="image/png").content_type == "image/png"


def test_file_above_the_quota_is_rejected(bench: Bench) -> None:
    with pytest.raises(FileQuotaExceeded):
        bench.create(size=101)
    for _ in range(3):
        bench.create(size=1)
    with pytest.raises(FileQuotaExceeded):
        bench.create(size=1)


def test_daily_limit_rejects_further_uploads(bench: Bench) -> None:
    for _ in range(4):
        bench.delete(bench.create().id)
    with pytest.raises(FileLimitReached):
        bench.create()


def test_failure_of_the_table_creates_no_form(bench: Bench) -> None:
    bench.create()
    bench.table.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        bench.create()


def test_list_has_files_and_quota(bench: Bench) -> None:
    files = [bench.create(size=10) for _ in range(2)]
    page = bench.service.list_files(CALLER, 20, None)
    assert {file.id for file in page.items} == {file.id for file in files}
    assert page.next_cursor is None
    assert page.quota.model_dump() == {"bytes": 20, "bytes_max": 100, "files": 2, "files_max": 3}


def test_user_without_files_has_an_empty_list(bench: Bench) -> None:
    page = bench.service.list_files(CALLER, 20, None)
    assert (page.items, page.next_cursor, page.quota.files) == ([], None, 0)


def test_cursor_leads_to_the_next_page(bench: Bench) -> None:
    ids = {bench.create(size=1).id for _ in range(3)}
    first = bench.service.list_files(CALLER, 2, None)
    second = bench.service.list_files(CALLER, 2, first.next_cursor)
    assert [len(first.items), len(second.items)] == [2, 1]
    assert {file.id for file in (*first.items, *second.items)} == ids
    assert second.next_cursor is None


@pytest.mark.parametrize("cursor", ["x", encode_cursor("file-quota"), encode_cursor(""), encode_cursor("../other")])
def test_cursor_of_another_list_is_rejected(bench: Bench, cursor: str) -> None:
    with pytest.raises(BadRequest):
        bench.service.list_files(CALLER, 20, cursor)


def test_files_of_another_user_are_not_found(bench: Bench) -> None:
    created, stranger = bench.create(), Caller(OTHER_SUB, OTHER_SUB)
    bench.upload(created)
    assert bench.service.list_files(stranger, 20, None).items == []
    for request in (bench.service.get_file, bench.service.get_content):
        with pytest.raises(NotFound):
            request(stranger, created.id)


@pytest.mark.parametrize("file_id", [FILE_ID, "file-quota", FILE_ID.upper()])
@pytest.mark.parametrize("request_file", FILE_REQUESTS.values(), ids=FILE_REQUESTS)
def test_unknown_file_is_not_found(bench: Bench, request_file: Callable[[Bench, str], object], file_id: str) -> None:
    bench.create()
    with pytest.raises(NotFound, match="no such file"):
        request_file(bench, file_id)


def test_available_file_has_a_link(bench: Bench) -> None:
    created = bench.create()
    bench.upload(created)
    content = bench.service.get_content(CALLER, created.id)
    assert content.url.endswith(f"files/{SUB}/{created.id}")
    assert content.expires_at <= utc_now() + timedelta(minutes=5)


@pytest.mark.parametrize("status", [FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING])
def test_pending_file_has_no_link(bench: Bench, status: FileStatus) -> None:
    created = bench.create()
    bench.upload(created, status)
    with pytest.raises(FileNotReady) as failure:
        bench.service.get_content(CALLER, created.id)
    assert int(failure.value.headers["Retry-After"]) > 0


def test_rejected_file_has_no_link(bench: Bench) -> None:
    created = bench.create()
    bench.upload(created, FileStatus.REJECTED)
    with pytest.raises(FileRejected):
        bench.service.get_content(CALLER, created.id)
    assert bench.service.get_file(CALLER, created.id).rejection == "malware"


def test_name_and_category_are_changed(bench: Bench) -> None:
    created = bench.create()
    updated = bench.update(created.id, {"name": "Other.pdf", "category": "imaging"})
    assert (updated.name, updated.category, updated.version) == ("Other.pdf", "imaging", 2)
    assert bench.service.get_file(CALLER, created.id) == updated


@pytest.mark.parametrize("patch", [{}, {"name": "Blood test.pdf"}, {"category": "LAB-REPORT"}])
def test_change_to_the_present_values_is_not_stored(bench: Bench, patch: dict[str, str]) -> None:
    created = bench.create()
    assert bench.update(created.id, patch).version == 1


def test_stale_version_changes_nothing(bench: Bench) -> None:
    created = bench.create()
    with pytest.raises(PreconditionFailed):
        bench.update(created.id, {"name": "Other.pdf"}, STALE)
    with pytest.raises(PreconditionFailed):
        bench.delete(created.id, STALE)
    assert bench.service.get_file(CALLER, created.id).version == 1


def test_current_version_is_changed_and_deleted(bench: Bench) -> None:
    created = bench.create()
    bench.update(created.id, {"name": "Other.pdf"}, Preconditions(if_match=ETags(frozenset({1}))))
    bench.delete(created.id, Preconditions(if_match=ETags(frozenset({2}))))
    with pytest.raises(NotFound):
        bench.service.get_file(CALLER, created.id)


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
    bench = Bench(repository=ChangingRepository)
    created = bench.create()
    for request in (lambda: bench.update(created.id, {"name": "Other.pdf"}), lambda: bench.delete(created.id)):
        ChangingRepository.changes = changes
        if is_rejected:
            with pytest.raises(Conflict):
                request()
        else:
            request()
    assert bool(bench.repository.records.files) is is_rejected


def test_deleted_file_is_gone(bench: Bench) -> None:
    created = bench.create()
    bench.upload(created)
    bench.delete(created.id)
    assert bench.storage.objects == {}
    assert bench.service.list_files(CALLER, 20, None).quota.bytes == 0
    with pytest.raises(NotFound):
        bench.delete(created.id)


def test_failed_deletion_of_the_object_does_not_fail_the_request(bench: Bench) -> None:
    created = bench.create()
    bench.upload(created)
    bench.storage.fail_with = ServiceUnavailable()
    bench.delete(created.id)
    assert bench.repository.records.files == {}


def test_file_without_a_profile_is_not_changed(bench: Bench) -> None:
    created = bench.create()
    bench.table.records.clear()
    with pytest.raises(NotFound):
        bench.update(created.id, {"name": "Other.pdf"})
    with pytest.raises(NotFound):
        bench.delete(created.id)


def start_erasure(bench: Bench) -> None:
    bench.table.deletions[SUB] = replace(build_deletion(SUB), status=DeletionStatus.ERASING)


def finish_erasure(bench: Bench) -> None:
    bench.repository.delete_all(SUB)
    bench.table.records.clear()
    bench.table.tombstones.add(SUB)


@pytest.mark.parametrize("erase", [start_erasure, finish_erasure])
@pytest.mark.parametrize("request_file", FILE_REQUESTS.values(), ids=FILE_REQUESTS)
def test_file_of_an_erased_account_is_gone(
    bench: Bench, request_file: Callable[[Bench, str], object], erase: Callable[[Bench], None]
) -> None:
    created = bench.create()
    bench.upload(created)
    erase(bench)
    with pytest.raises(AccountErased):
        request_file(bench, created.id)


@pytest.mark.parametrize("erase", [start_erasure, finish_erasure])
@pytest.mark.parametrize("cursor", [None, encode_cursor(FILE_ID)], ids=["first page", "further page"])
def test_list_of_an_erased_account_is_gone(bench: Bench, cursor: str | None, erase: Callable[[Bench], None]) -> None:
    bench.create()
    erase(bench)
    with pytest.raises(AccountErased):
        bench.service.list_files(CALLER, 20, cursor)


@pytest.mark.parametrize("file_id", [FILE_ID, "file-quota"], ids=["missing", "not an id"])
def test_unknown_file_of_an_erased_account_is_gone(bench: Bench, file_id: str) -> None:
    finish_erasure(bench)
    with pytest.raises(AccountErased):
        bench.service.get_file(CALLER, file_id)


def test_files_are_read_while_the_deletion_is_scheduled(bench: Bench) -> None:
    created = bench.create()
    bench.upload(created)
    bench.table.deletions[SUB] = build_deletion(SUB)
    assert bench.service.get_file(CALLER, created.id).status == "available"
    assert bench.service.get_content(CALLER, created.id).url
    assert len(bench.service.list_files(CALLER, 20, None).items) == 1


def damage(bench: Bench, created: CreatedFile) -> None:
    bench.repository.records.unreadable.add((SUB, created.id))


@pytest.mark.parametrize("request_name", ["get", "content", "patch"])
def test_unreadable_file_is_an_error_of_the_service(bench: Bench, request_name: str) -> None:
    created = bench.create()
    damage(bench, created)
    with pytest.raises(UnreadableItem):
        FILE_REQUESTS[request_name](bench, created.id)


def test_unreadable_file_is_deleted_with_its_content(bench: Bench) -> None:
    created = bench.create()
    bench.upload(created)
    damage(bench, created)
    bench.delete(created.id)
    assert (bench.repository.records.files, bench.storage.objects) == ({}, {})
    with pytest.raises(NotFound):
        bench.delete(created.id)


def test_unreadable_file_with_a_version_is_not_deleted(bench: Bench) -> None:
    """Its version is not known. `If-Match: *` requires only that the file exists."""
    created = bench.create()
    damage(bench, created)
    with pytest.raises(PreconditionFailed):
        bench.delete(created.id, Preconditions(if_match=ETags(frozenset({1}))))
    bench.delete(created.id, Preconditions(if_match=ETags(frozenset(), is_wildcard=True)))


def test_cursor_of_an_unreadable_file_leads_to_the_next_page(bench: Bench) -> None:
    files = sorted((bench.create(size=1) for _ in range(3)), key=lambda file: file.id, reverse=True)
    damage(bench, files[0])
    first = bench.service.list_files(CALLER, 1, None)
    second = bench.service.list_files(CALLER, 2, first.next_cursor)
    assert (first.items, [file.id for file in second.items]) == ([], [file.id for file in files[1:]])
    assert second.next_cursor is None
