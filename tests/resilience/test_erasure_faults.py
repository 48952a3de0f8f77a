"""Single faults during deletion, erasure and export."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.core.errors import UpstreamError
from chalicelib.core.metrics import Metric
from local.emulator_clients import emulator_client
from local.user_client import ApiResponse, UserClient
from tests.resilience.faulty_stack import FaultyStack
from tests.support.aws import require_item
from tests.support.erasure import (
    ERASURE_STEPS,
    GRACE_DAYS,
    TOMBSTONE_ATTRIBUTES,
    ErasureClients,
    add_objects,
    delete_account,
    get_deletion,
    get_status,
    invoke_reconciliation,
    list_objects_of,
    make_due,
    wait_until_erased,
)
from tests.support.picture_client import list_stored_kinds, set_picture, upload_file
from tests.support.reconciliation import count_metrics
from tests.support.stack import start_api
from tests.support.user_pool_calls import get_client_error, refresh_tokens
from tests.support.users import User, sign_up_and_sign_in

pytestmark = pytest.mark.slow
ATTEMPTS = 2  # of a call


@pytest.fixture(scope="module")
def grace_client(faulty: FaultyStack) -> Iterator[UserClient]:
    """Return a client of an API behind the proxy whose deletions have a grace period."""
    proxy = f"http://127.0.0.1:{faulty.proxy_port}"
    directory = faulty.directory / "grace"
    with start_api(faulty.stack, directory, DELETION_GRACE_DAYS=str(GRACE_DAYS), HTTP_PROXY=proxy) as client:
        yield client


@pytest.fixture
def user(faulty: FaultyStack) -> User:
    return sign_up_and_sign_in(faulty.user_client)


@pytest.fixture
def due(faulty: FaultyStack, grace_client: UserClient) -> User:
    """Return a user whose deletion is due and not started."""
    user = sign_up_and_sign_in(grace_client)
    add_objects(faulty.stack, user.sub)
    assert delete_account(user).status == 202
    make_due(faulty.stack, user.sub)
    return user


def export(user: User) -> ApiResponse:
    return user.client.call("GET", "/users/me/export", user.token)


def assert_erased(user: User) -> None:
    stack = user.client.stack
    assert set(require_item(emulator_client("dynamodb", stack), stack.table, user.sub)) == TOMBSTONE_ATTRIBUTES
    assert list_objects_of(stack, user.sub) == []


def test_delete_with_a_lost_response_is_applied_once(faulty: FaultyStack, grace_client: UserClient) -> None:
    user = sign_up_and_sign_in(grace_client)
    faulty.fault_injector.fail_next("UpdateItem", "lost_response")
    response = delete_account(user)
    assert response.status == 202
    assert get_deletion(user).body == response.body


def test_delete_with_a_lost_response_ends_the_sessions(faulty: FaultyStack, grace_client: UserClient) -> None:
    user = sign_up_and_sign_in(grace_client)
    faulty.fault_injector.fail_next("UpdateItem", "lost_response")
    assert delete_account(user).status == 202
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"


def test_repeated_delete_ends_sessions_that_did_not_end(faulty: FaultyStack, grace_client: UserClient) -> None:
    user = sign_up_and_sign_in(grace_client)
    faulty.fault_injector.fail_next("AdminUserGlobalSignOut", *["500"] * ATTEMPTS)
    first = delete_account(user)
    assert refresh_tokens(user)["IdToken"], "the sign-out has failed"
    assert delete_account(user).body == first.body
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"


@pytest.mark.parametrize("fault", ["drop", "throttle"])
def test_erasure_that_did_not_start_is_started_by_reconciliation(faulty: FaultyStack, user: User, fault: str) -> None:
    faulty.fault_injector.fail_next("Invoke", *[fault] * ATTEMPTS)
    assert delete_account(user).status == 202
    assert get_status(faulty.stack, user.sub) == "scheduled"
    invoke_reconciliation(faulty.stack)
    wait_until_erased(faulty.stack, user.sub)


@pytest.mark.parametrize("fault", ["drop", "500"])
@pytest.mark.parametrize("operation", [operation for _, operation in ERASURE_STEPS])
def test_erasure_after_a_failed_call_is_completed(faulty: FaultyStack, due: User, operation: str, fault: str) -> None:
    clients = ErasureClients(faulty.stack, faulty.proxy_port)
    faulty.fault_injector.fail_next(operation, *[fault] * ATTEMPTS)
    with pytest.raises(UpstreamError):
        clients.erase(due.sub)
    assert get_status(faulty.stack, due.sub) == ("scheduled" if operation == "UpdateItem" else "erasing")
    assert clients.erase(due.sub) == "erased"
    assert_erased(due)


@pytest.mark.parametrize("operation", [operation for _, operation in ERASURE_STEPS])
def test_erasure_with_a_lost_response_is_counted_once(faulty: FaultyStack, due: User, operation: str) -> None:
    clients = ErasureClients(faulty.stack, faulty.proxy_port)
    faulty.fault_injector.fail_next(operation, "lost_response")
    with count_metrics() as count:
        assert clients.erase(due.sub) == "erased"
    assert (count(Metric.USER_ERASED), count(Metric.ERASURE_FAILED)) == (1, 0)
    assert_erased(due)


def test_picture_in_progress_is_deleted_too(faulty: FaultyStack, user: User) -> None:
    """A PUT of a picture is processed while the account is deleted. Its file is written before the erasure deletes."""
    upload_id = upload_file(user)
    faulty.fault_injector.fail_next("Invoke", "delayed_response")
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(set_picture, user, upload_id)
        while "pictures" not in list_stored_kinds(user):
            time.sleep(0.05)
        assert delete_account(user).status == 202
        assert slow.result().status in (409, 410, 503)
    wait_until_erased(faulty.stack, user.sub)
    assert_erased(user)


def test_export_with_a_lost_response_succeeds(faulty: FaultyStack, user: User) -> None:
    faulty.fault_injector.fail_next("UpdateItem", "lost_response")
    assert export(user).status == 200


def test_failed_export_can_be_repeated_immediately(faulty: FaultyStack, user: User) -> None:
    """Otherwise a 503 with Retry-After: 1 would be followed by a 429 for a minute."""
    faulty.fault_injector.fail_next("AdminGetUser", *["500"] * ATTEMPTS)
    failed = export(user)
    assert (failed.status, failed.headers["Retry-After"]) == (503, "1")
    assert export(user).status == 200
