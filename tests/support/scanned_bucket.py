"""A bucket with the protection of the bucket of files, and a function that stores the events of its objects."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import requests

from local.emulator_clients import emulator_client
from local.function_archive import build_function_archive
from local.malware_scan import TAG_KEY
from local.resources.malware_protection import SCANNER_ROLE_ARN
from local.stack import ACCOUNT_ID, Stack

_Result = TypeVar("_Result")

_TIMEOUT: Final = 20  # seconds
_RECORDER_HANDLER: Final = """
import json, os, uuid
import boto3

def handler(event, context):
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=f"events/{uuid.uuid4()}", Body=json.dumps(event))
    if event.get("detail", {}).get("fails"):
        raise RuntimeError
"""


@dataclass(frozen=True)
class ScannedBucket:
    """The bucket `name`. Its files are below `files/`, and the recorded events below `events/`."""

    stack: Stack
    name: str

    @property
    def s3(self) -> Any:
        return emulator_client("s3", self.stack)

    def apply_policy(self) -> None:
        """Apply the policy of the bucket of files."""
        policy = self.s3.get_bucket_policy(Bucket=self.stack.bucket)["Policy"]
        self.s3.put_bucket_policy(Bucket=self.name, Policy=policy.replace(self.stack.bucket, self.name))

    def put(self, content: bytes, key: str | None = None) -> tuple[str, str]:
        """Store a file. Return its key and version id."""
        key = key or f"files/user/{uuid.uuid4()}"
        version_id = self.s3.put_object(Bucket=self.name, Key=key, Body=content)["VersionId"]
        return key, str(version_id)

    def get_scan_result(self, key: str, version_id: str) -> str | None:
        """Return the tag of a version, or None."""
        tags = self.s3.get_object_tagging(Bucket=self.name, Key=key, VersionId=version_id)["TagSet"]
        return next((str(tag["Value"]) for tag in tags if tag["Key"] == TAG_KEY), None)

    def wait_for_scan(self, key: str, version_id: str) -> str:
        """Return the tag of a version once it has one."""
        return wait_for(lambda: self.get_scan_result(key, version_id))

    def wait_until_readable(self, key: str) -> str:
        """Return the key once the scan has found no threat in the current version."""
        version_id = self.s3.list_object_versions(Bucket=self.name, Prefix=key)["Versions"][0]["VersionId"]
        self.wait_for_scan(key, version_id)
        return key

    def find_event(self, predicate: Callable[[Any], bool]) -> Any:
        """Return the first recorded event that satisfies the predicate, once there is one."""
        return wait_for(lambda: next(filter(predicate, self.list_events()), None))

    def list_events(self) -> list[Any]:
        objects = self.s3.list_objects_v2(Bucket=self.name, Prefix="events/").get("Contents", [])
        return [json.load(self.s3.get_object(Bucket=self.name, Key=entry["Key"])["Body"]) for entry in objects]

    def post(self, content: bytes, form: dict[str, Any], **overrides: str) -> requests.Response:
        """Upload a file with a presigned form, with further or other fields."""
        fields = {**form["fields"], **overrides}
        return requests.post(form["url"], data=fields, files={"file": content}, timeout=_TIMEOUT)


def wait_for(find: Callable[[], _Result | None], seconds: float = _TIMEOUT) -> _Result:
    """Return the result of `find` once it is not None."""
    deadline = time.monotonic() + seconds
    while (result := find()) is None:
        assert time.monotonic() < deadline, "nothing was found in time"
        time.sleep(0.05)
    return result


@contextmanager
def create_scanned_bucket(stack: Stack) -> Iterator[ScannedBucket]:
    """Create the bucket, its policy, the function and the malware protection."""
    with create_bucket_with_recorder(stack) as bucket:
        bucket.apply_policy()
        files = f"arn:aws:s3:::{bucket.name}/files/*"
        _allow(stack, SCANNER_ROLE_ARN.rpartition("/")[2], bucket.name, files, "s3:*")
        guardduty = emulator_client("guardduty", stack)
        plan_id = guardduty.create_malware_protection_plan(
            Role=SCANNER_ROLE_ARN,
            ProtectedResource={"S3Bucket": {"BucketName": bucket.name, "ObjectPrefixes": ["files/"]}},
            Actions={"Tagging": {"Status": "ENABLED"}},
        )["MalwareProtectionPlanId"]
        yield bucket
        guardduty.delete_malware_protection_plan(MalwareProtectionPlanId=plan_id)


@contextmanager
def create_bucket_with_recorder(stack: Stack) -> Iterator[ScannedBucket]:
    """Create the bucket and the function. S3 and EventBridge invoke the function."""
    bucket = ScannedBucket(stack, f"scanned-{uuid.uuid4().hex[:12]}")
    name, s3 = bucket.name, bucket.s3
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    function_arn = _create_recorder(stack, name)
    notification = {
        "EventBridgeConfiguration": {},
        "LambdaFunctionConfigurations": [
            {
                "LambdaFunctionArn": function_arn,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "files/"}]}},
            }
        ],
    }
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=notification)
    events = emulator_client("events", stack)
    pattern = {"source": ["aws.guardduty", "tests"], "detail": {"s3ObjectDetails": {"bucketName": [name]}}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "recorder", "Arn": function_arn}])
    yield bucket
    events.remove_targets(Rule=name, Ids=["recorder"])
    events.delete_rule(Name=name)


def _create_recorder(stack: Stack, bucket: str) -> str:
    """Create the function that stores its events in the bucket. Return its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    emulator_client("iam", stack).create_role(
        RoleName=bucket, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    _allow(stack, bucket, "events", f"arn:aws:s3:::{bucket}/events/*", "s3:PutObject")
    function = emulator_client("lambda", stack).create_function(
        FunctionName=bucket,
        Role=f"arn:aws:iam::{ACCOUNT_ID}:role/{bucket}",
        Runtime="python3.12",
        Handler="recorder.handler",
        Timeout=10,
        Environment={"Variables": {"BUCKET": bucket}},
        Code={"ZipFile": build_function_archive("recorder.py", _RECORDER_HANDLER)},
    )
    return str(function["FunctionArn"])


def _allow(stack: Stack, role: str, policy: str, resource: str, action: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    emulator_client("iam", stack).put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
