"""The AWS calls of each operation on files, with their DynamoDB capacity units. A test fails if one is added.

The bucket of these tests sends no events. So no function of the stack checks or deletes their files.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.aws import clients
from chalicelib.core.errors import ApiError
from chalicelib.core.identity import Caller
from chalicelib.files.checking import FileChecker, FileCheckRequest
from chalicelib.files.errors import FileLimitReached, FileQuotaExceeded
from chalicelib.files.models import FileType
from chalicelib.files.repository import FileLimits
from chalicelib.files.service import FileService
from chalicelib.files.storage import SCAN_TAG, build_object_key
from local.emulator_clients import emulator_client
from tests.support.data import FILE_ID, SUB
from tests.support.file_bodies import TEXT, announce
from tests.support.in_process import SEEDED_RECORDS_TABLE, send_request
from tests.support.recorded_calls import ONE_READ, ONE_WRITE_UNIT, RecordedCalls
from tests.support.stack import RunningStack

pytestmark = pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
BUCKET = "files-without-events"
FILES_PATH = "/users/me/files"
FILE_PATH = f"{FILES_PATH}/{FILE_ID}"
PATCH = {"content_type": "application/merge-patch+json"}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-capacity-handling
TRANSACTION_OF_ONE_WRITE = ("TransactWriteItems", 4.0)  # two units for each write, and for the check of the profile
TRANSACTION_OF_TWO_WRITES = ("TransactWriteItems", 6.0)
TRANSACTION_OF_THE_SERVICE = ("TransactWriteItems", 4.0)  # two writes, without the check of the profile
QUERY = ("Query", 1.0)  # up to 4 KB in total
DELETION_READ = ONE_READ  # of the state of the deletion, in the profile
UPDATE = ("UpdateItem", ONE_WRITE_UNIT)
LIST_VERSIONS, GET_TAGS, GET_OBJECT = ("ListObjectVersions", 0.0), ("GetObjectTagging", 0.0), ("GetObject", 0.0)
DELETE_OBJECT = ("DeleteObject", 0.0)
DELETE_OBJECTS = ("DeleteObjects", 0.0)
DELETE_VERSIONS = [LIST_VERSIONS, DELETE_OBJECTS, LIST_VERSIONS]


@pytest.fixture(scope="module")
def bucket(stack: RunningStack) -> Any:
    """Create the bucket, and return an S3 client."""
    s3 = emulator_client("s3", stack.outputs)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return s3


@pytest.fixture(autouse=True)
def _own_bucket(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the application use the bucket. Its settings are read after this fixture."""
    monkeypatch.setenv("S3_BUCKET", BUCKET)


@pytest.fixture
def calls(calls: RecordedCalls) -> RecordedCalls:
    """Record the calls of the function that checks files, too."""
    calls.record(clients.s3(clients.FILE_CHECK_S3_READ_TIMEOUT))
    return calls


def create_file(calls: RecordedCalls, **overrides: Any) -> str:
    """Create a file, and forget its calls. Return its id."""
    response = send_request("POST", FILES_PATH, announce(**overrides))
    assert response.status_code == 201
    calls.clear()
    return str(response.json_body["id"])


def upload(s3: Any, file_id: str, content: bytes = TEXT, scan_result: str | None = None) -> None:
    tags = {"Tagging": f"{SCAN_TAG}={scan_result}"} if scan_result else {}
    s3.put_object(Bucket=BUCKET, Key=build_object_key(SUB, file_id), Body=content, ContentType="text/plain", **tags)


def set_scan_result(s3: Any, file_id: str, result: str) -> None:
    tags = {"TagSet": [{"Key": SCAN_TAG, "Value": result}]}
    s3.put_object_tagging(Bucket=BUCKET, Key=build_object_key(SUB, file_id), Tagging=tags)


def check(file_id: str, *, malware_protection: bool = True, scan_result: str | None = None) -> str:
    storage = bootstrap.file_storage(clients.FILE_CHECK_S3_READ_TIMEOUT)
    checker = FileChecker(bootstrap.file_repository(), storage, malware_protection=malware_protection)
    return checker.check(FileCheckRequest(user_id=SUB, file_id=file_id, scan_result=scan_result)).outcome


def create_available_file(calls: RecordedCalls, s3: Any) -> str:
    file_id = create_file(calls)
    upload(s3, file_id, scan_result="NO_THREATS_FOUND")
    assert check(file_id) == "available"
    calls.clear()
    return file_id


def test_first_file_of_a_day_makes_two_transactions(calls: RecordedCalls) -> None:
    """The first one fails on the day of the counter. Its units are not asserted."""
    assert send_request("POST", FILES_PATH, announce()).status_code == 201
    assert [operation for operation, _ in calls] == ["TransactWriteItems", "TransactWriteItems"]
    assert calls[1] == TRANSACTION_OF_TWO_WRITES


def test_further_file_of_a_day_makes_one_transaction(calls: RecordedCalls) -> None:
    create_file(calls)
    assert send_request("POST", FILES_PATH, announce()).status_code == 201
    assert calls == [TRANSACTION_OF_TWO_WRITES]


def test_invalid_file_makes_no_call(calls: RecordedCalls) -> None:
    assert send_request("POST", FILES_PATH, announce(name="../x")).status_code == 422
    assert calls == []


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (FileLimits(files=1, bytes=1000, uploads_per_day=9), FileQuotaExceeded),
        (FileLimits(files=9, bytes=len(TEXT), uploads_per_day=9), FileQuotaExceeded),
        (FileLimits(files=9, bytes=1000, uploads_per_day=1), FileLimitReached),
    ],
)
def test_file_over_a_limit_makes_one_transaction(
    calls: RecordedCalls, limits: FileLimits, error: type[ApiError]
) -> None:
    """The number of units of a failed condition is not asserted."""
    create_file(calls)
    service = FileService(
        bootstrap.file_repository(), bootstrap.file_storage(), bootstrap.profile_service(), limits, frozenset(FileType)
    )
    with pytest.raises(error):
        service.create_file(Caller(SUB, SUB), announce())
    assert [operation for operation, _ in calls] == ["TransactWriteItems"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_first_page_reads_the_deletion_and_makes_one_query(calls: RecordedCalls, method: str) -> None:
    create_file(calls)
    assert send_request(method, FILES_PATH).status_code == 200
    assert calls == [DELETION_READ, QUERY]


def test_further_page_also_reads_the_quota(calls: RecordedCalls) -> None:
    for _ in range(2):
        create_file(calls)
    cursor = send_request("GET", f"{FILES_PATH}?limit=1").json_body["next_cursor"]
    calls.clear()
    page = send_request("GET", f"{FILES_PATH}?limit=1&cursor={cursor}").json_body
    assert (len(page["items"]), page["next_cursor"], page["quota"]["files"]) == (1, None, 2)
    assert calls == [DELETION_READ, QUERY, ONE_READ]


def test_list_with_an_invalid_cursor_makes_no_call(calls: RecordedCalls) -> None:
    assert send_request("GET", f"{FILES_PATH}?cursor=x").status_code == 400
    assert calls == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_read_of_a_file_makes_two_reads(calls: RecordedCalls, method: str) -> None:
    file_id = create_file(calls)
    assert send_request(method, f"{FILES_PATH}/{file_id}").status_code == 200
    assert calls == [DELETION_READ, ONE_READ]


def test_url_of_the_content_makes_two_reads(calls: RecordedCalls, bucket: Any) -> None:
    """The URL is signed without a call."""
    file_id = create_available_file(calls, bucket)
    assert send_request("GET", f"{FILES_PATH}/{file_id}/content").status_code == 200
    assert calls == [DELETION_READ, ONE_READ]


def test_id_that_is_not_of_a_file_reads_the_deletion(calls: RecordedCalls) -> None:
    assert send_request("GET", f"{FILES_PATH}/file-quota").status_code == 404
    assert calls == [DELETION_READ]


def test_change_of_a_file_makes_two_reads_and_one_transaction(calls: RecordedCalls) -> None:
    file_id = create_file(calls)
    assert send_request("PATCH", f"{FILES_PATH}/{file_id}", {"name": "x.txt"}, **PATCH).status_code == 200
    assert calls == [DELETION_READ, ONE_READ, TRANSACTION_OF_ONE_WRITE]


def test_change_to_the_stored_values_makes_two_reads(calls: RecordedCalls) -> None:
    file_id = create_file(calls)
    assert send_request("PATCH", f"{FILES_PATH}/{file_id}", {"name": "blood-test.txt"}, **PATCH).status_code == 200
    assert calls == [DELETION_READ, ONE_READ]


def test_deletion_of_a_file_deletes_its_object(calls: RecordedCalls) -> None:
    file_id = create_file(calls)
    assert send_request("DELETE", f"{FILES_PATH}/{file_id}").status_code == 204
    assert calls == [DELETION_READ, ONE_READ, TRANSACTION_OF_TWO_WRITES, DELETE_OBJECT]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", FILE_PATH, None),
        ("GET", f"{FILE_PATH}/content", None),
        ("PATCH", FILE_PATH, {}),
        ("DELETE", FILE_PATH, None),
    ],
)
def test_request_for_a_missing_file_makes_two_reads(calls: RecordedCalls, method: str, path: str, body: Any) -> None:
    assert send_request(method, path, body, **PATCH).status_code == 404
    assert [operation for operation, _ in calls] == ["GetItem", "GetItem"]


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"name": "x.txt"}), ("DELETE", None)])
def test_write_with_a_stale_version_makes_two_reads(calls: RecordedCalls, method: str, body: Any) -> None:
    file_id = create_file(calls)
    assert send_request(method, f"{FILES_PATH}/{file_id}", body, If_Match='"7"', **PATCH).status_code == 412
    assert calls == [DELETION_READ, ONE_READ]


def test_profile_of_a_user_with_files_makes_one_read(calls: RecordedCalls) -> None:
    create_file(calls)
    assert send_request("GET", "/users/me").status_code == 200
    assert calls == [ONE_READ]


def test_check_before_the_scan_makes_four_calls(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_file(calls)
    upload(bucket, file_id)
    assert check(file_id) == "scanning"
    assert calls == [ONE_READ, LIST_VERSIONS, GET_TAGS, UPDATE]


def test_check_of_a_clean_file_makes_five_calls(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_file(calls)
    upload(bucket, file_id, scan_result="NO_THREATS_FOUND")
    assert check(file_id) == "available"
    assert calls == [ONE_READ, LIST_VERSIONS, GET_TAGS, GET_OBJECT, UPDATE]


def test_check_without_malware_protection_reads_no_tags(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_file(calls)
    upload(bucket, file_id)
    assert check(file_id, malware_protection=False) == "available"
    assert calls == [ONE_READ, LIST_VERSIONS, GET_OBJECT, UPDATE]


def test_infected_file_is_deleted_without_reading_it(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_file(calls)
    upload(bucket, file_id, scan_result="THREATS_FOUND")
    assert check(file_id) == "rejected"
    assert calls == [ONE_READ, LIST_VERSIONS, GET_TAGS, TRANSACTION_OF_THE_SERVICE, *DELETE_VERSIONS]


@pytest.mark.parametrize("malware_protection", [False, True])
def test_repeated_check_of_an_available_file_reads_its_state(
    calls: RecordedCalls, bucket: Any, malware_protection: bool
) -> None:
    file_id = create_available_file(calls, bucket)
    assert check(file_id, malware_protection=malware_protection) == "unchanged"
    assert calls == [ONE_READ, LIST_VERSIONS, *([GET_TAGS] if malware_protection else [])]


def test_repeated_upload_makes_one_more_list_and_deletion(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_available_file(calls, bucket)
    upload(bucket, file_id)
    assert check(file_id, malware_protection=False) == "unchanged"
    assert calls == [ONE_READ, LIST_VERSIONS, LIST_VERSIONS, DELETE_OBJECTS]


def test_repeated_uploads_of_a_new_file_are_deleted_first(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_file(calls)
    for _ in range(3):
        upload(bucket, file_id, scan_result="NO_THREATS_FOUND")
    assert check(file_id) == "available"
    assert calls == [ONE_READ, LIST_VERSIONS, LIST_VERSIONS, DELETE_OBJECTS, GET_TAGS, GET_OBJECT, UPDATE]


def test_malware_found_later_makes_a_transaction_and_deletes(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_available_file(calls, bucket)
    set_scan_result(bucket, file_id, "THREATS_FOUND")
    assert check(file_id) == "rejected"
    assert calls == [ONE_READ, LIST_VERSIONS, GET_TAGS, TRANSACTION_OF_THE_SERVICE, *DELETE_VERSIONS]


def test_reported_malware_reads_no_tags(calls: RecordedCalls, bucket: Any) -> None:
    file_id = create_file(calls)
    upload(bucket, file_id)
    assert check(file_id, scan_result="THREATS_FOUND") == "rejected"
    assert calls == [ONE_READ, LIST_VERSIONS, TRANSACTION_OF_THE_SERVICE, *DELETE_VERSIONS]


def test_check_of_an_object_without_a_record_makes_six_calls(calls: RecordedCalls, bucket: Any) -> None:
    create_file(calls)  # the user has a quota
    upload(bucket, FILE_ID)
    assert check(FILE_ID) == "deleted"
    reads_and_deletions = ["GetItem", "ListObjectVersions", "DeleteObject", "ListObjectVersions", "GetItem"]
    assert [operation for operation, _ in calls] == ["GetItem", *reads_and_deletions]


def test_check_of_an_object_of_an_erased_user_deletes_it(calls: RecordedCalls, bucket: Any) -> None:
    bootstrap.file_repository().delete_all(SUB)
    calls.clear()
    upload(bucket, FILE_ID)
    assert check(FILE_ID) == "deleted"
    assert [operation for operation, _ in calls] == [
        "GetItem",
        "GetItem",
        *(operation for operation, _ in DELETE_VERSIONS),
    ]


def test_check_before_the_upload_makes_two_calls(calls: RecordedCalls) -> None:
    file_id = create_file(calls)
    assert check(file_id) == "awaiting-upload"
    assert calls == [ONE_READ, LIST_VERSIONS]


def test_check_of_an_expired_reservation_releases_it(calls: RecordedCalls, stack: RunningStack) -> None:
    file_id = create_file(calls)
    past = int((datetime.now(UTC) - timedelta(seconds=1)).timestamp())
    emulator_client("dynamodb", stack.outputs).update_item(
        TableName=SEEDED_RECORDS_TABLE,
        Key={"user_id": {"S": SUB}, "record": {"S": f"file#{file_id}"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": str(past)}},
    )
    assert check(file_id) == "released"
    assert calls == [ONE_READ, LIST_VERSIONS, TRANSACTION_OF_THE_SERVICE]
