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


class PictureServiceFixture:
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
def fixture() -> PictureServiceFixture:
    fixture = PictureServiceFixture()
    fixture.service.delete_picture(CALLER, NO_PRECONDITIONS)  # provisions the profile
    return fixture


def test_upload_is_offered_within_the_limits(fixture: PictureServiceFixture) -> None:
    upload = fixture.service.create_upload(CALLER, {"content_type": "image/png", "size": 3})
    assert (upload.limits.content_type, upload.limits.max_bytes) == ("image/png", MAX_PICTURE_BYTES)


@pytest.mark.parametrize(
    "body", [{}, {"content_type": "image/gif", "size": 3}, {"content_type": "image/png", "size": 0}]
)
def test_invalid_upload_is_rejected(fixture: PictureServiceFixture, body: dict[str, object]) -> None:
    with pytest.raises(UnprocessableContent):
        fixture.service.create_upload(CALLER, body)


def test_upload_becomes_the_picture(fixture: PictureServiceFixture) -> None:
    source = fixture.storage.upload(SUB, FIRST)
    profile = fixture.set_picture(FIRST)
    assert profile.picture is not None
    assert (profile.picture.size, profile.version) == (len(b"content"), 2)
    assert not fixture.storage.exists(source)
    assert fixture.service.get_picture_link(CALLER).url.endswith(fixture.storage.list_picture_keys(SUB)[0])


def test_repeated_request_changes_nothing(fixture: PictureServiceFixture) -> None:
    fixture.storage.upload(SUB, FIRST)
    profile = fixture.set_picture(FIRST)
    assert fixture.set_picture(FIRST) == profile
    assert len(fixture.processor.requests) == 1


def test_new_picture_replaces_the_old_one(fixture: PictureServiceFixture) -> None:
    for upload_id in (FIRST, SECOND):
        fixture.storage.upload(SUB, upload_id)
        fixture.set_picture(upload_id)
    assert [key.split("/")[2] for key in fixture.storage.list_picture_keys(SUB)] == [SECOND]


def test_missing_upload_is_not_found(fixture: PictureServiceFixture) -> None:
    with pytest.raises(NotFound):
        fixture.set_picture(FIRST)


def test_rejected_upload_is_deleted(fixture: PictureServiceFixture) -> None:
    source = fixture.storage.upload(SUB, FIRST)
    fixture.processor.result = ProcessingResult(status="rejected", reason="must be a whole PNG image")
    with pytest.raises(UnprocessableContent) as failure:
        fixture.set_picture(FIRST)
    assert failure.value.errors == (("/upload_id", "the file must be a whole PNG image"),)
    assert not fixture.storage.exists(source)


def test_unreadable_upload_is_an_error_of_the_service(fixture: PictureServiceFixture) -> None:
    fixture.storage.upload(SUB, FIRST)
    fixture.processor.result = ProcessingResult(status="missing")
    with pytest.raises(UpstreamError):
        fixture.set_picture(FIRST)


def test_failed_processing_returns_the_lease(fixture: PictureServiceFixture) -> None:
    fixture.storage.upload(SUB, FIRST)
    fixture.processor.fail_with = ServiceUnavailable()
    with pytest.raises(ServiceUnavailable):
        fixture.set_picture(FIRST)
    fixture.processor.fail_with = None
    assert fixture.set_picture(FIRST).picture is not None
    assert fixture.table.records[SUB].lease.uploads == 1


def test_function_without_response_keeps_the_lease(fixture: PictureServiceFixture) -> None:
    fixture.storage.upload(SUB, FIRST)
    fixture.processor.fail_with = NoResponse()
    with pytest.raises(NoResponse):
        fixture.set_picture(FIRST)
    with pytest.raises(PictureBusy):
        fixture.set_picture(FIRST)


def test_daily_limit_rejects_further_uploads(fixture: PictureServiceFixture) -> None:
    for number in range(UPLOADS_PER_DAY):
        upload_id = f"00000000-0000-4000-8000-0000000001{number:02}"
        fixture.storage.upload(SUB, upload_id)
        fixture.set_picture(upload_id)
    fixture.storage.upload(SUB, FIRST)
    with pytest.raises(UploadLimitReached):
        fixture.set_picture(FIRST)
    with pytest.raises(UploadLimitReached):
        fixture.service.create_upload(CALLER, {"content_type": "image/png", "size": 3})


def test_deleted_picture_is_gone(fixture: PictureServiceFixture) -> None:
    fixture.storage.upload(SUB, FIRST)
    fixture.set_picture(FIRST)
    profile = fixture.service.delete_picture(CALLER, NO_PRECONDITIONS)
    assert profile.picture is None
    assert fixture.storage.objects == {}
    assert fixture.service.delete_picture(CALLER, NO_PRECONDITIONS) == profile
    with pytest.raises(NotFound):
        fixture.service.get_picture_link(CALLER)


def test_remaining_objects_are_deleted_without_a_change(fixture: PictureServiceFixture) -> None:
    fixture.storage.put_picture(f"pictures/{SUB}/{FIRST}/leftover", b"content", PictureType.PNG)
    revision = fixture.table.records[SUB].picture_revision
    fixture.service.delete_picture(CALLER, NO_PRECONDITIONS)
    assert fixture.storage.objects == {}
    assert fixture.table.records[SUB].picture_revision == revision + 1


def test_failed_precondition_processes_nothing(fixture: PictureServiceFixture) -> None:
    fixture.storage.upload(SUB, FIRST)
    stale = Preconditions(if_match=ETags(frozenset({7})))
    with pytest.raises(PreconditionFailed):
        fixture.set_picture(FIRST, stale)
    with pytest.raises(PreconditionFailed):
        fixture.service.delete_picture(CALLER, stale)
    assert fixture.processor.requests == []


def test_failed_cleanup_does_not_fail_the_request(
    fixture: PictureServiceFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture.storage.upload(SUB, FIRST)

    def fail(keys: object) -> None:
        raise ServiceUnavailable

    monkeypatch.setattr(fixture.storage, "delete", fail)
    assert fixture.set_picture(FIRST).picture is not None


def test_expired_lease_can_be_acquired(fixture: PictureServiceFixture) -> None:
    leases = InMemoryPictureLeases(fixture.table, UPLOADS_PER_DAY)
    leases.acquire(fixture.table.records[SUB], "key", utc_now() - timedelta(seconds=60))
    fixture.storage.upload(SUB, FIRST)
    assert fixture.set_picture(FIRST).picture is not None
