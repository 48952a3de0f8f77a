"""Files on a stage without malware protection, as Terraform creates it by default."""

import json
from collections.abc import Iterator
from typing import Final

import pytest
import requests

from chalicelib.files.models import FileType
from chalicelib.files.storage import build_object_key
from local.emulator_clients import emulator_client
from local.malware_scan import EICAR_TEST_STRING
from local.stack import Stack
from local.user_client import UserClient
from tests.support.file_client import announce_and_upload, call_file, wait_for_check
from tests.support.sample_files import HTML, SAMPLES
from tests.support.stack import start_stack
from tests.support.users import User, sign_up_and_sign_in

TIMEOUT: Final = 10  # seconds
SCAN_STATEMENTS: Final = ("ReadCleanFilesOnly", "ScannerTagsOnly")


def remove_malware_protection(stack: Stack) -> None:
    """Remove the parts that `malware_protection` adds: setting, events to and from GuardDuty, policy and permission."""
    lambda_, s3, iam = (emulator_client(service, stack) for service in ("lambda", "s3", "iam"))
    name = stack.check_file_function
    variables = lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    lambda_.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**variables, "MALWARE_PROTECTION": "off"}}
    )
    notification = s3.get_bucket_notification_configuration(Bucket=stack.bucket)
    uploads = {"LambdaFunctionConfigurations": notification["LambdaFunctionConfigurations"]}
    s3.put_bucket_notification_configuration(Bucket=stack.bucket, NotificationConfiguration=uploads)
    policy = json.loads(s3.get_bucket_policy(Bucket=stack.bucket)["Policy"])
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Sid"] not in SCAN_STATEMENTS]
    s3.put_bucket_policy(Bucket=stack.bucket, Policy=json.dumps(policy))
    (policy_name,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    permissions = iam.get_role_policy(RoleName=name, PolicyName=policy_name)["PolicyDocument"]
    document = json.dumps(permissions).replace(', "s3:GetObjectTagging"', "")
    assert document != json.dumps(permissions)
    iam.put_role_policy(RoleName=name, PolicyName=policy_name, PolicyDocument=document)


@pytest.fixture(scope="module")
def unscanned_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with start_stack(tmp_path_factory.mktemp("unscanned")) as stack:
        remove_malware_protection(stack.outputs)
        yield stack.outputs


@pytest.fixture(scope="module")
def unscanned_user(unscanned_stack: Stack) -> User:
    return sign_up_and_sign_in(UserClient(unscanned_stack))


@pytest.mark.parametrize(
    ("content", "file_type"),
    [(SAMPLES[FileType.PDF], FileType.PDF), (EICAR_TEST_STRING, FileType.TEXT)],
    ids=["PDF", "malware"],
)
def test_file_is_available_after_the_event_of_s3(
    unscanned_stack: Stack, unscanned_user: User, content: bytes, file_type: FileType
) -> None:
    file_id = announce_and_upload(unscanned_user, content, content_type=file_type)
    # Creation and acceptance are the only changes: the file was never `scanning`.
    checked = wait_for_check(unscanned_user, file_id)
    assert (checked["status"], checked["version"]) == ("available", 2)
    url = call_file(unscanned_user, file_id, path="/content").body["url"]
    assert requests.get(url, timeout=TIMEOUT).content == content
    tags = emulator_client("s3", unscanned_stack).get_object_tagging(
        Bucket=unscanned_stack.bucket, Key=build_object_key(unscanned_user.sub, file_id)
    )
    assert tags["TagSet"] == []


def test_mismatched_content_is_rejected_without_a_scan(unscanned_user: User) -> None:
    file_id = announce_and_upload(unscanned_user, HTML, content_type=FileType.TEXT)
    checked = wait_for_check(unscanned_user, file_id)
    assert (checked["status"], checked["rejection"]) == ("rejected", "content-mismatch")
