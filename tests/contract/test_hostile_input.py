"""Generated hostile requests to the handlers: no server error, and no change by a rejected request."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import app
from chalicelib.core.cursors import encode_cursor
from chalicelib.profiles.models import ERASABLE_FIELDS
from tests.support.data import CLAIMS, FILE_ID, OTHER_SUB, PROFILE_BODY, SUB, profile_item
from tests.support.file_bodies import announce
from tests.support.in_process import SEEDED_RECORDS_TABLE, SEEDED_TABLE, seeded_table, unsigned_token
from tests.support.stack import RunningStack
from tests.support.tokens import encode_unsigned_token

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "me", "A+", "male", "1990-02-30", "2999-01-01", "#name", ":one", "\u202eevil", "\u200b", "e\u0301", "\x00",
         "\u200d", "\u3164", "\ufe0f",
         "' OR 1=1", "${jndi:x}", "../..", "%00", "\ud83d", "𝐉𝐨𝐡𝐧", "null", "0" * 400]
    ),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
FIELDS = st.one_of(
    st.sampled_from([*PROFILE_BODY, "id", "email", "version", "updated_at", "picture", "__proto__", "a.b"]), TEXTS
)
PROFILES = st.dictionaries(FIELDS, VALUES, max_size=5).map(lambda changes: {**PROFILE_BODY, **changes})
PICTURE_FIELDS = {"content_type": "image/jpeg", "size": 9, "upload_id": OTHER_SUB}
PICTURE_BODIES = st.one_of(
    st.sets(st.sampled_from([*PICTURE_FIELDS])).map(lambda names: {name: PICTURE_FIELDS[name] for name in names}),
    st.dictionaries(st.sampled_from([*PICTURE_FIELDS, "key"]), VALUES, max_size=3),
)
FILE_BODIES = st.one_of(
    st.just(announce()),
    st.dictionaries(st.sampled_from([*announce(), "key", "status"]), VALUES, max_size=2).map(
        lambda changes: {**announce(), **changes}
    ),
    st.fixed_dictionaries({"name": TEXTS}),
    st.just({"category": "other"}),
)


def encode_bodies(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Return bodies with these values as JSON, and some that are no JSON."""
    texts = st.one_of(values.map(json.dumps), st.text(max_size=50), st.just("[" * 2000), st.just(""))
    return texts.map(lambda text: text.encode("utf-8", "surrogatepass"))


ENTITY_TAGS = st.one_of(st.sampled_from(["*", '"1"', 'W/"1"', '"1", "2"', '"', ",", "\x01"]), st.text(max_size=20))
MEDIA_TYPES = st.sampled_from(
    ["application/json", "application/merge-patch+json", "text/plain", "application/json; x=", ""]
)
HEADERS = st.fixed_dictionaries(
    {"Content-Type": MEDIA_TYPES}, optional={"If-Match": ENTITY_TAGS, "If-None-Match": ENTITY_TAGS, "Origin": TEXTS}
)
USER_IDS = st.sampled_from(["me", SUB, OTHER_SUB, "x", "..", "%2e%2e", "me%00", "me "])
METHODS = st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "PUT", "PATCH", "POST", "DELETE"])
JSON = {"Content-Type": "application/json"}
PROFILE_REQUESTS = st.tuples(
    METHODS,
    USER_IDS,
    st.sampled_from(["", "", "", "/picture", "/deletion", "/export"]),
    HEADERS,
    encode_bodies(st.one_of(PROFILES, PICTURE_BODIES, st.dictionaries(FIELDS, VALUES, max_size=4), VALUES)),
)
NEWEST = "{newest}"  # the id of a file that an earlier request has created
FILE_IDS = st.sampled_from([NEWEST, NEWEST, FILE_ID, "x", "..", "file-quota", "%00", "0" * 400])
QUERIES = st.sampled_from(
    [
        "",
        "?limit=1",
        "?limit=0",
        "?limit=101",
        "?limit=x",
        "?cursor=",
        "?cursor=x",
        f"?cursor={encode_cursor(FILE_ID)}",
        "?x=%00",
    ]
)
FILE_REQUESTS = st.tuples(
    st.sampled_from(["GET", "HEAD", "PUT", "PATCH", "POST", "POST", "DELETE"]),
    st.one_of(st.just("me"), USER_IDS),
    st.one_of(
        QUERIES.map("/files{}".format), FILE_IDS.map("/files/{}".format), FILE_IDS.map("/files/{}/content".format)
    ),
    st.one_of(st.just(JSON), st.just({**JSON, "If-Match": '"7"'}), HEADERS),
    encode_bodies(FILE_BODIES),
)
# None of them is a recent sign-in, so no request deletes the account or exports its data.
SIGN_IN_TIMES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [None, "", "0", "-1", "1e300", "9" * 400, "Infinity", "NaN", True, [], {}, "Wed Nov 25 2026", "\u0663"]
    ),
    st.integers(max_value=1_700_000_000),
)


@pytest.fixture
def dynamodb(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("ERASE_FUNCTION", stack.outputs.erase_function)
    with seeded_table(stack.outputs) as client:
        yield client


def create_token(signed_in_at: Any) -> str:
    """Return a token of the user SUB with this `auth_time`."""
    claims = {**CLAIMS, "cognito:username": SUB, "auth_time": signed_in_at}
    return encode_unsigned_token(claims, signature="x")


class Attack:
    """Generated requests of one user: the statuses of the responses, the accepted profile and the accepted files."""

    def __init__(self, client: Client) -> None:
        self.statuses: list[int] = []
        self.last_accepted: dict[str, Any] = {}
        self.files: dict[str, Any] = {}
        self._client = client

    def run(self, count: int, requests: st.SearchStrategy[tuple[str, str, str, dict[str, str], bytes]]) -> None:
        """Send `count` requests. Fails on a server error."""

        @settings(
            max_examples=count, deadline=None, database=None, phases=[Phase.generate],
            derandomize=count < 10_000,  # a small random sample may miss one of the expected statuses
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(requests, SIGN_IN_TIMES)
        def send_one(request: tuple[str, str, str, dict[str, str], bytes], signed_in_at: Any) -> None:
            method, user_id, subresource, headers, body = request
            newest = max(self.files, default=FILE_ID)
            path = f"/users/{user_id}{subresource.replace(NEWEST, newest)}"
            authorized = {**headers, "Authorization": create_token(signed_in_at)}
            response = self._client.http.request(method, path, authorized, body)
            self.statuses.append(response.status_code)
            assert response.status_code < 500, (request, signed_in_at)
            if (method, subresource) in (("DELETE", ""), ("GET", "/export")):
                assert response.status_code in (401, 403), (method, user_id, subresource, signed_in_at)
            if response.status_code == 200 and method in ("PUT", "PATCH") and not subresource:
                self.last_accepted.update(response.json_body)
            if response.status_code == 201:
                file = {name: value for name, value in response.json_body.items() if name != "upload"}
                self.files[file["id"]] = file
            if (method, response.status_code) == ("PATCH", 200) and subresource.startswith("/files"):
                self.files[newest] = response.json_body
            if response.status_code == 204:
                del self.files[newest]

        send_one()


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")  # Chalice's test client verifies no token
@pytest.mark.parametrize(
    ("count", "expected_statuses"),
    [
        (1_000, {200, 400, 401, 403, 404, 405, 415, 422}),
        pytest.param(10_000, {200, 400, 401, 403, 404, 405, 412, 415, 422}, marks=pytest.mark.slow),
    ],
)
def test_hostile_requests_cause_no_error_and_no_change(dynamodb: Any, count: int, expected_statuses: set[int]) -> None:
    with Client(app.app, stage_name="test") as client:
        attack = Attack(client)
        attack.run(count, PROFILE_REQUESTS)
        profile = client.http.get("/users/me", headers={"Authorization": unsigned_token()}).json_body
    assert len(attack.statuses) >= count
    assert expected_statuses <= set(attack.statuses)
    assert profile == attack.last_accepted, "a rejected request has changed the profile"
    assert profile["created_at"] == "2026-01-01T00:00:00.000Z"
    items = {item["user_id"]["S"]: item for item in dynamodb.scan(TableName=SEEDED_TABLE)["Items"]}
    assert set(items) == {SUB, OTHER_SUB}
    assert items[OTHER_SUB] == profile_item(OTHER_SUB)
    # null erases some fields. The deletion of a picture that another test has left in the bucket is counted.
    fields = set(profile_item(SUB))
    assert fields - ERASABLE_FIELDS <= set(items[SUB]) <= fields | {"picture_revision"}


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
@pytest.mark.parametrize(
    ("count", "expected_statuses"),
    [
        (1_000, {200, 201, 204, 400, 403, 404, 405, 409, 412, 415, 422}),
        pytest.param(10_000, {200, 201, 204, 400, 403, 404, 405, 409, 412, 415, 422}, marks=pytest.mark.slow),
    ],
)
def test_hostile_requests_keep_files_and_quota_consistent(
    dynamodb: Any, count: int, expected_statuses: set[int]
) -> None:
    with Client(app.app, stage_name="test") as client:
        attack = Attack(client)
        attack.run(count, FILE_REQUESTS)
        headers = {"Authorization": unsigned_token()}
        page = client.http.get("/users/me/files?limit=100", headers=headers).json_body
    assert len(attack.statuses) >= count
    assert expected_statuses <= set(attack.statuses)
    accepted = [attack.files[file_id] for file_id in sorted(attack.files, reverse=True)]
    assert page["items"] == accepted[:100], "a rejected request has changed a file"
    assert (page["quota"]["files"], page["quota"]["bytes"]) == (len(accepted), sum(file["size"] for file in accepted))
    records = dynamodb.scan(TableName=SEEDED_RECORDS_TABLE)["Items"]
    assert {record["user_id"]["S"] for record in records} == {SUB}
