"""Ten thousand requests that nobody should send, at the level of the handler, over a table in the embedded AWS."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import app
from chalicelib import aws
from chalicelib.settings import settings as load_settings
from local import stack
from tests.conftest import CLAIMS, SUB
from tests.integration.conftest import Run

REQUESTS = 10_000
OTHER = "1b2c3d4e-0000-4000-8000-000000000002"
TABLE = "Hostile"
EDIT = {"name": "Jane Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}
ITEM = {name: {"S": text} for name, text in EDIT.items()} | {
    "created_at": {"S": "2026-01-01T00:00:00.000Z"}, "updated_at": {"S": "2026-01-01T00:00:00.000Z"},
    "version": {"N": "1"}, "email_verified": {"BOOL": False}, "phone_number_verified": {"BOOL": False},
}  # fmt: skip

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "me", "A+", "male", "1990-02-30", "2999-01-01", "#name", ":one", "\u202eevil", "\u200b", "e\u0301", "\x00",
         "' OR 1=1", "${jndi:x}", "../..", "%00", "\ud83d", "𝐉𝐨𝐡𝐧", "null", "0" * 400]
    ),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
FIELDS = st.one_of(
    st.sampled_from([*EDIT, "id", "email", "version", "updated_at", "picture", "__proto__", "a.b"]), TEXTS
)
OBJECTS = st.dictionaries(FIELDS, VALUES, max_size=5).map(lambda wrong: {**EDIT, **wrong})
OF_PICTURES = {"content_type": "image/jpeg", "size": 9, "upload_id": OTHER}
PICTURES = st.one_of(
    st.sets(st.sampled_from([*OF_PICTURES])).map(lambda left: {name: OF_PICTURES[name] for name in left}),
    st.dictionaries(st.sampled_from([*OF_PICTURES, "key"]), VALUES, max_size=3),
)
JSON = st.one_of(OBJECTS, PICTURES, st.dictionaries(FIELDS, VALUES, max_size=4), VALUES).map(json.dumps)
BODIES = st.one_of(JSON, st.text(max_size=50), st.just("[" * 2000), st.just("")).map(
    lambda text: text.encode("utf-8", "surrogatepass")
)
TAGS = st.one_of(st.sampled_from(["*", '"1"', 'W/"1"', '"1", "2"', '"', ",", "\x01"]), st.text(max_size=20))
TYPES = st.sampled_from(["application/json", "application/merge-patch+json", "text/plain", "application/json; x=", ""])
HEADERS = st.fixed_dictionaries(
    {"Content-Type": TYPES}, optional={"If-Match": TAGS, "If-None-Match": TAGS, "Origin": TEXTS}
)
IDS = st.sampled_from(["me", SUB, OTHER, "x", "..", "%2e%2e", "me%00", "me "])
METHODS = st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "PUT", "PATCH", "POST", "DELETE"])
PLACES = st.sampled_from(["", "", "", "/picture"])


def token() -> str:
    """What Chalice's client takes claims from: it checks no signature."""
    claims = {**CLAIMS, "cognito:username": SUB}
    head, body = (base64.urlsafe_b64encode(json.dumps(it).encode()).decode().rstrip("=") for it in ({}, claims))
    return f"{head}.{body}.x"


@contextmanager
def pointed_at(at: stack.Stack) -> Iterator[None]:
    """The application's own clients, at this AWS and this table."""
    caches = (
        aws.dynamodb, aws.cognito, aws.s3, aws.lambda_, app.repository, app.directory, app.bucket, app.checker,
        load_settings,
    )  # fmt: skip
    before = {name: os.environ[name] for name in ("AWS_ENDPOINT_URL", "DYNAMODB_TABLE", "PICTURE_FUNCTION")}

    def change(environment: dict[str, str]) -> None:
        os.environ |= environment
        for cache in caches:
            cache.cache_clear()

    told = {"AWS_ENDPOINT_URL": at.aws_endpoint_url, "PICTURE_FUNCTION": at.picture_function}
    change({**told, "DYNAMODB_TABLE": TABLE})
    try:
        yield
    finally:
        change(before)


@pytest.fixture
def dynamodb(run: Run) -> Iterator[Any]:
    client = stack.client("dynamodb", run.stack.aws_endpoint_url)
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for user_id in (SUB, OTHER):
        client.put_item(TableName=TABLE, Item={**ITEM, "user_id": {"S": user_id}})
    with pointed_at(run.stack):
        yield client
    client.delete_table(TableName=TABLE)


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")  # Chalice's client checks no token: that is meant here
def test_no_request_is_answered_5xx_or_changes_what_it_should_not(dynamodb: Any) -> None:
    seen: list[int] = []
    stored: dict[str, Any] = {}
    authorization = {"Authorization": token()}
    with Client(app.app, stage_name="test") as client:

        def send(method: str, path: str, headers: dict[str, str], body: bytes) -> HTTPResponse:
            return client.http.request(method, f"/users/{path}", {**headers, **authorization}, body)

        @settings(
            max_examples=REQUESTS, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(METHODS, IDS, PLACES, HEADERS, BODIES)
        def attack(method: str, user_id: str, place: str, headers: dict[str, str], body: bytes) -> None:
            answer = send(method, user_id + place, headers, body)
            seen.append(answer.status_code)
            assert answer.status_code < 500, (method, user_id, place, headers, body)
            if answer.status_code == 200 and method in ("PUT", "PATCH") and not place:
                stored.update(answer.json_body)

        attack()
        last = send("GET", "me", {}, b"").json_body
    assert len(seen) >= REQUESTS
    assert {200, 400, 403, 405, 412, 415, 422} <= set(seen)
    assert last == stored, "what was refused has changed nothing"
    assert last["created_at"] == "2026-01-01T00:00:00.000Z"
    items = {item["user_id"]["S"]: item for item in dynamodb.scan(TableName=TABLE)["Items"]}
    assert set(items) == {SUB, OTHER}
    assert items[OTHER] == {**ITEM, "user_id": {"S": OTHER}}
    assert set(items[SUB]) == {*ITEM, "user_id"}
