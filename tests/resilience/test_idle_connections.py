"""Connections between the functions and AWS that stop working after 5 s without a request, as they may on AWS."""

import http.client
import time
from collections.abc import Iterator

import pytest

from tests.resilience.faulty_stack import FaultyStack, start_faulty_stack
from tests.support.fault_proxy import DEAD_CONNECTION, FaultInjector, start_fault_proxy
from tests.support.picture_client import set_picture, upload_file
from tests.support.sample_images import make_image
from tests.support.users import PASSWORD, User, sign_up_and_sign_in

pytestmark = pytest.mark.slow
IDLE_LIMIT = 5.0  # seconds


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    with start_faulty_stack(tmp_path_factory.mktemp("faults"), seed=7, idle_limit=IDLE_LIMIT) as faulty:
        yield faulty


def use_every_client(faulty: FaultyStack, user: User) -> None:
    """Call DynamoDB, S3 and Lambda from the API, S3 from check_picture, and DynamoDB from a trigger."""
    assert faulty.user_client.sign_in(user.email, PASSWORD)
    assert user.get().status == 200
    assert user.patch({"name": f"Jane {time.time_ns()} Roe"}).status == 200
    assert set_picture(user, upload_file(user, make_image())).status == 200


def test_first_requests_after_a_pause_use_new_connections(faulty: FaultyStack) -> None:
    user = sign_up_and_sign_in(faulty.user_client)
    use_every_client(faulty, user)
    time.sleep(IDLE_LIMIT + 0.5)
    use_every_client(faulty, user)
    assert faulty.fault_injector.injected[DEAD_CONNECTION] == 0


def test_proxy_sends_no_response_after_the_connection_limit() -> None:
    fault_injector = FaultInjector(1)
    fault_injector.fail_next("HeadBucket", "500")
    with start_fault_proxy(fault_injector, idle_limit=0.2) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
        connection.request("HEAD", "http://127.0.0.1:9/bucket")
        connection.getresponse().read()
        time.sleep(0.3)
        connection.request("HEAD", "http://127.0.0.1:9/bucket")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
    assert fault_injector.injected[DEAD_CONNECTION] == 1
