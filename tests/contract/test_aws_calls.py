"""The AWS calls of each operation on a profile, with their DynamoDB capacity units. A test fails if one is added."""

from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.aws.user_pool import UserPool
from chalicelib.core.identity import Caller
from chalicelib.profiles.contact_sync import ContactSync
from chalicelib.profiles.service import ProfileService
from local.emulator_clients import emulator_client
from tests.support.data import PROFILE_BODY, SUB, sign_up_attributes
from tests.support.in_process import send_request, unsigned_token
from tests.support.recorded_calls import ONE_READ, ONE_WRITE_UNIT, RecordedCalls
from tests.support.stack import RunningStack
from tests.support.users import User

RENAMED = {**PROFILE_BODY, "name": "Jane R. Roe"}
ATTRIBUTES = {**sign_up_attributes("jane@example.com"), "email_verified": "true", "phone_number_verified": "false"}
UPDATE = ("UpdateItem", ONE_WRITE_UNIT)


def build_service(user_pool: UserPool) -> ProfileService:
    return ProfileService(bootstrap.profile_repository(), user_pool)


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
@pytest.mark.parametrize(
    ("method", "body", "headers", "status", "expected"),
    [
        ("GET", None, {}, 200, [ONE_READ]),
        ("HEAD", None, {}, 200, [ONE_READ]),
        ("PUT", RENAMED, {}, 200, [UPDATE]),
        ("PATCH", {"name": "Jane R. Roe"}, {"content_type": "application/merge-patch+json"}, 200, [UPDATE]),
        ("PUT", {"name": ""}, {}, 422, []),
        ("GET", None, {"If_None_Match": '"1"'}, 304, [ONE_READ]),
    ],
)
def test_request_makes_at_most_one_call(
    calls: RecordedCalls,
    method: str,
    body: Any,
    headers: dict[str, str],
    status: int,
    expected: list[tuple[str, float]],
) -> None:
    assert send_request(method, "/users/me", body, **headers).status_code == status
    assert calls == expected


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
def test_put_with_a_stale_version_makes_one_call(calls: RecordedCalls) -> None:
    """The number of units of a failed condition is not asserted."""
    assert send_request("PUT", "/users/me", RENAMED, If_Match='"7"').status_code == 412
    assert [operation for operation, _ in calls] == ["UpdateItem"]


def test_creating_a_profile_makes_one_call(calls: RecordedCalls) -> None:
    accounts = bootstrap.account_service("us-east-1_None")
    accounts.create_profile("1b2c3d4e-0000-4000-8000-000000000003", ATTRIBUTES)
    assert calls == [("PutItem", ONE_WRITE_UNIT)]


def test_sign_in_without_changes_makes_one_read(calls: RecordedCalls) -> None:
    user_pool = UserPool(clients.cognito, "us-east-1_None")
    contact_sync = ContactSync(bootstrap.profile_repository(), user_pool)
    contact_sync.sync_at_sign_in(Caller(SUB, SUB), {"sub": SUB, "email_verified": "false"})
    assert calls == [ONE_READ]


def test_validation_of_a_sign_up_makes_no_call(calls: RecordedCalls) -> None:
    bootstrap.account_service("us-east-1_None").validate_sign_up(ATTRIBUTES, is_self_sign_up=True)
    assert calls == []


def test_read_of_a_missing_profile_makes_three_calls(calls: RecordedCalls, user: User, stack: RunningStack) -> None:
    """It provisions the profile."""
    user_pool = UserPool(clients.cognito, stack.outputs.user_pool_id)
    provisioned = build_service(user_pool).get_profile(Caller(user.sub, user.sub))
    assert provisioned.name == "Jane Roe"
    assert calls == [ONE_READ, ("AdminGetUser", 0.0), ("PutItem", ONE_WRITE_UNIT)]


def test_read_with_a_newer_address_makes_three_more_calls(
    calls: RecordedCalls, user: User, stack: RunningStack
) -> None:
    """The ID token was issued after the address changed, so the profile takes the address over."""
    user_pool = UserPool(clients.cognito, stack.outputs.user_pool_id)
    build_service(user_pool).get_profile(Caller(user.sub, user.sub))
    claims = {"email": "jane.roe@example.com", "email_verified": "true", "iat": "Wed Nov 25 10:00:00 UTC 2099"}
    changed_attributes = [{"Name": name, "Value": claims[name]} for name in ("email", "email_verified")]
    emulator_client("cognito-idp", stack.outputs).admin_update_user_attributes(
        UserPoolId=stack.outputs.user_pool_id, Username=user.sub, UserAttributes=changed_attributes
    )
    calls.clear()
    profile = build_service(user_pool).get_profile(Caller(user.sub, user.sub, claims))
    assert profile.email == "jane.roe@example.com"
    assert calls == [ONE_READ, ONE_READ, ("AdminGetUser", 0.0), UPDATE]


def test_read_with_an_older_address_makes_no_cognito_call(
    calls: RecordedCalls, user: User, stack: RunningStack
) -> None:
    """The ID token was issued before the address changed, so the profile is newer."""
    user_pool = UserPool(clients.cognito, stack.outputs.user_pool_id)
    build_service(user_pool).get_profile(Caller(user.sub, user.sub))
    now = datetime.now(UTC)
    bootstrap.profile_repository().update_contact_if_newer(
        user.sub, {"email": "jane.new@example.com", "email_verified": True}, now, now
    )
    calls.clear()
    claims = {"email": user.email, "email_verified": "true", "iat": "Wed Nov 25 00:00:00 UTC 2020"}
    profile = build_service(user_pool).get_profile(Caller(user.sub, user.sub, claims))
    assert profile.email == "jane.new@example.com"
    assert calls == [ONE_READ, ONE_READ]


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
def test_requests_of_a_warm_function_share_a_connection(calls: RecordedCalls) -> None:
    with Client(app.app, stage_name="test") as chalice:
        for _ in range(5):
            assert chalice.http.get("/users/me", headers={"Authorization": unsigned_token()}).status_code == 200
    manager = clients.dynamodb()._endpoint.http_session._manager  # type: ignore[attr-defined]  # the PoolManager of urllib3
    (pool,) = (manager.pools[key] for key in manager.pools.keys())  # noqa: SIM118  # it is not a dict
    assert (len(calls), pool.num_connections) == (5, 1)
