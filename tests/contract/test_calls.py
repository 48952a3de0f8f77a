"""What each operation asks of AWS, and what DynamoDB counts for it. Neither grows by accident."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib import aws, profiles
from chalicelib.auth import Caller
from chalicelib.cognito import UserDirectory
from chalicelib.picture_leases import LEASE_SECONDS
from local.stack import client
from tests.conftest import SUB
from tests.contract.handlers import EDIT, TABLE, table, token
from tests.images import picture
from tests.integration.conftest import Run, User

READ, WRITE = ("GetItem", 1.0), 1.0  # a strongly consistent read of up to 4 KB; a write of up to 1 KB
FORM = {
    "sub": "1b2c3d4e-0000-4000-8000-000000000003", "email": "jane@example.com", "email_verified": "true",
    "phone_number": "+8801898765432", "phone_number_verified": "false", "name": "Jane Roe",
    "custom:dob": "1985-01-31", "custom:gender": "Female", "custom:blood_group": "O-",
}  # fmt: skip


class Calls(list[tuple[str, float]]):
    """Each call of a client in its order: its name, and the capacity units that DynamoDB says it took."""

    def watch(self, client: Any) -> Any:
        service = client.meta.service_model.service_name
        if service == "dynamodb":
            client.meta.events.register("provide-client-params.dynamodb", self._ask)
        client.meta.events.register(f"after-call.{service}", self._count)
        return client

    @staticmethod
    def _ask(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.append((model.name, parsed.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)))


@pytest.fixture
def calls(run: Run) -> Iterator[Calls]:
    """The application's own clients, watched."""
    calls = Calls()
    with table(run.stack):
        databases, pools = (aws.dynamodb(), aws.dynamodb(attempts=1)), (aws.cognito(), aws.cognito(attempts=1))
        for watched in (*databases, *pools, aws.s3(), aws.lambda_()):
            calls.watch(watched)
        yield calls


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")  # Chalice's client checks no token: that is meant here
@pytest.mark.parametrize(
    ("method", "body", "told", "asked"),
    [
        ("GET", None, 200, [READ]),
        ("HEAD", None, 200, [READ]),
        ("PUT", {**EDIT, "name": "Jane R. Roe"}, 200, [("UpdateItem", WRITE)]),
        ("PATCH", {"name": "Jane R. Roe"}, 200, [("UpdateItem", WRITE)]),
        ("PUT", {"name": ""}, 422, []),
        ("GET", None, 304, [READ]),
        ("PUT", {**EDIT, "name": "Jane R. Roe"}, 412, [("UpdateItem", 0.0)]),
    ],
)
def test_a_request_is_one_call(calls: Calls, method: str, body: Any, told: int, asked: list[tuple[str, float]]) -> None:
    headers = {"Authorization": token(), "Content-Type": "application/json"}
    if method == "PATCH":
        headers["Content-Type"] = "application/merge-patch+json"
    headers |= {304: {"If-None-Match": '"1"'}, 412: {"If-Match": '"7"'}}.get(told, {})
    with Client(app.app, stage_name="test") as chalice:
        answer = chalice.http.request(method, "/users/me", headers, json.dumps(body).encode() if body else b"")
    assert answer.status_code == told
    assert [name for name, _ in calls] == [name for name, _ in asked]
    if told < 400:
        assert calls == asked


def test_storing_a_profile_is_one_call(calls: Calls) -> None:
    profiles.store_sign_up(app.repository(), FORM["sub"], FORM)
    assert calls == [("PutItem", WRITE)]


def test_a_sign_in_without_news_is_one_read(calls: Calls) -> None:
    directory = UserDirectory(aws.cognito, "us-east-1_None")
    profiles.follow_contact(app.repository(), directory, Caller(SUB, SUB), {"sub": SUB, "email_verified": "false"})
    assert calls == [READ]


def test_a_sign_up_is_checked_without_a_call(calls: Calls) -> None:
    profiles.check_sign_up(FORM, by_the_person=True)
    assert calls == []


def test_a_first_read_that_heals_is_three_calls(calls: Calls, user: User, run: Run) -> None:
    directory = UserDirectory(aws.cognito, run.stack.user_pool_id)
    healed = profiles.read(app.repository(), directory, Caller(user.sub, user.sub))
    assert healed.name == "Jane Roe"
    assert calls == [READ, ("AdminGetUser", 0.0), ("PutItem", WRITE)]


def test_token_with_a_new_address_costs_three_calls(calls: Calls, user: User, run: Run) -> None:
    directory = UserDirectory(aws.cognito, run.stack.user_pool_id)
    profiles.read(app.repository(), directory, Caller(user.sub, user.sub))
    claims = {"email": "jane.roe@example.com", "email_verified": "true", "iat": "Wed Nov 25 10:00:00 UTC 2099"}
    values = [{"Name": name, "Value": claims[name]} for name in ("email", "email_verified")]
    client("cognito-idp", run.stack).admin_update_user_attributes(
        UserPoolId=run.stack.user_pool_id, Username=user.sub, UserAttributes=values
    )
    calls.clear()
    changed = profiles.read(app.repository(), directory, Caller(user.sub, user.sub, claims))
    assert changed.email == "jane.roe@example.com"
    assert calls == [READ, READ, ("AdminGetUser", 0.0), ("UpdateItem", WRITE)]


def test_token_with_an_old_address_costs_no_pool_call(calls: Calls, user: User, run: Run) -> None:
    directory = UserDirectory(aws.cognito, run.stack.user_pool_id)
    profiles.read(app.repository(), directory, Caller(user.sub, user.sub))
    now = datetime.now(UTC)
    app.repository().follow_contact(user.sub, {"email": "jane.new@example.com", "email_verified": True}, now, now)
    calls.clear()
    claims = {"email": user.email, "email_verified": "true", "iat": "Wed Nov 25 00:00:00 UTC 2020"}
    assert (
        profiles.read(app.repository(), directory, Caller(user.sub, user.sub, claims)).email == "jane.new@example.com"
    )
    assert calls == [READ, READ]


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
def test_a_warm_function_keeps_its_connection(calls: Calls) -> None:
    with Client(app.app, stage_name="test") as chalice:
        for _ in range(5):
            assert chalice.http.get("/users/me", headers={"Authorization": token()}).status_code == 200
    manager = aws.dynamodb()._endpoint.http_session._manager  # type: ignore[attr-defined]  # botocore's, of urllib3
    (pool,) = (manager.pools[key] for key in manager.pools.keys())  # noqa: SIM118  # no dict
    assert (len(calls), pool.num_connections) == (5, 1)


UPLOAD_ID = "0000000a-0000-4000-8000-00000000000c"
PICTURE = "/users/me/picture"
LISTS = [("ListObjectsV2", 0.0)] * 2  # whether the upload is there, and what there is to remove afterwards


def ask(method: str, body: Any) -> Any:
    headers = {"Authorization": token(), "Content-Type": "application/json"}
    with Client(app.app, stage_name="test") as client:
        return client.http.request(method, PICTURE, headers, json.dumps(body).encode())


def upload(run: Run, content: bytes) -> None:
    key = f"uploads/{SUB}/{UPLOAD_ID}"
    client("s3", run.stack).put_object(Bucket=run.stack.bucket, Key=key, Body=content, ContentType="image/jpeg")


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
def test_offer_of_an_upload_is_one_read(calls: Calls) -> None:
    assert ask("POST", {"content_type": "image/jpeg", "size": 2000}).status_code == 200
    assert calls == [READ]


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
@pytest.mark.parametrize(
    ("content", "status", "end"),
    [
        (picture(), 200, [("UpdateItem", WRITE), ("DeleteObjects", 0.0)]),  # the write returns the lease
        (b"no picture", 422, [("DeleteObjects", 0.0), ("UpdateItem", WRITE)]),
    ],
)
def test_put_of_a_picture_takes_one_lease(
    calls: Calls, run: Run, content: bytes, status: int, end: list[tuple[str, float]]
) -> None:
    upload(run, content)
    assert ask("PUT", {"upload_id": UPLOAD_ID}).status_code == status
    assert calls == [READ, *LISTS, ("UpdateItem", WRITE), ("Invoke", 0.0), *end]


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
def test_put_while_another_is_processed_is_one_read(calls: Calls, run: Run) -> None:
    upload(run, picture())
    held = app.repository().held(SUB)
    assert held is not None
    app.leases().acquire(held, "pictures/another", datetime.now(UTC))
    calls.clear()
    answer = ask("PUT", {"upload_id": UPLOAD_ID})
    assert (answer.status_code, answer.json_body["type"]) == (409, "/problems#picture-busy")
    assert 1 <= int(answer.headers["Retry-After"]) <= LEASE_SECONDS
    assert calls == [READ]


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", {"content_type": "image/jpeg", "size": 2000}), ("PUT", {"upload_id": UPLOAD_ID})],
)
def test_upload_over_the_daily_limit_is_one_read(calls: Calls, run: Run, method: str, body: Any) -> None:
    count = {":day": {"S": datetime.now(UTC).date().isoformat()}, ":count": {"N": "50"}}
    client("dynamodb", run.stack).update_item(
        TableName=TABLE, Key={"user_id": {"S": SUB}}, ExpressionAttributeValues=count,
        UpdateExpression="SET picture_uploads_on = :day, picture_uploads = :count",
    )  # fmt: skip
    answer = ask(method, body)
    assert (answer.status_code, answer.json_body["type"]) == (429, "/problems#upload-limit-reached")
    assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 60 * 60
    assert calls == [READ]
