"""Leases on the embedded DynamoDB: one of concurrent requests acquires one. lease_contracts.py has the other tests."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.pictures.errors import PictureBusy
from chalicelib.pictures.leases import PictureLeases
from chalicelib.pictures.repository import ProfileRecord
from tests.support.data import SUB
from tests.support.in_process import SEEDED_TABLE, seeded_table
from tests.support.stack import RunningStack

NOW = datetime(2026, 11, 25, 12, 0, 0, 500_000, tzinfo=UTC)
DAILY_LIMIT = 3


def get_record() -> ProfileRecord:
    record = bootstrap.picture_repository().get_record(SUB)
    assert record is not None
    return record


def test_lease_is_acquired_by_one_of_concurrent_requests(stack: RunningStack) -> None:
    def try_acquire(number: int) -> bool:
        try:
            leases.acquire(record, f"pictures/{number}", NOW)
        except PictureBusy:
            return False
        return True

    with seeded_table(stack.outputs):
        leases, record = PictureLeases(partial(clients.dynamodb, 1), SEEDED_TABLE, DAILY_LIMIT), get_record()
        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(try_acquire, range(8))) == 1
        assert get_record().lease.uploads == 1
