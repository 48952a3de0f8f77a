"""Files of users on a deployed stage with malware protection."""

from collections.abc import Callable

import pytest
import requests

from local.malware_scan import EICAR_TEST_STRING
from tests.support.deployed_stage import BUCKET, RECORDS_TABLE, DeployedStage
from tests.support.file_bodies import TEXT
from tests.support.file_client import FILES_PATH, create_file, get_file, post_form, upload_file
from tests.support.stack import wait_until
from tests.support.stored_files import FileStore
from tests.support.users import User


@pytest.fixture(scope="module")
def store(deployed_stage: DeployedStage) -> FileStore:
    return FileStore(deployed_stage.client("dynamodb"), deployed_stage.client("s3"), RECORDS_TABLE, BUCKET)


def test_uploaded_file_becomes_available(user: User) -> None:
    file = upload_file(user)
    assert file["status"] == "available"
    link = user.client.call("GET", f"{FILES_PATH}/{file['id']}/content", user.token).body["url"]
    assert requests.get(link, timeout=20).content == TEXT


def test_file_with_malware_is_rejected_and_deleted(user: User, store: FileStore) -> None:
    file = upload_file(user, EICAR_TEST_STRING)
    assert (file["status"], file["rejection"]) == ("rejected", "malware")
    wait_until(lambda: not store.list_versions(user.sub, file["id"]))


def test_file_that_is_not_scanned_cannot_be_read(user: User, deployed_stage: DeployedStage, store: FileStore) -> None:
    s3, content = deployed_stage.client("s3"), b"local-malware-scan=NEVER"
    file = create_file(user, content)
    assert post_form(file, content).status_code == 204
    wait_until(lambda: get_file(user, file["id"]).body["status"] == "scanning")
    (version,) = store.list_versions(user.sub, file["id"])
    calls: list[Callable[[], object]] = [
        lambda: s3.get_object(Bucket=BUCKET, Key=version["Key"]),
        lambda: s3.get_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"]),
    ]
    for call in calls:
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            call()
