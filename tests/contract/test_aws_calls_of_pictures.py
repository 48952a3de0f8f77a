"""The AWS calls of each operation on a picture, with their DynamoDB capacity units. A test fails if one is added."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.pictures.leases import LEASE_SECONDS
from local.emulator_clients import emulator_client
from tests.support.data import SUB
from tests.support.in_process import SEEDED_TABLE, send_request
from tests.support.recorded_calls import ONE_READ, ONE_WRITE_UNIT, RecordedCalls
from tests.support.sample_images import make_image
from tests.support.stack import RunningStack

pytestmark = pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
UPLOAD_ID = "0000000a-0000-4000-8000-00000000000c"
PICTURE_PATH = "/users/me/picture"
CREATE_UPLOAD = {"content_type": "image/jpeg", "size": 2000}
SET_PICTURE = {"upload_id": UPLOAD_ID}
UPDATE = ("UpdateItem", ONE_WRITE_UNIT)
LISTS = [("ListObjectsV2", 0.0)] * 2  # whether the upload exists, and which objects to delete afterwards
CHECK = ("Invoke", 0.0)
DELETE = ("DeleteObjects", 0.0)


def put_upload(stack: RunningStack, content: bytes) -> None:
    key = f"uploads/{SUB}/{UPLOAD_ID}"
    emulator_client("s3", stack.outputs).put_object(
        Bucket=stack.outputs.bucket, Key=key, Body=content, ContentType="image/jpeg"
    )


def test_creating_an_upload_makes_one_read(calls: RecordedCalls) -> None:
    assert send_request("POST", PICTURE_PATH, CREATE_UPLOAD).status_code == 200
    assert calls == [ONE_READ]


@pytest.mark.parametrize(
    ("content", "status", "last_calls"),
    [
        (make_image(), 200, [UPDATE, DELETE]),  # the write of the profile returns the lease
        (b"no picture", 422, [DELETE, UPDATE]),
    ],
)
def test_setting_a_picture_takes_one_lease(
    calls: RecordedCalls, stack: RunningStack, content: bytes, status: int, last_calls: list[tuple[str, float]]
) -> None:
    put_upload(stack, content)
    assert send_request("PUT", PICTURE_PATH, SET_PICTURE).status_code == status
    assert calls == [ONE_READ, *LISTS, UPDATE, CHECK, *last_calls]


def test_setting_a_picture_during_another_makes_one_read(calls: RecordedCalls, stack: RunningStack) -> None:
    put_upload(stack, make_image())
    record = bootstrap.picture_repository().get_record(SUB)
    assert record is not None
    bootstrap.picture_leases().acquire(record, "pictures/another", datetime.now(UTC))
    calls.clear()
    response = send_request("PUT", PICTURE_PATH, SET_PICTURE)
    assert (response.status_code, response.json_body["type"]) == (409, "/problems#picture-busy")
    assert 1 <= int(response.headers["Retry-After"]) <= LEASE_SECONDS
    assert calls == [ONE_READ]


@pytest.mark.parametrize(("method", "body"), [("POST", CREATE_UPLOAD), ("PUT", SET_PICTURE)])
def test_upload_over_the_daily_limit_makes_one_read(
    calls: RecordedCalls, stack: RunningStack, method: str, body: Any
) -> None:
    count = {":day": {"S": datetime.now(UTC).date().isoformat()}, ":count": {"N": "50"}}
    emulator_client("dynamodb", stack.outputs).update_item(
        TableName=SEEDED_TABLE, Key={"user_id": {"S": SUB}}, ExpressionAttributeValues=count,
        UpdateExpression="SET picture_uploads_on = :day, picture_uploads = :count",
    )  # fmt: skip
    response = send_request(method, PICTURE_PATH, body)
    assert (response.status_code, response.json_body["type"]) == (429, "/problems#upload-limit-reached")
    assert 1 <= int(response.headers["Retry-After"]) <= 24 * 60 * 60
    assert calls == [ONE_READ]
