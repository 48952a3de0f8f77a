"""S3, GuardDuty and EventBridge of the embedded AWS behave as those of AWS, as far as files need it.

A test of plain MiniStack that fails shows that the patch in local/ is no longer needed.
"""

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from local.emulator_clients import emulator_client
from local.malware_scan import EICAR_TEST_STRING, TAG_KEY
from local.resources.malware_protection import SCANNER_ROLE_ARN
from local.stack import Stack
from tests.support.aws import create_iam_user
from tests.support.plain_ministack import start_plain_ministack
from tests.support.scanned_bucket import ScannedBucket, create_bucket_with_recorder, create_scanned_bucket
from tests.support.stack import RunningStack

CONTENT = b"%PDF-1.7 content"
CLEAN_TAG = f"{TAG_KEY}=NO_THREATS_FOUND"
CLEAN_TAGS = {"TagSet": [{"Key": TAG_KEY, "Value": "NO_THREATS_FOUND"}]}
INCOMPLETE_RESULTS = ("UNSUPPORTED", "ACCESS_DENIED", "FAILED")
TIMEOUT = 10


@pytest.fixture(scope="module")
def bucket(stack: RunningStack) -> Iterator[ScannedBucket]:
    with create_scanned_bucket(stack.outputs) as bucket:
        yield bucket


@pytest.fixture
def plain_bucket(tmp_path: Path) -> Iterator[ScannedBucket]:
    with start_plain_ministack(tmp_path) as user_client, create_bucket_with_recorder(user_client.stack) as bucket:
        yield bucket


def create_form(bucket: ScannedBucket, key: str = "files/user/form") -> dict[str, Any]:
    """Return a form that uploads CONTENT and no other content."""
    fields = {
        "Content-Type": "application/pdf",
        "x-amz-checksum-algorithm": "SHA256",
        "x-amz-checksum-sha256": base64.b64encode(hashlib.sha256(CONTENT).digest()).decode(),
    }
    conditions = [{name: value} for name, value in fields.items()]
    size = ["content-length-range", len(CONTENT), len(CONTENT)]
    form: dict[str, Any] = bucket.s3.generate_presigned_post(
        bucket.name, key, Fields=fields, Conditions=[*conditions, size], ExpiresIn=900
    )
    return form


def presign(bucket: ScannedBucket, key: str) -> str:
    url: str = bucket.s3.generate_presigned_url("get_object", Params={"Bucket": bucket.name, "Key": key})
    return url


def read_status(error: pytest.ExceptionInfo[ClientError]) -> int:
    return int(error.value.response["ResponseMetadata"]["HTTPStatusCode"])


def test_upload_of_the_announced_content_is_stored(bucket: ScannedBucket) -> None:
    form = create_form(bucket)
    response = bucket.post(CONTENT, form)
    assert response.status_code == 204, response.text
    key = bucket.wait_until_readable("files/user/form")
    stored = bucket.s3.head_object(Bucket=bucket.name, Key=key, ChecksumMode="ENABLED")
    assert stored["ChecksumSHA256"] == form["fields"]["x-amz-checksum-sha256"]


def test_upload_with_a_wrong_checksum_is_rejected(bucket: ScannedBucket) -> None:
    response = bucket.post(CONTENT[::-1], create_form(bucket, "files/user/mismatch"))
    assert response.status_code == 400
    assert "<Code>BadDigest</Code>" in response.text
    assert bucket.s3.list_objects_v2(Bucket=bucket.name, Prefix="files/user/mismatch")["KeyCount"] == 0


@pytest.mark.parametrize(
    ("content", "code"), [(CONTENT[:-1], "EntityTooSmall"), (CONTENT + b"x", "EntityTooLarge")], ids=["short", "long"]
)
def test_upload_with_another_length_is_rejected(bucket: ScannedBucket, content: bytes, code: str) -> None:
    response = bucket.post(content, create_form(bucket))
    assert response.status_code == 400
    assert f"<Code>{code}</Code>" in response.text


@pytest.mark.parametrize(
    "field",
    [
        {"tagging": f"<Tagging><TagSet><Tag><Key>{TAG_KEY}</Key><Value>x</Value></Tag></TagSet></Tagging>"},
        {"x-amz-tagging": CLEAN_TAG},
        {"x-amz-meta-name": "x"},
        {"acl": "public-read"},
        {"Cache-Control": "public"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_upload_with_a_further_field_is_rejected(bucket: ScannedBucket, field: dict[str, str]) -> None:
    response = bucket.post(CONTENT, create_form(bucket), **field)
    assert response.status_code == 403
    assert "Extra input fields" in response.text


@pytest.mark.parametrize("field", ["Content-Type", "x-amz-checksum-sha256", "key"])
def test_upload_with_another_value_is_rejected(bucket: ScannedBucket, field: str) -> None:
    response = bucket.post(CONTENT, create_form(bucket), **{field: "files/other"})
    assert response.status_code == 403


@pytest.mark.parametrize("field", ["Content-Type", "x-amz-checksum-sha256"])
def test_upload_without_a_required_field_is_rejected(bucket: ScannedBucket, field: str) -> None:
    form = create_form(bucket)
    del form["fields"][field]
    assert bucket.post(CONTENT, form).status_code == 403


def test_upload_by_form_invokes_the_function(bucket: ScannedBucket) -> None:
    """The event has the encoded key and the version."""
    key = f"files/user/{uuid.uuid4()} +ü"
    version_id = bucket.post(CONTENT, create_form(bucket, key)).headers["x-amz-version-id"]
    encoded = key.replace("+", "%2B").replace(" ", "+").replace("ü", "%C3%BC")
    event = bucket.find_event(
        lambda event: event.get("Records", [{}])[0].get("s3", {}).get("object", {}).get("key") == encoded
    )
    record = event["Records"][0]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Post")
    assert record["s3"]["bucket"]["name"] == bucket.name
    assert record["s3"]["object"]["versionId"] == version_id
    assert record["s3"]["object"]["size"] == len(CONTENT)


def test_clean_file_can_be_read_after_its_scan(bucket: ScannedBucket) -> None:
    key, version_id = bucket.put(CONTENT)
    assert requests.get(presign(bucket, key), timeout=TIMEOUT).status_code == 403
    assert bucket.wait_for_scan(key, version_id) == "NO_THREATS_FOUND"
    assert requests.get(presign(bucket, key), timeout=TIMEOUT).content == CONTENT


def test_infected_file_cannot_be_read(bucket: ScannedBucket) -> None:
    key, version_id = bucket.put(b"x" + EICAR_TEST_STRING)
    assert bucket.wait_for_scan(key, version_id) == "THREATS_FOUND"
    with pytest.raises(ClientError) as caught:
        bucket.s3.get_object(Bucket=bucket.name, Key=key)
    assert read_status(caught) == 403


@pytest.mark.parametrize("result", INCOMPLETE_RESULTS)
def test_file_without_a_completed_scan_cannot_be_read(bucket: ScannedBucket, result: str) -> None:
    key, version_id = bucket.put(f"local-malware-scan={result}".encode())
    assert bucket.wait_for_scan(key, version_id) == result
    assert requests.get(presign(bucket, key), timeout=TIMEOUT).status_code == 403


def test_scan_that_never_ends_leaves_no_result(bucket: ScannedBucket) -> None:
    key, version_id = bucket.put(b"local-malware-scan=NEVER")
    bucket.wait_for_scan(*bucket.put(CONTENT))  # a scan that started later has ended
    assert bucket.get_scan_result(key, version_id) is None


def test_link_from_before_the_scan_is_denied(bucket: ScannedBucket) -> None:
    key = f"files/user/{uuid.uuid4()}"
    url = presign(bucket, key)
    _, version_id = bucket.put(EICAR_TEST_STRING, key)
    statuses = {requests.get(url, timeout=TIMEOUT).status_code}
    bucket.wait_for_scan(key, version_id)
    statuses.add(requests.get(url, timeout=TIMEOUT).status_code)
    assert statuses == {403}


def test_each_version_has_its_own_scan_result(bucket: ScannedBucket) -> None:
    key, clean = bucket.put(CONTENT)
    bucket.wait_for_scan(key, clean)
    _, infected = bucket.put(EICAR_TEST_STRING, key)
    bucket.wait_for_scan(key, infected)
    assert bucket.s3.get_object(Bucket=bucket.name, Key=key, VersionId=clean)["Body"].read() == CONTENT
    with pytest.raises(ClientError) as caught:
        bucket.s3.get_object(Bucket=bucket.name, Key=key, VersionId=infected)
    assert read_status(caught) == 403


TAGGING_CALLS: dict[str, dict[str, Any]] = {
    "put_object_tagging": {"Tagging": CLEAN_TAGS},
    "delete_object_tagging": {},
    "put_object": {"Body": CONTENT, "Tagging": CLEAN_TAG},
    "create_multipart_upload": {"Tagging": CLEAN_TAG},
}


@pytest.mark.parametrize("call", TAGGING_CALLS)
def test_root_user_cannot_change_scan_results(bucket: ScannedBucket, call: str) -> None:
    key, _ = bucket.put(EICAR_TEST_STRING)
    with pytest.raises(ClientError) as caught:
        getattr(bucket.s3, call)(Bucket=bucket.name, Key=key, **TAGGING_CALLS[call])
    assert read_status(caught) == 403


@pytest.mark.parametrize("call", ["put_object_tagging", "delete_object_tagging"])
def test_root_user_cannot_change_results_of_versions(bucket: ScannedBucket, call: str) -> None:
    key, version_id = bucket.put(EICAR_TEST_STRING)
    with pytest.raises(ClientError) as caught:
        getattr(bucket.s3, call)(Bucket=bucket.name, Key=key, VersionId=version_id, **TAGGING_CALLS[call])
    assert read_status(caught) == 403


def test_iam_user_cannot_change_scan_results(bucket: ScannedBucket) -> None:
    key, _ = bucket.put(EICAR_TEST_STRING)
    with create_iam_user(bucket.stack, [("s3:*", "*")]) as access_key:
        s3 = emulator_client("s3", replace_key(bucket.stack, access_key))
        with pytest.raises(ClientError) as caught:
            s3.put_object_tagging(Bucket=bucket.name, Key=key, Tagging=CLEAN_TAGS)
    assert read_status(caught) == 403


def replace_key(stack: Stack, access_key: tuple[str, str]) -> Stack:
    return replace(stack, aws_access_key_id=access_key[0], aws_secret_access_key=access_key[1])


def find_scan_event(bucket: ScannedBucket, key: str) -> Any:
    return bucket.find_event(lambda event: event.get("detail", {}).get("s3ObjectDetails", {}).get("objectKey") == key)


def test_scan_result_has_the_documented_shape(bucket: ScannedBucket, stack: RunningStack) -> None:
    key, version_id = bucket.put(EICAR_TEST_STRING)
    event = find_scan_event(bucket, key)
    (resource,) = event["resources"]
    assert resource.startswith("arn:aws:guardduty:us-east-1:000000000000:malware-protection-plan/")
    assert {name: event[name] for name in ("version", "source", "detail-type", "account", "region")} == {
        "version": "0",
        "source": "aws.guardduty",
        "detail-type": "GuardDuty Malware Protection Object Scan Result",
        "account": "000000000000",
        "region": "us-east-1",
    }
    assert event["detail"] == {
        "schemaVersion": "1.0",
        "scanStatus": "COMPLETED",
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": {
            "bucketName": bucket.name,
            "objectKey": key,
            "eTag": hashlib.md5(EICAR_TEST_STRING).hexdigest(),
            "versionId": version_id,
            "s3Throttled": False,
        },
        "scanResultDetails": {
            "scanResultStatus": "THREATS_FOUND",
            "threats": [{"name": "EICAR-Test-File (not a virus)"}],
        },
    }


@pytest.mark.parametrize(
    ("content", "status"), [(CONTENT, "COMPLETED"), (b"local-malware-scan=UNSUPPORTED", "SKIPPED")], ids=str
)
def test_scan_without_threats_has_no_threats(bucket: ScannedBucket, content: bytes, status: str) -> None:
    key, _ = bucket.put(content)
    detail = find_scan_event(bucket, key)["detail"]
    assert (detail["scanStatus"], detail["scanResultDetails"]["threats"]) == (status, None)


def test_scan_of_another_prefix_does_not_take_place(bucket: ScannedBucket) -> None:
    key, version_id = bucket.put(CONTENT, f"pictures/{uuid.uuid4()}")
    bucket.wait_for_scan(*bucket.put(CONTENT))  # a scan that started later has ended
    assert bucket.get_scan_result(key, version_id) is None


def test_scan_without_events_of_the_bucket_does_not_run(bucket: ScannedBucket) -> None:
    notification = bucket.s3.get_bucket_notification_configuration(Bucket=bucket.name)
    del notification["ResponseMetadata"]
    without = {name: value for name, value in notification.items() if name != "EventBridgeConfiguration"}
    bucket.s3.put_bucket_notification_configuration(Bucket=bucket.name, NotificationConfiguration=without)
    key, version_id = bucket.put(CONTENT)
    bucket.s3.put_bucket_notification_configuration(Bucket=bucket.name, NotificationConfiguration=notification)
    bucket.wait_for_scan(*bucket.put(CONTENT))
    assert bucket.get_scan_result(key, version_id) is None


def test_scanner_needs_the_permissions_of_its_role(bucket: ScannedBucket) -> None:
    iam, role = emulator_client("iam", bucket.stack), SCANNER_ROLE_ARN.rpartition("/")[2]
    policy = iam.get_role_policy(RoleName=role, PolicyName=bucket.name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=bucket.name)
    key, version_id = bucket.put(CONTENT)
    detail = find_scan_event(bucket, key)["detail"]
    iam.put_role_policy(RoleName=role, PolicyName=bucket.name, PolicyDocument=json.dumps(policy))
    assert detail["scanResultDetails"]["scanResultStatus"] == "ACCESS_DENIED"
    assert bucket.get_scan_result(key, version_id) is None


def put_failing_event(bucket: ScannedBucket) -> str:
    """Send an event with which the function fails. Return an id in it."""
    event_id = str(uuid.uuid4())
    detail = {"s3ObjectDetails": {"bucketName": [bucket.name]}, "fails": event_id}
    entry = {"Source": "tests", "DetailType": "test", "Detail": json.dumps(detail)}
    emulator_client("events", bucket.stack).put_events(Entries=[entry])
    return event_id


def count_invocations(bucket: ScannedBucket, event_id: str) -> int:
    return sum(event.get("detail", {}).get("fails") == event_id for event in bucket.list_events())


def test_failed_target_of_a_rule_is_repeated(bucket: ScannedBucket) -> None:
    event_id = put_failing_event(bucket)
    deadline = time.monotonic() + TIMEOUT
    while count_invocations(bucket, event_id) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert count_invocations(bucket, event_id) == 3


@pytest.mark.slow
def test_plain_post_object_ignores_checksums(plain_bucket: ScannedBucket) -> None:
    assert plain_bucket.post(CONTENT[::-1], create_form(plain_bucket)).status_code == 204


@pytest.mark.slow
def test_plain_root_user_ignores_bucket_policies(plain_bucket: ScannedBucket) -> None:
    key, _ = plain_bucket.put(EICAR_TEST_STRING)
    plain_bucket.apply_policy()
    plain_bucket.s3.put_object_tagging(Bucket=plain_bucket.name, Key=key, Tagging=CLEAN_TAGS)


@pytest.mark.slow
def test_plain_tags_of_a_new_object_need_no_permission(plain_bucket: ScannedBucket) -> None:
    with create_iam_user(plain_bucket.stack, [("s3:PutObject", "*")]) as access_key:
        s3 = emulator_client("s3", replace_key(plain_bucket.stack, access_key))
        s3.put_object(Bucket=plain_bucket.name, Key="files/tagged", Body=CONTENT, Tagging=CLEAN_TAG)


@pytest.mark.slow
def test_plain_ministack_lacks_guardduty(plain_bucket: ScannedBucket) -> None:
    with pytest.raises(ClientError, match="400"):
        emulator_client("guardduty", plain_bucket.stack).list_malware_protection_plans()


@pytest.mark.slow
def test_plain_eventbridge_does_not_repeat_failed_targets(plain_bucket: ScannedBucket) -> None:
    event_id = put_failing_event(plain_bucket)
    plain_bucket.find_event(lambda event: event.get("detail", {}).get("fails") == event_id)
    time.sleep(2)  # Lambda repeats an invocation after 1 s
    assert count_invocations(plain_bucket, event_id) == 1
