"""Generated requests that no client should send, to the handler, over a table in the embedded AWS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import app
from chalicelib.models import ERASABLE
from tests.conftest import SUB
from tests.contract.handlers import EDIT, ITEM, OTHER, TABLE, table, token
from tests.integration.conftest import Run

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


@pytest.fixture
def dynamodb(run: Run) -> Iterator[Any]:
    with table(run.stack) as client:
        yield client


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")  # Chalice's client checks no token: that is meant here
@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1_000, {200, 400, 403, 405, 415, 422}),
        pytest.param(10_000, {200, 400, 403, 405, 412, 415, 422}, marks=pytest.mark.slow),
    ],
)
def test_no_request_is_answered_5xx_or_changes_what_it_should_not(
    dynamodb: Any, count: int, expected: set[int]
) -> None:
    seen: list[int] = []
    stored: dict[str, Any] = {}
    authorization = {"Authorization": token()}
    with Client(app.app, stage_name="test") as client:

        def send(method: str, path: str, headers: dict[str, str], body: bytes) -> HTTPResponse:
            return client.http.request(method, f"/users/{path}", {**headers, **authorization}, body)

        @settings(
            max_examples=count, deadline=None, database=None, phases=[Phase.generate],
            derandomize=count < 10_000,  # a small random sample may miss one of the expected statuses
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
    assert len(seen) >= count
    assert expected <= set(seen)
    assert last == stored, "what was refused has changed nothing"
    assert last["created_at"] == "2026-01-01T00:00:00.000Z"
    items = {item["user_id"]["S"]: item for item in dynamodb.scan(TableName=TABLE)["Items"]}
    assert set(items) == {SUB, OTHER}
    assert items[OTHER] == {**ITEM, "user_id": {"S": OTHER}}
    # null erases some fields, and removing a picture that another test has left behind is counted.
    assert {*ITEM, "user_id"} - ERASABLE <= set(items[SUB]) <= {*ITEM, "user_id", "picture_changes"}
