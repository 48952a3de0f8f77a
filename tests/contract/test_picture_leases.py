"""One processing at a time for each user, and so many a day: on the embedded DynamoDB."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

import app
from chalicelib import aws
from chalicelib.errors import Conflict, NotFound, PictureBusy, UploadLimitReached
from chalicelib.models import Picture
from chalicelib.picture_leases import LEASE_SECONDS, PictureLeases
from chalicelib.preconditions import ANY_VERSION
from chalicelib.repository import Held
from chalicelib.values import PictureType
from tests.conftest import SUB
from tests.contract.handlers import OTHER, TABLE, table
from tests.integration.conftest import Run

NOW = datetime(2026, 11, 25, 12, 0, 0, 500_000, tzinfo=UTC)
LIMIT = 3


@pytest.fixture
def leases(run: Run) -> Iterator[PictureLeases]:
    with table(run.stack):
        yield PictureLeases(aws.dynamodb(attempts=1), TABLE, LIMIT)


def held(user_id: str = SUB) -> Held:
    found = app.repository().held(user_id)
    assert found is not None
    return found


def test_lease_is_taken_by_one_of_many(leases: PictureLeases) -> None:
    before = held()

    def acquired(number: int) -> bool:
        try:
            leases.acquire(before, f"pictures/{number}", NOW)
        except PictureBusy:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(acquired, range(8))) == 1
    assert held().lease.uploads == 1


def test_lease_of_one_user_is_not_in_the_way_of_another(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/1", NOW)
    leases.acquire(held(OTHER), "pictures/2", NOW)


def test_busy_says_when_the_lease_expires(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/1", NOW)
    with pytest.raises(PictureBusy) as caught:
        leases.require_free(held().lease, NOW + timedelta(seconds=4))
    assert isinstance(caught.value, Conflict)
    assert caught.value.headers["Retry-After"] == str(LEASE_SECONDS - 4)


def test_lease_that_nobody_returned_expires(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/1", NOW)
    later = NOW + timedelta(seconds=LEASE_SECONDS)
    leases.require_free(held().lease, later)
    leases.acquire(held(), "pictures/2", later)


def test_returned_lease_can_be_taken_at_once(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/1", NOW)
    leases.release(SUB, "pictures/1", count=True)
    leases.acquire(held(), "pictures/2", NOW)
    assert held().lease.uploads == 2


def test_upload_that_was_not_processed_does_not_count(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/1", NOW)
    leases.release(SUB, "pictures/1", count=False)
    assert held().lease.uploads == 0


def test_lease_of_another_request_is_not_returned(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/1", NOW)
    leases.release(SUB, "pictures/2", count=False)
    assert held().lease.uploads == 1
    with pytest.raises(PictureBusy):
        leases.acquire(held(), "pictures/2", NOW)


def test_stored_picture_returns_the_lease(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/u/1/1", NOW)
    picture = Picture(content_type=PictureType.PNG, size=1, width=1, height=1, updated_at=NOW)
    app.repository().set_picture(held(), picture, "pictures/u/1/1", NOW, ANY_VERSION)
    leases.acquire(held(), "pictures/u/2/2", NOW)


def test_removed_picture_leaves_the_lease_of_another_request(leases: PictureLeases) -> None:
    leases.acquire(held(), "pictures/1", NOW)
    app.repository().set_picture(held(), None, None, NOW, ANY_VERSION)
    with pytest.raises(PictureBusy):
        leases.acquire(held(), "pictures/2", NOW)


def test_uploads_over_the_limit_wait_for_the_next_day(leases: PictureLeases) -> None:
    for number in range(LIMIT):
        leases.acquire(held(), f"pictures/{number}", NOW)
        leases.release(SUB, f"pictures/{number}", count=True)
    with pytest.raises(UploadLimitReached) as caught:
        leases.acquire(held(), "pictures/4", NOW)
    midnight = NOW + timedelta(seconds=int(caught.value.headers["Retry-After"]))
    assert midnight.date() == NOW.date() + timedelta(days=1)
    assert midnight - timedelta(hours=12) <= NOW + timedelta(seconds=1)
    leases.acquire(held(), "pictures/4", midnight)
    assert held().lease.uploads == 1


def test_count_of_a_stale_read_is_not_exceeded(leases: PictureLeases) -> None:
    for number in range(LIMIT - 1):
        leases.acquire(held(), f"pictures/{number}", NOW)
        leases.release(SUB, f"pictures/{number}", count=True)
    stale = held()
    leases.acquire(stale, "pictures/3", NOW)
    leases.release(SUB, "pictures/3", count=True)
    with pytest.raises(UploadLimitReached):
        leases.acquire(stale, "pictures/4", NOW)


def test_first_upload_of_a_day_counts_once(leases: PictureLeases) -> None:
    stale = held()
    leases.acquire(stale, "pictures/1", NOW)
    leases.release(SUB, "pictures/1", count=True)
    with pytest.raises(PictureBusy) as caught:  # it read no count of today, and there is one
        leases.acquire(stale, "pictures/2", NOW)
    assert caught.value.headers["Retry-After"] == "1"
    assert held().lease.uploads == 1


def test_user_without_a_profile_gets_no_lease(leases: PictureLeases) -> None:
    gone = held()
    app.repository().remove(SUB)
    with pytest.raises(NotFound):
        leases.acquire(gone, "pictures/1", NOW)
    assert app.repository().held(SUB) is None
