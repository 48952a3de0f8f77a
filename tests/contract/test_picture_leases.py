"""Leases on the embedded DynamoDB: one picture of a user is processed at a time, and a limited number per day."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.preconditions import NO_PRECONDITIONS
from chalicelib.pictures.errors import PictureBusy, UploadLimitReached
from chalicelib.pictures.leases import LEASE_SECONDS, PictureLeases
from chalicelib.pictures.repository import ProfileRecord
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.models import Picture
from tests.support.aws import delete_item
from tests.support.data import OTHER_SUB, SUB
from tests.support.in_process import SEEDED_TABLE, seeded_table
from tests.support.stack import RunningStack

NOW = datetime(2026, 11, 25, 12, 0, 0, 500_000, tzinfo=UTC)
DAILY_LIMIT = 3


@pytest.fixture
def leases(stack: RunningStack) -> Iterator[PictureLeases]:
    with seeded_table(stack.outputs):
        yield PictureLeases(partial(clients.dynamodb, 1), SEEDED_TABLE, DAILY_LIMIT)


def get_record(user_id: str = SUB) -> ProfileRecord:
    record = bootstrap.picture_repository().get_record(user_id)
    assert record is not None
    return record


def test_lease_is_acquired_by_one_of_concurrent_requests(leases: PictureLeases) -> None:
    record = get_record()

    def try_acquire(number: int) -> bool:
        try:
            leases.acquire(record, f"pictures/{number}", NOW)
        except PictureBusy:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(try_acquire, range(8))) == 1
    assert get_record().lease.uploads == 1


def test_leases_of_two_users_are_independent(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/1", NOW)
    leases.acquire(get_record(OTHER_SUB), "pictures/2", NOW)


def test_busy_error_has_the_seconds_until_the_lease_expires(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/1", NOW)
    with pytest.raises(PictureBusy) as caught:
        leases.require_available(get_record().lease, NOW + timedelta(seconds=4))
    assert isinstance(caught.value, Conflict)
    assert caught.value.headers["Retry-After"] == str(LEASE_SECONDS - 4)


def test_lease_that_is_not_returned_expires(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/1", NOW)
    later = NOW + timedelta(seconds=LEASE_SECONDS)
    leases.require_available(get_record().lease, later)
    leases.acquire(get_record(), "pictures/2", later)


def test_returned_lease_can_be_acquired_immediately(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/1", NOW)
    leases.release(SUB, "pictures/1", count=True)
    leases.acquire(get_record(), "pictures/2", NOW)
    assert get_record().lease.uploads == 2


def test_upload_that_was_not_processed_is_not_counted(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/1", NOW)
    leases.release(SUB, "pictures/1", count=False)
    assert get_record().lease.uploads == 0


def test_request_cannot_return_the_lease_of_another(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/1", NOW)
    leases.release(SUB, "pictures/2", count=False)
    assert get_record().lease.uploads == 1
    with pytest.raises(PictureBusy):
        leases.acquire(get_record(), "pictures/2", NOW)


def test_storing_a_picture_returns_the_lease(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/u/1/1", NOW)
    picture = Picture(content_type=PictureType.PNG, size=1, width=1, height=1, updated_at=NOW)
    bootstrap.picture_repository().set_picture(get_record(), picture, "pictures/u/1/1", NOW, NO_PRECONDITIONS)
    leases.acquire(get_record(), "pictures/u/2/2", NOW)


def test_deleting_a_picture_keeps_the_lease_of_another(leases: PictureLeases) -> None:
    leases.acquire(get_record(), "pictures/1", NOW)
    bootstrap.picture_repository().set_picture(get_record(), None, None, NOW, NO_PRECONDITIONS)
    with pytest.raises(PictureBusy):
        leases.acquire(get_record(), "pictures/2", NOW)


def test_uploads_over_the_limit_are_rejected_until_midnight(leases: PictureLeases) -> None:
    for number in range(DAILY_LIMIT):
        leases.acquire(get_record(), f"pictures/{number}", NOW)
        leases.release(SUB, f"pictures/{number}", count=True)
    with pytest.raises(UploadLimitReached) as caught:
        leases.acquire(get_record(), "pictures/4", NOW)
    midnight = NOW + timedelta(seconds=int(caught.value.headers["Retry-After"]))
    assert midnight.date() == NOW.date() + timedelta(days=1)
    assert midnight - timedelta(hours=12) <= NOW + timedelta(seconds=1)
    leases.acquire(get_record(), "pictures/4", midnight)
    assert get_record().lease.uploads == 1


def test_stale_record_does_not_exceed_the_limit(leases: PictureLeases) -> None:
    for number in range(DAILY_LIMIT - 1):
        leases.acquire(get_record(), f"pictures/{number}", NOW)
        leases.release(SUB, f"pictures/{number}", count=True)
    stale = get_record()
    leases.acquire(stale, "pictures/3", NOW)
    leases.release(SUB, "pictures/3", count=True)
    with pytest.raises(UploadLimitReached):
        leases.acquire(stale, "pictures/4", NOW)


def test_concurrent_first_uploads_of_a_day_count_once(leases: PictureLeases) -> None:
    stale = get_record()
    leases.acquire(stale, "pictures/1", NOW)
    leases.release(SUB, "pictures/1", count=True)
    with pytest.raises(PictureBusy) as caught:  # the record has no count for today, but the table has one
        leases.acquire(stale, "pictures/2", NOW)
    assert caught.value.headers["Retry-After"] == "1"
    assert get_record().lease.uploads == 1


def test_user_without_a_profile_cannot_acquire_a_lease(leases: PictureLeases) -> None:
    record = get_record()
    delete_item(clients.dynamodb(), SEEDED_TABLE, SUB)
    with pytest.raises(NotFound):
        leases.acquire(record, "pictures/1", NOW)
    assert bootstrap.picture_repository().get_record(SUB) is None
