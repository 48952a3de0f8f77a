"""Files of users on a deployed stage with malware protection."""

from collections.abc import Callable

import pytest
import requests

from local.malware_scan import EICAR_TEST_STRING
from tests.support.deployed_stage import BUCKET, RECORDS_TABLE, DeployedStage
from tests.support.stack import wait_until
from tests.support.stored_files import PDF, FileStore, call_file, upload_content
from tests.support.users import User


@pytest.fixture(scope="module")
def store(deployed_stage: DeployedStage) -> FileStore:
    return FileStore(deployed_stage.client("dynamodb"), deployed_stage.client("s3"), RECORDS_TABLE, BUCKET)


def wait_for_status(user: User, file_id: str, status: str) -> None:
    wait_until(lambda: call_file(user, file_id).body["status"] == status)


def test_uploaded_file_becomes_available(user: User) -> None:
    file_id = upload_content(user)
    wait_for_status(user, file_id, "available")
    link = call_file(user, file_id, path="/content").body["url"]
    assert requests.get(link, timeout=20).content == PDF


def test_file_with_malware_is_rejected_and_deleted(user: User, store: FileStore) -> None:
    file_id = upload_content(user, EICAR_TEST_STRING)
    wait_for_status(user, file_id, "rejected")
    assert call_file(user, file_id).body["rejection"] == "malware"
    wait_until(lambda: not store.list_versions(user.sub, file_id))


def test_file_that_is_not_scanned_cannot_be_read(user: User, deployed_stage: DeployedStage, store: FileStore) -> None:
    s3 = deployed_stage.client("s3")
    file_id = upload_content(user, b"%PDF-1.7\nlocal-malware-scan=NEVER\n%%EOF\n")
    wait_for_status(user, file_id, "scanning")
    (version,) = store.list_versions(user.sub, file_id)
    calls: list[Callable[[], object]] = [
        lambda: s3.get_object(Bucket=BUCKET, Key=version["Key"]),
        lambda: s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"]),
    ]
    for call in calls:
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            call()
