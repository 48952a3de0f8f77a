"""The rules of pictures, over fakes."""

from datetime import timedelta
from typing import Final

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.core.errors import (
    NoResponse,
    NotFound,
    PreconditionFailed,
    ServiceUnavailable,
    UnprocessableContent,
    UpstreamError,
)
from chalicelib.core.identity import Caller
from chalicelib.core.preconditions import NO_PRECONDITIONS, ETags, Preconditions
from chalicelib.pictures.errors import PictureBusy, UploadLimitReached
from chalicelib.pictures.models import MAX_PICTURE_BYTES
from chalicelib.pictures.processing import ProcessingResult
from chalicelib.pictures.service import PictureService
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.models import Profile
from chalicelib.profiles.service import ProfileService
from tests.support.data import SUB
from tests.support.fakes.pictures import (
    FakePictureProcessor,
    InMemoryPictureLeases,
    InMemoryPictureRepository,
    InMemoryPictureStorage,
)
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.table import InMemoryTable
from tests.support.fakes.user_pool import FakeUserPool
from tests.unit.profiles.test_service import build_user

CALLER: Final = Caller(SUB, SUB)
FIRST: Final = "00000000-0000-4000-8000-000000000001"
SECOND: Final = "00000000-0000-4000-8000-000000000002"
UPLOADS_PER_DAY: Final = 3


class Bench:
    """A picture service over fakes that share one table."""

    def __init__(self) -> None:
        self.table = InMemoryTable()
        self.storage = InMemoryPictureStorage()
        self.processor = FakePictureProcessor(self.storage)
        self.repository = InMemoryPictureRepository(self.table)
        profiles = ProfileService(InMemoryProfileRepository(self.table), FakeUserPool(build_user()))
        leases = InMemoryPictureLeases(self.table, UPLOADS_PER_DAY)
        self.service = PictureService(self.repository, profiles, self.storage, self.processor, leases)

    def set_picture(self, upload_id: str, preconditions: Preconditions = NO_PRECONDITIONS) -> Profile:
        return self.service.set_picture(CALLER, {"upload_id": upload_id}, preconditions)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.service.delete_picture(CALLER, NO_PRECONDITIONS)  # provisions the profile
    return bench


def test_upload_is_offered_within_the_limits(bench: Bench) -> None:
    upload = bench.service.create_upload(CALLER, {"content_type": "image/png", "size": 3})
    assert (upload.limits.content_type, upload.limits.max_bytes) == ("image/png", MAX_PICTURE_BYTES)


@pytest.mark.parametrize(
    "body", [{}, {"content_type": "image/gif", "size": 3}, {"content_type": "image/png", "size": 0}]
)
def test_invalid_upload_is_rejected(bench: Bench, body: dict[str, object]) -> None:
    with pytest.raises(UnprocessableContent):
        bench.service.create_upload(CALLER, body)


def test_upload_becomes_the_picture(bench: Bench) -> None:
    source = bench.storage.upload(SUB, FIRST)
    profile = bench.set_picture(FIRST)
    assert profile.picture is not None
    assert (profile.picture.size, profile.version) == (len(b"content"), 2)
    assert not bench.storage.exists(source)
    assert bench.service.get_picture_link(CALLER).url.endswith(bench.storage.list_picture_keys(SUB)[0])


def test_repeated_request_changes_nothing(bench: Bench) -> None:
    bench.storage.upload(SUB, FIRST)
    profile = bench.set_picture(FIRST)
    assert bench.set_picture(FIRST) == profile
    assert len(bench.processor.requests) == 1


def test_new_picture_replaces_the_old_one(bench: Bench) -> None:
    for upload_id in (FIRST, SECOND):
        bench.storage.upload(SUB, upload_id)
        bench.set_picture(upload_id)
    assert [key.split("/")[2] for key in bench.storage.list_picture_keys(SUB)] == [SECOND]


def test_missing_upload_is_not_found(bench: Bench) -> None:
    with pytest.raises(NotFound):
        bench.set_picture(FIRST)


def test_rejected_upload_is_deleted(bench: Bench) -> None:
    source = bench.storage.upload(SUB, FIRST)
    bench.processor.result = ProcessingResult(status="rejected", reason="must be a whole PNG image")
    with pytest.raises(UnprocessableContent) as failure:
        bench.set_picture(FIRST)
    assert failure.value.errors == (("/upload_id", "the file must be a whole PNG image"),)
    assert not bench.storage.exists(source)


def test_unreadable_upload_is_an_error_of_the_service(bench: Bench) -> None:
    bench.storage.upload(SUB, FIRST)
    bench.processor.result = ProcessingResult(status="missing")
    with pytest.raises(UpstreamError):
        bench.set_picture(FIRST)


def test_failed_processing_returns_the_lease(bench: Bench) -> None:
    bench.storage.upload(SUB, FIRST)
    bench.processor.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        bench.set_picture(FIRST)
    bench.processor.fail_with = None
    assert bench.set_picture(FIRST).picture is not None
    assert bench.table.records[SUB].lease.uploads == 1


def test_function_without_response_keeps_the_lease(bench: Bench) -> None:
    bench.storage.upload(SUB, FIRST)
    bench.processor.fail_with = NoResponse()
    with pytest.raises(NoResponse):
        bench.set_picture(FIRST)
    with pytest.raises(PictureBusy):
        bench.set_picture(FIRST)


def test_daily_limit_rejects_further_uploads(bench: Bench) -> None:
    for number in range(UPLOADS_PER_DAY):
        upload_id = f"00000000-0000-4000-8000-0000000001{number:02}"
        bench.storage.upload(SUB, upload_id)
        bench.set_picture(upload_id)
    bench.storage.upload(SUB, FIRST)
    with pytest.raises(UploadLimitReached):
        bench.set_picture(FIRST)
    with pytest.raises(UploadLimitReached):
        bench.service.create_upload(CALLER, {"content_type": "image/png", "size": 3})


def test_deleted_picture_is_gone(bench: Bench) -> None:
    bench.storage.upload(SUB, FIRST)
    bench.set_picture(FIRST)
    profile = bench.service.delete_picture(CALLER, NO_PRECONDITIONS)
    assert profile.picture is None
    assert bench.storage.objects == {}
    assert bench.service.delete_picture(CALLER, NO_PRECONDITIONS) == profile
    with pytest.raises(NotFound):
        bench.service.get_picture_link(CALLER)


def test_remaining_objects_are_deleted_without_a_change(bench: Bench) -> None:
    bench.storage.put_picture(f"pictures/{SUB}/{FIRST}/leftover", b"content", PictureType.PNG)
    revision = bench.table.records[SUB].picture_revision
    bench.service.delete_picture(CALLER, NO_PRECONDITIONS)
    assert bench.storage.objects == {}
    assert bench.table.records[SUB].picture_revision == revision + 1


def test_failed_precondition_processes_nothing(bench: Bench) -> None:
    bench.storage.upload(SUB, FIRST)
    stale = Preconditions(if_match=ETags(frozenset({7})))
    with pytest.raises(PreconditionFailed):
        bench.set_picture(FIRST, stale)
    with pytest.raises(PreconditionFailed):
        bench.service.delete_picture(CALLER, stale)
    assert bench.processor.requests == []


def test_failed_cleanup_does_not_fail_the_request(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.storage.upload(SUB, FIRST)

    def fail(keys: object) -> None:
        raise ServiceUnavailable

    monkeypatch.setattr(bench.storage, "delete", fail)
    assert bench.set_picture(FIRST).picture is not None


def test_expired_lease_can_be_acquired(bench: Bench) -> None:
    leases = InMemoryPictureLeases(bench.table, UPLOADS_PER_DAY)
    leases.acquire(bench.table.records[SUB], "key", utc_now() - timedelta(seconds=60))
    bench.storage.upload(SUB, FIRST)
    assert bench.set_picture(FIRST).picture is not None
