"""The erasure of an account erases its files, and those that are uploaded afterwards."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.files.models import FileRejection, FileStatus, FileType
from chalicelib.files.repository import FileRepository
from local.emulator_clients import emulator_client
from local.malware_scan import EICAR_TEST_STRING
from local.user_client import ApiResponse
from tests.support.erasure import delete_account, list_objects_of, wait_until_erased
from tests.support.file_client import FILES_PATH, announce_and_upload, announce_file, call_file, wait_for_check
from tests.support.picture_client import post_form
from tests.support.sample_files import SAMPLES
from tests.support.stack import RunningStack, wait_until
from tests.support.stored_files import FileStore
from tests.support.users import User, UserFactory

NAME = "Zdenka Quillfeather.pdf"
PDF = SAMPLES[FileType.PDF]
GONE = (410, "account-erased")


@pytest.fixture
def owner(signed_up_user: UserFactory, store: FileStore) -> User:
    """Return a user with a file in each status, and a deleted file."""
    user = signed_up_user()
    announce_file(user, PDF, name=NAME)
    files = {}
    for content, file_type in (
        (PDF, FileType.PDF),
        (EICAR_TEST_STRING, FileType.TEXT),
        (b"local-malware-scan=NEVER", FileType.TEXT),
        (SAMPLES[FileType.PNG], FileType.PNG),
    ):
        created = announce_file(user, content, name=NAME, content_type=file_type).body
        files[created["id"]] = created["upload"]
        post_form(created["upload"], content)
    available, _, scanning, deleted = files
    for file_id in (available, deleted):
        assert wait_for_check(user, file_id)["status"] == FileStatus.AVAILABLE
    wait_until(lambda: call_file(user, scanning).body["status"] == FileStatus.SCANNING)
    assert call_file(user, deleted, "DELETE").status == 204
    assert len(store.list_versions(user.sub)) == 4, "two files, and the deleted one with its marker"
    return user


def test_erased_account_has_no_file_left(stack: RunningStack, owner: User, store: FileStore) -> None:
    response = delete_account(owner)
    assert "files" in response.body["deletes"]
    wait_until_erased(stack.outputs, owner.sub)
    assert store.list_records(owner.sub) == []
    assert list_objects_of(stack.outputs, owner.sub) == []
    records = emulator_client("dynamodb", stack.outputs).scan(TableName=stack.outputs.records_table)["Items"]
    assert "Quillfeather" not in json.dumps(records)


def send_all_requests(user: User, file_id: str) -> list[ApiResponse]:
    """Send each request about files that has a response with a body."""
    return [
        announce_file(user, PDF),
        user.client.call("GET", FILES_PATH, user.token),
        call_file(user, file_id),
        call_file(user, file_id, path="/content"),
        call_file(user, file_id, "PATCH", body={"name": "x.pdf"}),
        call_file(user, file_id, "DELETE"),
    ]


def test_requests_of_an_erased_account_are_gone(stack: RunningStack, owner: User) -> None:
    file_id = owner.client.call("GET", FILES_PATH, owner.token).body["items"][0]["id"]
    delete_account(owner)
    wait_until_erased(stack.outputs, owner.sub)
    responses = send_all_requests(owner, file_id)
    assert {(response.status, response.body["type"].rpartition("#")[2]) for response in responses} == {GONE}


def test_requests_during_the_erasure_are_gone(
    stack: RunningStack, signed_up_user: UserFactory, store: FileStore
) -> None:
    user = signed_up_user()
    file_id = announce_and_upload(user, PDF)
    assert wait_for_check(user, file_id)["status"] == FileStatus.AVAILABLE
    emulator_client("dynamodb", stack.outputs).update_item(
        TableName=stack.outputs.table,
        Key={"user_id": {"S": user.sub}},
        UpdateExpression="SET deletion_status = :erasing",
        ExpressionAttributeValues={":erasing": {"S": "erasing"}},
    )
    responses = send_all_requests(user, file_id)
    assert {(response.status, response.body["type"].rpartition("#")[2]) for response in responses} == {GONE}
    assert store.get_file(user.sub, file_id) is not None


def test_upload_after_the_erasure_is_deleted(stack: RunningStack, owner: User, store: FileStore) -> None:
    form = announce_file(owner, PDF).body["upload"]
    delete_account(owner)
    wait_until_erased(stack.outputs, owner.sub)
    assert post_form(form, PDF).status_code == 204
    wait_until(lambda: list_objects_of(stack.outputs, owner.sub) == [])
    assert store.list_records(owner.sub) == []


class InterleavedClient:
    """A client of DynamoDB that calls a function after each deletion of records."""

    def __init__(self, client: Any, after_deletion: Callable[[], None]) -> None:
        self._client, self._after_deletion = client, after_deletion

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_write_item(self, **parameters: Any) -> Any:
        response = self._client.batch_write_item(**parameters)
        self._after_deletion()
        return response


def test_rejection_during_the_erasure_leaves_no_counters(
    stack: RunningStack, signed_up_user: UserFactory, store: FileStore
) -> None:
    user, outputs = signed_up_user(), stack.outputs
    announce_file(user, PDF)
    dynamodb = emulator_client("dynamodb", outputs)
    repository = FileRepository(dynamodb, outputs.records_table, outputs.table)
    _, (stored,) = repository.list_all(user.sub)

    def reject() -> None:
        assert repository.reject(user.sub, stored, FileRejection.MALWARE, utc_now()) is False

    client: Any = InterleavedClient(dynamodb, reject)
    FileRepository(client, outputs.records_table, outputs.table).delete_all(user.sub)
    assert store.list_records(user.sub) == []
