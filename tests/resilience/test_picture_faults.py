"""A change of a picture that is interrupted at any call is applied completely or not at all.

The next call deletes the objects that the interrupted call has left in S3.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.emulator_clients import emulator_client
from tests.resilience.faulty_stack import FaultyStack
from tests.support.fault_proxy import S3
from tests.support.picture_client import (
    create_upload,
    delete_picture,
    download_picture,
    get_link,
    is_busy,
    list_stored_kinds,
    set_picture,
    upload_file,
)
from tests.support.sample_images import make_image
from tests.support.users import User, sign_up_and_sign_in

pytestmark = pytest.mark.slow
RED, BLUE = make_image(size=(40, 30)), make_image(size=(50, 20))
# The calls of a PUT in their order. Invoke calls the function check_picture, which calls GetObject and PutObject.
SET_CALLS = [
    "GetItem",
    "List uploads",
    "List pictures",
    "Lease",
    "Invoke",
    "GetObject",
    "PutObject",
    "Store",
    "DeleteObjects",
]
DELETE_CALLS = ["GetItem", "List pictures", "UpdateItem", "DeleteObjects"]
# The two writes of a PUT: the name of the call, the number of earlier calls with this name, and its attempts.
WRITES = {"Lease": ("UpdateItem", 0, 1), "Store": ("UpdateItem", 1, 2)}
ATTEMPTS = 2  # of a DynamoDB call
FAULTS = ["drop", "lost_response", "500"]  # before the call is applied, after it is applied, and rejected
# Responses that arrive too late or are cut off.
SLOW_RESPONSES = [
    ("Invoke", "timeout"),
    ("Invoke", "delayed_response"),
    ("GetObject", "timeout"),
    ("GetObject", "truncated_response"),
    ("PutObject", "delayed_response"),
    ("PutObject", "throttle"),
]


def cases_for(calls: list[str]) -> list[tuple[str, str]]:
    return [(call, fault) for call in calls for fault in FAULTS]


@pytest.fixture(scope="module")
def user(faulty: FaultyStack) -> User:
    return sign_up_and_sign_in(faulty.user_client)


@pytest.fixture
def owner(user: User) -> User:
    """Return a user with a picture and no other object in S3."""
    assert set_picture(user, upload_file(user, RED)).status == 200
    assert list_stored_kinds(user) == ["pictures"]
    return user


def inject_fault(faulty: FaultyStack, call: str, fault: str) -> None:
    """Let a call fail in each of its attempts."""
    name, skipped, attempts = WRITES.get(call, (call, 0, ATTEMPTS if call.endswith("Item") else 1))
    faulty.fault_injector.fail_next(name, *["none"] * skipped, *[fault] * attempts)


def expire_lease(user: User) -> None:
    """Remove the lease that an interrupted request may have left, as if it had expired."""
    stack = user.client.stack
    emulator_client("dynamodb", stack).update_item(
        TableName=stack.table, Key={"user_id": {"S": user.sub}}, UpdateExpression="REMOVE picture_lease_until"
    )


def picture_matches_profile(user: User) -> bool:
    """Return True if the file behind the link has the size that the profile reports."""
    summary = user.get().body["picture"]
    return summary is None or len(download_picture(user)) == summary["size"]


@pytest.mark.parametrize(("call", "fault"), [*cases_for(SET_CALLS), *SLOW_RESPONSES])
def test_interrupted_set_picture_is_applied_completely_or_not(
    faulty: FaultyStack, owner: User, call: str, fault: str
) -> None:
    upload_id = upload_file(owner, BLUE)
    before, injected_before = owner.get().body, faulty.fault_injector.injected[fault]
    inject_fault(faulty, call, fault)
    response = set_picture(owner, upload_id)
    assert faulty.fault_injector.injected[fault] > injected_before, "the fault was injected"
    assert response.status in (200, 503)
    if response.status == 503:
        assert response.headers["Retry-After"] == "1"
        assert owner.get().body == before or owner.get().body["picture"]["width"] == 50
    assert picture_matches_profile(owner)
    expire_lease(owner)
    repeated = set_picture(owner, upload_id)
    assert (repeated.status, repeated.body["picture"]["width"]) == (200, 50)
    assert repeated.body["version"] == before["version"] + 1, "applied once"
    assert picture_matches_profile(owner)
    assert list_stored_kinds(owner) == ["pictures"]


@pytest.mark.parametrize("call", ["Lease", "Invoke", "PutObject", "Store", "DeleteObjects"])
def test_next_set_picture_deletes_remaining_objects(faulty: FaultyStack, owner: User, call: str) -> None:
    first, second = upload_file(owner, BLUE), upload_file(owner, RED)
    inject_fault(faulty, call, "lost_response")
    set_picture(owner, first)
    expire_lease(owner)
    assert set_picture(owner, second).body["picture"]["width"] == 40
    assert list_stored_kinds(owner).count("pictures") == 1
    assert picture_matches_profile(owner)
    set_picture(owner, first)  # repeated late: its upload has been used or is still there
    assert list_stored_kinds(owner) == ["pictures"]
    assert picture_matches_profile(owner)


@pytest.mark.parametrize(("call", "fault"), cases_for(DELETE_CALLS))
def test_interrupted_delete_is_applied_completely_or_not(
    faulty: FaultyStack, owner: User, call: str, fault: str
) -> None:
    before = owner.get().body["version"]
    inject_fault(faulty, call, fault)
    assert delete_picture(owner).status in (200, 503)
    assert picture_matches_profile(owner)
    repeated = delete_picture(owner)
    assert (repeated.status, repeated.body["picture"], repeated.body["version"]) == (200, None, before + 1)
    assert get_link(owner).status == 404
    assert list_stored_kinds(owner) == []


@pytest.mark.parametrize("call", ["Invoke", "PutObject", "Store"])
def test_delete_without_a_picture_deletes_remaining_objects(faulty: FaultyStack, user: User, call: str) -> None:
    """A PUT is interrupted before it stores the picture, and the next call is a DELETE."""
    delete_picture(user)
    upload_id = upload_file(user, BLUE)
    inject_fault(faulty, call, "drop" if call == "Store" else "lost_response")
    assert set_picture(user, upload_id).status == 503
    version = user.get().body["version"]
    assert "pictures" in list_stored_kinds(user)
    deleted = delete_picture(user)
    assert (deleted.status, deleted.body["picture"], deleted.body["version"]) == (200, None, version)
    assert list_stored_kinds(user) == ["uploads"]
    expire_lease(user)
    assert set_picture(user, upload_id).status == 200
    assert list_stored_kinds(user) == ["pictures"]


def test_deleted_object_cannot_become_the_picture(faulty: FaultyStack, user: User) -> None:
    """Of two equal requests one is slow until its lease has expired. The other one completes twice before it."""
    delete_picture(user)
    upload_id = upload_file(user, BLUE)
    faulty.fault_injector.fail_next("Invoke", "delayed_response")
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(set_picture, user, upload_id)
        while "pictures" not in list_stored_kinds(user):
            time.sleep(0.05)
        expire_lease(user)
        assert set_picture(user, upload_id).status == 200
        assert set_picture(user, upload_id).status == 200
        assert slow.result().status in (200, 503)
    assert picture_matches_profile(user)
    assert list_stored_kinds(user) == ["pictures"]


def test_set_picture_while_another_is_processed_is_busy(faulty: FaultyStack, user: User) -> None:
    """The response of check_picture is lost, so the lease has to expire."""
    delete_picture(user)
    first_upload, second_upload = upload_file(user, BLUE), upload_file(user, RED)
    faulty.fault_injector.fail_next("Invoke", "delayed_response")
    with ThreadPoolExecutor(1) as threads:
        interrupted = threads.submit(set_picture, user, first_upload)
        while "pictures" not in list_stored_kinds(user):
            time.sleep(0.05)
        rejected = set_picture(user, second_upload)
        assert is_busy(rejected)
        assert list_stored_kinds(user).count("pictures") == 1, "the second upload is not processed"
        time.sleep(int(rejected.headers["Retry-After"]))
        assert set_picture(user, second_upload).body["picture"]["width"] == 40
        assert interrupted.result().status in (409, 503)
    assert set_picture(user, first_upload).body["picture"]["width"] == 50
    assert list_stored_kinds(user) == ["pictures"]


def test_invalid_file_is_rejected_if_its_deletion_fails(faulty: FaultyStack, owner: User) -> None:
    upload_id = upload_file(owner, b"no picture")
    inject_fault(faulty, "DeleteObjects", "500")
    assert set_picture(owner, upload_id).status == 422
    assert set_picture(owner, upload_id).status == 422
    assert list_stored_kinds(owner) == ["pictures"]


def test_s3_outage_affects_only_calls_that_need_s3(faulty: FaultyStack, owner: User) -> None:
    upload_id = upload_file(owner, BLUE)
    with faulty.fault_injector.failing(1.0, S3):
        assert (create_upload(owner).status, get_link(owner).status) == (200, 200)  # signing needs no call to S3
        assert owner.patch({"name": "Jane R. Roe"}).status == 200
        rejected = [set_picture(owner, upload_id), delete_picture(owner)]
        assert [(response.status, response.headers["Retry-After"]) for response in rejected] == [(503, "1")] * 2
        assert owner.get().body["picture"]["width"] == 40
    assert set_picture(owner, upload_id).body["picture"]["width"] == 50
    assert list_stored_kinds(owner) == ["pictures"]
