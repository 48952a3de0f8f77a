"""The deletion of an account over HTTP, without and with a grace period."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import pytest

from local.emulator_clients import emulator_client
from local.user_client import ApiResponse, UserClient
from tests.support.aws import get_item, require_item
from tests.support.erasure import (
    GRACE_DAYS,
    TOMBSTONE_ATTRIBUTES,
    ErasureClients,
    cancel_deletion,
    delete_account,
    get_deletion,
    get_status,
    make_due,
    set_attributes,
    wait_until_erased,
)
from tests.support.picture_client import create_upload, delete_picture, get_link, set_picture, upload_file
from tests.support.stack import RunningStack, start_api
from tests.support.user_pool_calls import get_client_error, refresh_tokens, update_as_admin
from tests.support.users import PASSWORD, User, UserFactory, delete_stored_profile, sign_up_and_sign_in


@pytest.fixture(scope="module")
def grace_client(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserClient]:
    """Return a client of an API whose deletions have a grace period."""
    with start_api(stack.outputs, tmp_path_factory.mktemp("grace"), DELETION_GRACE_DAYS=str(GRACE_DAYS)) as client:
        yield client


@pytest.fixture
def owner(grace_client: UserClient) -> User:
    """Return a new user of the API with a grace period."""
    return sign_up_and_sign_in(grace_client)


@pytest.fixture
def leaver(owner: User) -> User:
    """Return a user whose deletion is scheduled, signed in again."""
    assert delete_account(owner).status == 202
    return sign_in_again(owner)


def sign_in_again(user: User) -> User:
    return replace(user, tokens=user.client.sign_in(user.email, PASSWORD))


def get_stored_item(user: User) -> dict[str, Any]:
    return require_item(emulator_client("dynamodb", user.client.stack), user.client.stack.table, user.sub)


def assert_problem(response: ApiResponse, status: int, slug: str) -> None:
    assert (response.status, response.body.get("type", "").rpartition("#")[2]) == (status, slug)


def assert_gone(response: ApiResponse) -> None:
    assert_problem(response, 410, "account-erased")


def test_delete_describes_the_deletion(owner: User) -> None:
    response = delete_account(owner)
    body = response.body
    requested_at, erase_after = (datetime.fromisoformat(body[name]) for name in ("requested_at", "erase_after"))
    assert (response.status, body["status"]) == (202, "scheduled")
    assert erase_after - requested_at == timedelta(days=GRACE_DAYS)
    assert body["deletes"] == ["account", "profile", "picture", "files"]
    kept_until = {entry["what"]: entry["until"] for entry in body["keeps"]}
    assert kept_until["backups"] == (erase_after + timedelta(days=35)).date().isoformat()
    assert all(entry["reason"] for entry in body["keeps"])


@pytest.mark.parametrize("path", ["/users/me", "/users/{sub}", "/users/{sub}/"])
def test_location_of_the_deletion_is_its_resource(owner: User, path: str) -> None:
    """The location is relative to the path of the request."""
    path = path.format(sub=owner.sub)
    response = owner.client.call("DELETE", path, owner.token)
    assert response.status == 202
    location = urljoin(owner.client.stack.api_url + path, response.headers["Location"])
    assert location == f"{owner.client.stack.api_url}/users/{owner.sub}/deletion"
    assert get_deletion(owner).body == response.body


def test_repeated_delete_returns_the_same_deletion(owner: User) -> None:
    first = delete_account(owner)
    assert delete_account(owner).body == first.body
    assert get_deletion(owner).body == first.body


def test_account_without_a_deletion_is_a_404(user: User) -> None:
    assert_problem(get_deletion(user), 404, "no-deletion")
    assert_problem(cancel_deletion(user), 404, "no-deletion")


def test_scheduled_deletion_ends_all_sessions(owner: User) -> None:
    assert refresh_tokens(owner)["IdToken"]
    delete_account(owner)
    assert get_client_error(lambda: refresh_tokens(owner))[0] == "NotAuthorizedException"
    assert sign_in_again(owner).get().status == 200


def test_profile_can_be_read_during_the_grace_period(leaver: User) -> None:
    profile = leaver.get()
    assert (profile.status, profile.body["id"], profile.body["name"]) == (200, leaver.sub, "Jane Roe")
    assert not [name for name in profile.body if name.startswith("deletion")]
    exported = leaver.client.call("GET", "/users/me/export", leaver.token)
    assert exported.status == 200
    assert exported.body["deletion"]["requested_at"] == get_deletion(leaver).body["requested_at"]


WRITES: dict[str, Callable[[User], ApiResponse]] = {
    "PUT": lambda user: user.put({**user.get().body, "name": "Jane R. Roe"}),
    "PUT without changes": lambda user: user.put(user.get().body),
    "PATCH": lambda user: user.patch({"name": "Jane R. Roe"}),
    "PATCH without changes": lambda user: user.patch({}),
    "POST picture": create_upload,
    "PUT picture": lambda user: set_picture(user, "00000000-0000-4000-8000-000000000001"),
    "DELETE picture": delete_picture,
}


@pytest.mark.parametrize("write", WRITES)
def test_write_during_the_grace_period_is_a_409(leaver: User, write: str) -> None:
    before = get_stored_item(leaver)
    assert_problem(WRITES[write](leaver), 409, "deletion-scheduled")
    assert get_stored_item(leaver) == before


def test_picture_is_available_during_the_grace_period(owner: User) -> None:
    assert set_picture(owner, upload_file(owner)).status == 200
    upload_id = upload_file(owner)
    delete_account(owner)
    assert get_link(owner).status == 200
    assert_problem(set_picture(owner, upload_id), 409, "deletion-scheduled")
    assert_problem(delete_picture(owner), 409, "deletion-scheduled")
    assert cancel_deletion(owner).status == 204
    assert set_picture(owner, upload_id).status == 200


def test_contact_is_not_synced_during_the_grace_period(leaver: User) -> None:
    before = get_stored_item(leaver)
    update_as_admin(leaver, phone_number="+4915112345678")
    signed_in = sign_in_again(leaver)
    assert signed_in.get().status == 200
    assert get_stored_item(leaver) == before
    assert cancel_deletion(signed_in).status == 204
    assert signed_in.get().body["phone_number"] == "+4915112345678"


def test_cancelled_deletion_restores_the_account(owner: User) -> None:
    before = get_stored_item(owner)
    delete_account(owner)
    assert cancel_deletion(owner).status == 204
    assert get_stored_item(owner) == before
    assert_problem(get_deletion(owner), 404, "no-deletion")
    assert_problem(cancel_deletion(owner), 404, "no-deletion")
    assert owner.patch({"name": "Jane R. Roe"}).body["version"] == 2
    assert delete_account(owner).status == 202


def test_deletion_that_is_not_due_is_not_erased(leaver: User) -> None:
    before = get_stored_item(leaver)
    assert ErasureClients(leaver.client.stack).erase(leaver.sub) == "skipped"
    assert get_stored_item(leaver) == before
    assert leaver.get().status == 200


def test_due_deletion_is_erased(leaver: User) -> None:
    make_due(leaver.client.stack, leaver.sub)
    assert ErasureClients(leaver.client.stack).erase(leaver.sub) == "erased"
    assert_gone(leaver.get())


@pytest.mark.parametrize("status", ["erasing", "erased"])
def test_request_of_an_erased_account_is_a_410(leaver: User, status: str) -> None:
    set_attributes(leaver.client.stack, leaver.sub, deletion_status=status)
    before = get_stored_item(leaver)
    for response in (
        leaver.get(),
        leaver.put({"name": "Jane Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}),
        leaver.patch({"name": "Jane R. Roe"}),
        delete_account(leaver),
        get_deletion(leaver),
        leaver.client.call("GET", "/users/me/export", leaver.token),
        get_link(leaver),
        create_upload(leaver),
        set_picture(leaver, "00000000-0000-4000-8000-000000000001"),
        delete_picture(leaver),
    ):
        assert_gone(response)
    if status == "erasing":
        assert_problem(cancel_deletion(leaver), 409, "deletion-in-progress")
    else:
        assert_gone(cancel_deletion(leaver))
    assert get_stored_item(leaver) == before


def test_delete_without_grace_erases_the_account(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    stack = user.client.stack
    response = delete_account(user)
    assert response.status == 202
    assert response.body["requested_at"] == response.body["erase_after"]
    wait_until_erased(stack, user.sub)
    tombstone = get_stored_item(user)
    assert set(tombstone) == TOMBSTONE_ATTRIBUTES
    assert tombstone["deletion_requested_at"] == {"S": response.body["requested_at"]}
    assert tombstone["deletion_requested_by"] == {"S": "user"}
    erased_at = datetime.fromisoformat(tombstone["erased_at"]["S"])
    assert int(tombstone["ttl"]["N"]) == int((erased_at + timedelta(days=400)).timestamp())
    assert get_client_error(lambda: user.client.sign_in(user.email, PASSWORD))[0] == "NotAuthorizedException"
    assert get_client_error(lambda: refresh_tokens(user))[0] == "NotAuthorizedException"
    assert_gone(user.get())


def test_table_deletes_tombstones_by_their_ttl(stack: RunningStack) -> None:
    description = emulator_client("dynamodb", stack.outputs).describe_time_to_live(TableName=stack.outputs.table)
    assert description["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_account_without_a_profile_is_erased(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    delete_stored_profile(user)
    assert delete_account(user).status == 202
    wait_until_erased(user.client.stack, user.sub)


def test_account_with_an_unreadable_profile_is_erased(signed_up_user: UserFactory) -> None:
    """A user can delete the account in any state of the profile."""
    user = signed_up_user()
    set_attributes(user.client.stack, user.sub, version="seven", created_at="never")
    assert user.get().status == 500
    assert delete_account(user).status == 202
    wait_until_erased(user.client.stack, user.sub)


def call_concurrently(count: int, call: Callable[[int], ApiResponse]) -> list[ApiResponse]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(call, range(count)))


def test_concurrent_deletes_have_one_request_time(owner: User) -> None:
    responses = call_concurrently(20, lambda _: delete_account(owner))
    assert {response.status for response in responses} == {202}
    assert len({response.body["requested_at"] for response in responses}) == 1


def test_concurrent_deletes_without_grace_have_one_request_time(signed_up_user: UserFactory) -> None:
    user = signed_up_user()
    responses = call_concurrently(20, lambda _: delete_account(user))
    accepted = [response for response in responses if response.status == 202]
    assert accepted
    assert {response.status for response in responses} <= {202, 410}
    (requested_at,) = {response.body["requested_at"] for response in accepted}
    wait_until_erased(user.client.stack, user.sub)
    assert get_stored_item(user)["deletion_requested_at"] == {"S": requested_at}


def test_either_the_cancellation_or_the_erasure_succeeds(grace_client: UserClient) -> None:
    """In each round, a cancellation and an erasure start at the same time."""
    clients = ErasureClients(grace_client.stack)
    for _ in range(6):
        user = sign_up_and_sign_in(grace_client)
        delete_account(user)
        make_due(grace_client.stack, user.sub)
        with ThreadPoolExecutor(2) as threads:
            cancelled = threads.submit(cancel_deletion, user)
            erased = threads.submit(clients.erase, user.sub)
        outcome = (cancelled.result().status, erased.result(), get_status(grace_client.stack, user.sub))
        assert outcome in ((204, "skipped", None), (409, "erased", "erased"), (410, "erased", "erased"))


@pytest.mark.parametrize("winner", ["cancellation", "erasure"])
def test_later_of_cancellation_and_erasure_has_no_effect(leaver: User, winner: str) -> None:
    """The other one runs between the read and the write of the erasure, or after its first write."""
    stack = leaver.client.stack
    make_due(stack, leaver.sub)
    clients, responses = ErasureClients(stack), []
    operation = "GetItem" if winner == "cancellation" else "UpdateItem"
    clients.run_after("dynamodb", operation, lambda: responses.append(cancel_deletion(leaver)))
    result = clients.erase(leaver.sub)
    if winner == "cancellation":
        assert (responses[0].status, result, leaver.get().status) == (204, "skipped", 200)
    else:
        assert_problem(responses[0], 409, "deletion-in-progress")
        assert result == "erased"
        assert get_item(emulator_client("dynamodb", stack), stack.table, leaver.sub)
