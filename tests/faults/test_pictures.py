"""A picture is changed whole or not at all, wherever the way there is interrupted, and the next call clears up."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.emulator_clients import emulator_client
from tests.resilience import acceptance
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
# Each call of a PUT in its order; the check is a call of the function, which makes two itself.
CHOOSING = [
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
REMOVING = ["GetItem", "List pictures", "UpdateItem", "DeleteObjects"]
# The two writes of a choice: the name of the call, how many calls come before it, and how often it is tried.
WRITES = {"Lease": ("UpdateItem", 0, 1), "Store": ("UpdateItem", 1, 2)}
TRIES = 2  # of DynamoDB
FAULTS = ["drop", "applied", "500"]  # before it was done, after it was done, and refused
# Nothing in time, done after the caller has given up, and broken off in the middle.
SLOW = [
    ("Invoke", "timeout"), ("Invoke", "late"), ("GetObject", "timeout"), ("GetObject", "half"), ("PutObject", "late"),
    ("PutObject", "throttle"),
]  # fmt: skip


def met_by(calls: list[str]) -> list[tuple[str, str]]:
    return [(call, fault) for call in calls for fault in FAULTS]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[acceptance.FaultyStack]:
    with acceptance.start_faulty_stack(tmp_path_factory.mktemp("faults"), seed=7) as bench:
        yield bench


@pytest.fixture(scope="module")
def user(bench: acceptance.FaultyStack) -> User:
    return sign_up_and_sign_in(bench.session)


@pytest.fixture
def owner(user: User) -> User:
    """Somebody who has a picture, and nothing left over."""
    assert set_picture(user, upload_file(user, RED)).status == 200
    assert list_stored_kinds(user) == ["pictures"]
    return user


def interrupt(bench: acceptance.FaultyStack, call: str, fault: str) -> None:
    name, spared, tries = WRITES.get(call, (call, 0, TRIES if call.endswith("Item") else 1))
    bench.faults.once(name, *["none"] * spared, *[fault] * tries)


def let_lease_expire(user: User) -> None:
    """As if its time had passed: an interrupted request may have left a lease."""
    stack = user.client.stack
    emulator_client("dynamodb", stack).update_item(
        TableName=stack.table, Key={"user_id": {"S": user.sub}}, UpdateExpression="REMOVE picture_lease_until"
    )


def sees_a_whole_picture(user: User) -> bool:
    """What the profile says of its picture is what its URL brings."""
    told = user.get().body["picture"]
    return told is None or len(download_picture(user)) == told["size"]


@pytest.mark.parametrize(("call", "fault"), [*met_by(CHOOSING), *SLOW])
def test_a_choice_interrupted_anywhere_is_whole_or_not_at_all(
    bench: acceptance.FaultyStack, owner: User, call: str, fault: str
) -> None:
    upload_id = upload_file(owner, BLUE)
    before, met = owner.get().body, bench.faults.met[fault]
    interrupt(bench, call, fault)
    answer = set_picture(owner, upload_id)
    assert bench.faults.met[fault] > met, "the fault was met"
    assert answer.status in (200, 503)
    if answer.status == 503:
        assert answer.headers["Retry-After"] == "1"
        assert owner.get().body == before or owner.get().body["picture"]["width"] == 50
    assert sees_a_whole_picture(owner)
    let_lease_expire(owner)
    again = set_picture(owner, upload_id)
    assert (again.status, again.body["picture"]["width"]) == (200, 50)
    assert again.body["version"] == before["version"] + 1, "it was one change"
    assert sees_a_whole_picture(owner)
    assert list_stored_kinds(owner) == ["pictures"]


@pytest.mark.parametrize("call", ["Lease", "Invoke", "PutObject", "Store", "DeleteObjects"])
def test_what_an_interrupted_choice_has_left_goes_with_another_choice(
    bench: acceptance.FaultyStack, owner: User, call: str
) -> None:
    first, second = upload_file(owner, BLUE), upload_file(owner, RED)
    interrupt(bench, call, "applied")
    set_picture(owner, first)
    let_lease_expire(owner)
    assert set_picture(owner, second).body["picture"]["width"] == 40
    assert list_stored_kinds(owner).count("pictures") == 1
    assert sees_a_whole_picture(owner)
    set_picture(owner, first)  # late, and by then used or still waiting
    assert list_stored_kinds(owner) == ["pictures"]
    assert sees_a_whole_picture(owner)


@pytest.mark.parametrize(("call", "fault"), met_by(REMOVING))
def test_a_removal_interrupted_anywhere_is_whole_or_not_at_all(
    bench: acceptance.FaultyStack, owner: User, call: str, fault: str
) -> None:
    before = owner.get().body["version"]
    interrupt(bench, call, fault)
    assert delete_picture(owner).status in (200, 503)
    assert sees_a_whole_picture(owner)
    again = delete_picture(owner)
    assert (again.status, again.body["picture"], again.body["version"]) == (200, None, before + 1)
    assert get_link(owner).status == 404
    assert list_stored_kinds(owner) == []


@pytest.mark.parametrize("call", ["Invoke", "PutObject", "Store"])
def test_who_has_no_picture_and_wants_none_leaves_nothing(bench: acceptance.FaultyStack, user: User, call: str) -> None:
    """A choice was broken off before it was written; then it is a removal that is the next call."""
    delete_picture(user)
    upload_id = upload_file(user, BLUE)
    interrupt(bench, call, "drop" if call == "Store" else "applied")
    assert set_picture(user, upload_id).status == 503
    version = user.get().body["version"]
    assert "pictures" in list_stored_kinds(user)
    removed = delete_picture(user)
    assert (removed.status, removed.body["picture"], removed.body["version"]) == (200, None, version)
    assert list_stored_kinds(user) == ["uploads"]
    let_lease_expire(user)
    assert set_picture(user, upload_id).status == 200
    assert list_stored_kinds(user) == ["pictures"]


def test_what_was_cleared_up_can_t_become_the_picture(bench: acceptance.FaultyStack, user: User) -> None:
    """Of two equal choices one is slow, until its lease has expired; the other is done, and repeated, before it is."""
    delete_picture(user)
    upload_id = upload_file(user, BLUE)
    bench.faults.once("Invoke", "late")
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(set_picture, user, upload_id)
        while "pictures" not in list_stored_kinds(user):
            time.sleep(0.05)
        let_lease_expire(user)
        assert set_picture(user, upload_id).status == 200
        assert set_picture(user, upload_id).status == 200
        assert slow.result().status in (200, 503)
    assert sees_a_whole_picture(user)
    assert list_stored_kinds(user) == ["pictures"]


def test_choice_while_another_is_processed_waits(bench: acceptance.FaultyStack, user: User) -> None:
    """The answer of the function is lost, so that the lease has to expire."""
    delete_picture(user)
    slow, hasty = upload_file(user, BLUE), upload_file(user, RED)
    bench.faults.once("Invoke", "late")
    with ThreadPoolExecutor(1) as threads:
        interrupted = threads.submit(set_picture, user, slow)
        while "pictures" not in list_stored_kinds(user):
            time.sleep(0.05)
        refused = set_picture(user, hasty)
        assert is_busy(refused)
        assert list_stored_kinds(user).count("pictures") == 1, "nothing was processed for it"
        time.sleep(int(refused.headers["Retry-After"]))
        assert set_picture(user, hasty).body["picture"]["width"] == 40
        assert interrupted.result().status in (409, 503)
    assert set_picture(user, slow).body["picture"]["width"] == 50
    assert list_stored_kinds(user) == ["pictures"]


def test_a_bad_file_that_could_not_be_removed_is_refused_all_the_same(
    bench: acceptance.FaultyStack, owner: User
) -> None:
    upload_id = upload_file(owner, b"no picture")
    interrupt(bench, "DeleteObjects", "500")
    assert set_picture(owner, upload_id).status == 422
    assert set_picture(owner, upload_id).status == 422
    assert list_stored_kinds(owner) == ["pictures"]


def test_without_s3_the_rest_goes_on(bench: acceptance.FaultyStack, owner: User) -> None:
    upload_id = upload_file(owner, BLUE)
    with bench.faults.at(1.0, S3):
        assert (create_upload(owner).status, get_link(owner).status) == (200, 200)  # to sign is no call
        assert owner.patch({"name": "Jane R. Roe"}).status == 200
        refused = [set_picture(owner, upload_id), delete_picture(owner)]
        assert [(answer.status, answer.headers["Retry-After"]) for answer in refused] == [(503, "1")] * 2
        assert owner.get().body["picture"]["width"] == 40
    assert set_picture(owner, upload_id).body["picture"]["width"] == 50
    assert list_stored_kinds(owner) == ["pictures"]
