"""The erasure of an account: completeness, interruptions, and attempts to create the account again."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from infra.deploy.restore_pictures import make_picture_restorer
from infra.deploy.restore_profiles import RestoreOptions, restore_profiles
from local.emulator import CONFIRMATION_CODE
from local.emulator_clients import emulator_client
from local.resources.tables import create_users_table
from local.stack import STACK_NAME
from local.user_client import UserClient
from tests.support.aws import get_item, require_item
from tests.support.data import PROFILE_BODY, sign_up_attributes
from tests.support.erasure import (
    ERASURE_STEPS,
    GRACE_DAYS,
    TOMBSTONE_ATTRIBUTES,
    ErasureClients,
    Killed,
    PersonalValues,
    add_objects,
    collect_values,
    delete_account,
    get_status,
    hours_ago,
    invoke_reconciliation,
    list_objects_of,
    make_due,
    read_stored_data,
    set_attributes,
    sign_up_person,
    wait_until_erased,
)
from tests.support.events import load_cognito_event, post_confirmation_event
from tests.support.picture_client import set_picture, upload_file
from tests.support.sample_images import make_image
from tests.support.stack import RunningStack, start_api, start_stack, wait_until
from tests.support.user_pool_calls import get_client_error
from tests.support.users import PASSWORD, User, sign_up_and_sign_in

pytestmark = pytest.mark.slow
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack of its own: the tests search all of its data, and reconcile it."""
    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack


@pytest.fixture(scope="module")
def user_client(stack: RunningStack) -> UserClient:
    return UserClient(stack.outputs)


@pytest.fixture(scope="module")
def grace_client(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UserClient]:
    """Return a client of an API that starts no erasure, because deletions have a grace period."""
    with start_api(stack.outputs, tmp_path_factory.mktemp("grace"), DELETION_GRACE_DAYS=str(GRACE_DAYS)) as client:
        yield client


@pytest.fixture
def due(grace_client: UserClient) -> User:
    """Return a user with objects in the bucket, whose deletion is due and not started."""
    user = sign_up_person(grace_client, next(_numbers))
    add_objects(grace_client.stack, user.sub)
    assert delete_account(user).status == 202
    make_due(grace_client.stack, user.sub)
    return user


@pytest.fixture
def erased(due: User) -> User:
    """Return a user whose account is erased, with a token that is still valid."""
    assert ErasureClients(due.client.stack).erase(due.sub) == "erased"
    return due


def get_item_of(user: User) -> dict[str, Any]:
    return require_item(emulator_client("dynamodb", user.client.stack), user.client.stack.table, user.sub)


def has_account(user: User) -> bool:
    stack = user.client.stack
    cognito = emulator_client("cognito-idp", stack)
    response = cognito.list_users(UserPoolId=stack.user_pool_id, Filter=f'sub = "{user.sub}"')
    return bool(response["Users"])


def assert_erased(user: User) -> None:
    """Check that only the tombstone is left."""
    assert set(get_item_of(user)) == TOMBSTONE_ATTRIBUTES
    assert get_status(user.client.stack, user.sub) == "erased"
    assert not has_account(user)
    assert list_objects_of(user.client.stack, user.sub) == []


def test_nothing_of_an_erased_person_is_found(stack: RunningStack, user_client: UserClient) -> None:
    user = sign_up_person(user_client, next(_numbers))
    assert set_picture(user, upload_file(user, make_image())).status == 200
    objects = add_objects(stack.outputs, user.sub)
    values = collect_values(read_stored_data(stack.outputs).items())
    assert {"table", "records", "user pool", "bucket"} <= set(values), "the search finds stored values"
    assert user.put({**user.get().body, "dob": None}).status == 200
    assert user.patch({"dob": "1931-05-07"}).status == 200
    assert user.client.call("GET", "/users/me/export", user.token).status == 200
    assert delete_account(user).status == 202
    wait_until_erased(stack.outputs, user.sub)
    assert_erased(user)
    assert get_item_of(user)["erased_objects"] == {"N": str(objects)}
    data = read_stored_data(stack.outputs)
    assert collect_values([*data.items(), ("logs", stack.read_logs())]) == {}
    assert [place for place, content in data.items() if user.sub in content] in (["table"], ["table", "function logs"])


@pytest.mark.parametrize(("service", "operation"), ERASURE_STEPS)
def test_killed_erasure_is_finished_by_reconciliation(due: User, service: str, operation: str) -> None:
    stack = due.client.stack
    clients = ErasureClients(stack)
    clients.kill_after(service, operation)
    with pytest.raises(Killed):
        clients.erase(due.sub)
    assert due.get().status == 410
    invoke_reconciliation(stack)
    wait_until_erased(stack, due.sub)
    assert_erased(due)


@pytest.mark.parametrize(("service", "operation"), ERASURE_STEPS)
def test_killed_erasure_is_finished_by_the_next(due: User, service: str, operation: str) -> None:
    stack = due.client.stack
    clients = ErasureClients(stack)
    clients.kill_after(service, operation)
    with pytest.raises(Killed):
        clients.erase(due.sub)
    requested_at = get_item_of(due)["deletion_requested_at"]
    is_finished = operation == "PutItem"
    assert ErasureClients(stack).erase(due.sub) == ("skipped" if is_finished else "erased")
    assert_erased(due)
    assert get_item_of(due)["deletion_requested_at"] == requested_at


def test_second_erasure_changes_nothing(erased: User) -> None:
    tombstone = get_item_of(erased)
    assert ErasureClients(erased.client.stack).erase(erased.sub) == "skipped"
    assert get_item_of(erased) == tombstone


def test_unknown_account_is_not_erased(user_client: UserClient) -> None:
    sub = "00000000-0000-4000-8000-00000000abcd"
    assert ErasureClients(user_client.stack).erase(sub) == "skipped"
    assert get_item(emulator_client("dynamodb", user_client.stack), user_client.stack.table, sub) is None


def test_objects_of_other_users_remain(due: User, user_client: UserClient) -> None:
    """The prefix of a user must not match the key of another one."""
    stack = due.client.stack
    other = sign_up_and_sign_in(user_client)
    objects = add_objects(stack, other.sub)
    s3 = emulator_client("s3", stack)
    similar = [f"pictures/{due.sub}0/1/a", f"uploads/{due.sub}.bak/1", f"other/{due.sub}/1"]
    for key in similar:
        s3.put_object(Bucket=stack.bucket, Key=key, Body=b"x")
    assert ErasureClients(stack).erase(due.sub) == "erased"
    assert sorted(key for key, _ in list_objects_of(stack, due.sub)) == sorted(similar)
    assert len(list_objects_of(stack, other.sub)) == objects
    assert other.get().status == 200
    for key, version in list_objects_of(stack, due.sub):
        s3.delete_object(Bucket=stack.bucket, Key=key, VersionId=version)


def test_more_versions_than_a_page_are_deleted(due: User) -> None:
    stack = due.client.stack
    s3 = emulator_client("s3", stack)
    for number in range(1_100):
        s3.put_object(Bucket=stack.bucket, Key=f"pictures/{due.sub}/{number % 3}/a", Body=b"x")
    assert ErasureClients(stack).erase(due.sub) == "erased"
    assert_erased(due)


def invoke_trigger(user: User, name: str, event: dict[str, Any]) -> None:
    """Invoke a trigger again, as Cognito does if it has not received its response."""
    stack = user.client.stack
    event = {**event, "userPoolId": stack.user_pool_id, "userName": user.sub}
    lambda_ = emulator_client("lambda", stack)
    response = lambda_.invoke(FunctionName=f"{STACK_NAME}-{name}", Payload=json.dumps(event))
    assert "FunctionError" not in response, response["Payload"].read()


def repeat_confirmation(user: User) -> None:
    attributes = {**sign_up_attributes(user.email), "sub": user.sub, "email_verified": "true"}
    invoke_trigger(user, "post_confirmation", post_confirmation_event(attributes))


def repeat_sign_in(user: User) -> None:
    event = load_cognito_event("post_authentication")
    attributes = {"sub": user.sub, "email": user.email, "email_verified": "true"}
    invoke_trigger(user, "post_authentication", {**event, "request": {"userAttributes": attributes}})


def restore(user: User, *, overwrite: bool) -> Counter[str]:
    """Restore the table from a backup that has the profile."""
    stack, name = user.client.stack, f"Backup-{user.sub}"
    dynamodb = emulator_client("dynamodb", stack)
    create_users_table(dynamodb, name)
    item = {
        "user_id": {"S": user.sub},
        "name": {"S": PersonalValues(0).attributes["name"]},
        "version": {"N": "3"},
        "picture_key": {"S": f"pictures/{user.sub}/1/a"},
        **{attribute: {"S": "2026-01-01T00:00:00.000Z"} for attribute in ("created_at", "updated_at")},
    }
    dynamodb.put_item(TableName=name, Item=item)
    restore_picture = make_picture_restorer(emulator_client("s3", stack), stack.bucket)
    counts = restore_profiles(dynamodb, name, stack.table, RestoreOptions(overwrite=overwrite), restore_picture)
    dynamodb.delete_table(TableName=name)
    return counts


CREATION_ATTEMPTS: dict[str, Callable[[User], object]] = {
    "GET": lambda user: user.get(),
    "PUT": lambda user: user.put(PROFILE_BODY),
    "PATCH": lambda user: user.patch({"name": "Jane Roe"}),
    "DELETE": delete_account,
    "export": lambda user: user.client.call("GET", "/users/me/export", user.token),
    "picture": lambda user: set_picture(user, "00000000-0000-4000-8000-000000000001"),
    "sign-in": lambda user: get_client_error(lambda: user.client.sign_in(user.email, PASSWORD)),
    "repeated PostConfirmation": repeat_confirmation,
    "repeated PostAuthentication": repeat_sign_in,
    "reconciliation": lambda user: invoke_reconciliation(user.client.stack),
    "restore": lambda user: restore(user, overwrite=False),
    "restore with overwrite": lambda user: restore(user, overwrite=True),
}


@pytest.mark.parametrize("attempt", CREATION_ATTEMPTS)
def test_erased_account_is_not_created_again(erased: User, attempt: str) -> None:
    tombstone = get_item_of(erased)
    CREATION_ATTEMPTS[attempt](erased)
    assert get_item_of(erased) == tombstone
    assert_erased(erased)


@pytest.mark.parametrize(
    "attempt", ["GET", "PUT", "repeated PostConfirmation", "repeated PostAuthentication", "restore"]
)
@pytest.mark.parametrize(("service", "operation"), [ERASURE_STEPS[0], ERASURE_STEPS[-2]])
def test_account_in_erasure_is_not_created_again(due: User, service: str, operation: str, attempt: str) -> None:
    clients = ErasureClients(due.client.stack)
    clients.kill_after(service, operation)
    with pytest.raises(Killed):
        clients.erase(due.sub)
    CREATION_ATTEMPTS[attempt](due)
    assert get_status(due.client.stack, due.sub) == "erasing"
    assert ErasureClients(due.client.stack).erase(due.sub) == "erased"
    assert_erased(due)


def test_same_address_gets_a_new_account_without_old_data(erased: User, user_client: UserClient) -> None:
    sub = user_client.sign_up(erased.email, PASSWORD, sign_up_attributes(erased.email))
    user_client.confirm(erased.email, CONFIRMATION_CODE)
    returned = replace(erased, client=user_client, sub=sub, tokens=user_client.sign_in(erased.email, PASSWORD))
    profile = returned.get()
    assert (profile.status, profile.body["version"], profile.body["picture"]) == (200, 1, None)
    assert {name: profile.body[name] for name in PROFILE_BODY} == PROFILE_BODY
    assert sub != erased.sub
    assert_erased(erased)
    assert delete_account(returned).status == 202
    wait_until_erased(user_client.stack, sub)


def test_disabled_user_is_erased(due: User) -> None:
    stack = due.client.stack
    emulator_client("cognito-idp", stack).admin_disable_user(UserPoolId=stack.user_pool_id, Username=due.sub)
    assert ErasureClients(stack).erase(due.sub) == "erased"
    assert_erased(due)


def test_user_deleted_in_cognito_before_the_erasure_is_erased(due: User) -> None:
    stack = due.client.stack
    emulator_client("cognito-idp", stack).admin_delete_user(UserPoolId=stack.user_pool_id, Username=due.sub)
    assert ErasureClients(stack).erase(due.sub) == "erased"
    assert_erased(due)


def test_erasure_does_not_delete_a_user_with_another_sub(due: User, user_client: UserClient) -> None:
    """A federated user who returns after an interrupted erasure has the same username and another sub."""
    stack = due.client.stack
    returned = sign_up_and_sign_in(user_client)
    set_attributes(stack, due.sub, deletion_username=returned.sub)
    ErasureClients(stack).erase(due.sub)
    assert has_account(returned)
    assert user_client.sign_in(returned.email, PASSWORD), "the user is not disabled"


def delete_in_cognito(user: User) -> None:
    """Delete the account as its owner can: by Cognito's API for users, which fires no trigger."""
    user.client.cognito.delete_user(AccessToken=sign_in_tokens(user)["AccessToken"])


def sign_in_tokens(user: User) -> dict[str, str]:
    return user.client.sign_in(user.email, PASSWORD)


@pytest.fixture
def orphan(user_client: UserClient) -> Iterator[User]:
    """Return a user whose account was deleted in Cognito, among enough others for the limit of reconciliation."""
    invoke_reconciliation(user_client.stack, delete_all_orphans=True)  # orphans of other tests
    wait_until(lambda: not invoke_reconciliation(user_client.stack, dry_run=True)["profiles"]["orphans"])
    others = [sign_up_and_sign_in(user_client) for _ in range(2)]
    user = sign_up_person(user_client, next(_numbers))
    add_objects(user_client.stack, user.sub)
    delete_in_cognito(user)
    yield user
    assert all(other.get().status == 200 for other in others), "others are unchanged"


def test_user_deleted_in_cognito_is_erased_after_72_hours(orphan: User) -> None:
    stack = orphan.client.stack
    first = invoke_reconciliation(stack)["profiles"]
    assert (first["orphans"], first["orphan_erasures"]) == (1, 0)
    since = get_item_of(orphan)["orphaned_since"]
    assert invoke_reconciliation(stack)["profiles"]["orphan_erasures"] == 0
    assert get_item_of(orphan)["orphaned_since"] == since, "the first scan that has missed the user"
    set_attributes(stack, orphan.sub, orphaned_since=hours_ago(71.9))
    assert invoke_reconciliation(stack)["profiles"]["orphan_erasures"] == 0
    set_attributes(stack, orphan.sub, orphaned_since=hours_ago(72.1))
    assert invoke_reconciliation(stack)["profiles"]["orphan_erasures"] == 1
    wait_until_erased(stack, orphan.sub)
    assert_erased(orphan)
    assert get_item_of(orphan)["deletion_requested_by"] == {"S": "reconciliation"}
    after = invoke_reconciliation(stack)["profiles"]
    assert (after["orphans"], after["erasures"]) == (0, 0)


def test_user_who_exists_again_is_not_an_orphan(stack: RunningStack, user_client: UserClient) -> None:
    """A scan may have missed a user, for example because of a wrong configuration."""
    user = sign_up_and_sign_in(user_client)
    before = get_item_of(user)
    set_attributes(stack.outputs, user.sub, orphaned_since=hours_ago(100))
    assert invoke_reconciliation(stack.outputs)["profiles"]["orphan_erasures"] == 0
    assert get_item_of(user) == before
    assert user.get().status == 200


def test_orphan_is_erased_immediately_on_request(orphan: User) -> None:
    stack = orphan.client.stack
    assert invoke_reconciliation(stack, delete_orphans=True)["profiles"]["orphan_erasures"] == 1
    wait_until_erased(stack, orphan.sub)
    assert_erased(orphan)


def test_dry_run_marks_and_erases_nothing(orphan: User, due: User) -> None:
    stack = orphan.client.stack
    before = get_item_of(orphan)
    report = invoke_reconciliation(stack, dry_run=True, delete_orphans=True)["profiles"]
    assert (report["orphans"], report["erasures"], report["orphan_erasures"]) == (1, 0, 0)
    assert get_item_of(orphan) == before
    assert get_status(stack, due.sub) == "scheduled"
    invoke_reconciliation(stack, delete_orphans=True)
    for user in (orphan, due):
        wait_until_erased(stack, user.sub)


def test_reconciliation_erases_due_deletions_only(due: User, grace_client: UserClient) -> None:
    stack = due.client.stack
    scheduled = sign_up_and_sign_in(grace_client)
    delete_account(scheduled)
    assert invoke_reconciliation(stack)["profiles"]["erasures"] >= 1
    wait_until_erased(stack, due.sub)
    assert scheduled.get().status == 200
