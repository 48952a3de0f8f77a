"""The quota of files under concurrent requests while calls to DynamoDB fail."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import pytest

from local.config import HOST
from local.user_client import ApiResponse, UserClient
from tests.resilience.faulty_stack import FaultyStack
from tests.support.fault_proxy import DYNAMODB, FAULTS
from tests.support.file_agreement import FileAudit
from tests.support.file_client import announce_file, call_file
from tests.support.stack import start_api
from tests.support.users import User, sign_up_and_sign_in

pytestmark = pytest.mark.slow
FILES: Final = 12
BYTES: Final = 1000
CLIENTS: Final = 50
FAULT_RATE: Final = 0.3
_MAX_ATTEMPTS: Final = 40
_MAX_PAUSE_SECONDS: Final = 8  # between attempts, which grow longer: all clients share the processors of this machine
_SAMPLE_SECONDS: Final = 0.02


class _Samples:
    """The numbers of files and of bytes of a user while requests run, read from the table without faults."""

    def __init__(self, audit: FileAudit, user_id: str) -> None:
        self._audit = audit
        self._user_id = user_id
        self._is_over = threading.Event()
        self.files: list[int] = []
        self.bytes: list[int] = []

    @contextmanager
    def taken(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as thread:
            sampling = thread.submit(self._sample)
            try:
                yield
            finally:
                self._is_over.set()
            sampling.result()

    def _sample(self) -> None:
        while not self._is_over.wait(_SAMPLE_SECONDS):
            sizes = [stored.file.size for stored in self._audit.list_files(self._user_id).values()]
            self.files.append(len(sizes))
            self.bytes.append(sum(sizes))


@pytest.fixture(scope="module")
def limited_client(faulty: FaultyStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserClient]:
    """Return a client of an API with small limits behind the fault proxy."""
    limits = {"FILES_PER_USER": str(FILES), "FILE_BYTES_PER_USER": str(BYTES), "FILE_UPLOADS_PER_DAY": "10000"}
    proxy = {"HTTP_PROXY": f"http://{HOST}:{faulty.proxy_port}"}
    with start_api(faulty.stack, tmp_path_factory.mktemp("limits"), **limits, **proxy) as client:
        yield client


def send_until_decided(request: Callable[[], ApiResponse]) -> ApiResponse:
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        response = request()
        if response.status != 503:
            break
        time.sleep(random.uniform(1, min(attempt, _MAX_PAUSE_SECONDS)) * int(response.headers["Retry-After"]))
    return response


def use_quota(user: User, size: int, number: int) -> list[int]:
    """Announce a file, and delete every second one. Return the statuses."""
    created = send_until_decided(lambda: announce_file(user, size=size))
    if created.status != 201 or number % 2:
        return [created.status]
    deleted = send_until_decided(lambda: call_file(user, created.body["id"], "DELETE"))
    return [created.status, deleted.status]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [1, 90], ids=["number of files", "number of bytes"])
def test_quota_is_never_exceeded_during_faults(faulty: FaultyStack, limited_client: UserClient, size: int) -> None:
    user, audit = sign_up_and_sign_in(limited_client), FileAudit(faulty.stack)
    samples = _Samples(audit, user.sub)
    with samples.taken(), faulty.fault_injector.failing(FAULT_RATE, DYNAMODB), ThreadPoolExecutor(CLIENTS) as threads:
        results = threads.map(lambda number: use_quota(user, size, number), range(CLIENTS))
        statuses = Counter(status for result in results for status in result)
    assert set(faulty.fault_injector.injected) == {*FAULTS, "none"}
    # 404: an earlier attempt of the DELETE was applied, and its response was a 503.
    assert statuses.keys() <= {201, 204, 404, 409}
    assert statuses[201]
    assert statuses[409], "the limit was not reached"
    assert max(samples.files) <= FILES
    assert max(samples.bytes) <= BYTES
    assert audit.list_differences(user.sub) == []
