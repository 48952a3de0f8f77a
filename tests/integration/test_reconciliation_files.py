"""The scan over files on a table and a bucket of the embedded AWS, whose uploads send no events."""

from datetime import timedelta
from typing import Any, Final

import pytest

from chalicelib.core.clock import utc_now
from chalicelib.files.models import File, FileRejection, FileStatus, FileType
from chalicelib.files.repository import FileLimits
from chalicelib.files.storage import build_object_key
from chalicelib.reconciliation.models import ReconciliationReport
from local.emulator_clients import emulator_client
from tests.support.erasure import invoke_reconciliation
from tests.support.file_client import announce_and_upload, announce_file, call_file, wait_for_check
from tests.support.file_contracts import build_file
from tests.support.reconciliation import PoolAndTable
from tests.support.sample_files import SAMPLES
from tests.support.stack import RunningStack, wait_until
from tests.support.stored_files import FileStore
from tests.support.users import User, UserFactory

PDF: Final = SAMPLES[FileType.PDF]
LIMITS: Final = FileLimits(files=100, bytes=10**7, uploads_per_day=100)


def add_file(
    pool_and_table: PoolAndTable,
    user_id: str,
    status: FileStatus = FileStatus.AVAILABLE,
    *,
    minutes_ago: int = 5,
    has_object: bool = True,
) -> File:
    """Store a file of this age with this status, and its content."""
    repository, created_at = pool_and_table.files, utc_now() - timedelta(minutes=minutes_ago)
    stored = build_file(created_at=created_at, content=PDF)
    assert repository.create(user_id, stored, LIMITS, created_at)
    if status is FileStatus.REJECTED:
        repository.reject(user_id, stored, FileRejection.MALWARE, created_at)
    elif status is not FileStatus.AWAITING_UPLOAD:
        repository.set_status(user_id, stored.file.id, status, created_at)
    if has_object:
        put_object(pool_and_table, user_id, stored.file)
    return stored.file


def put_object(pool_and_table: PoolAndTable, user_id: str, file: File) -> None:
    pool_and_table.s3.put_object(
        Bucket=pool_and_table.name, Key=build_object_key(user_id, file.id), Body=PDF, ContentType=file.content_type
    )


@pytest.fixture
def owner(pool_and_table: PoolAndTable) -> str:
    sub = pool_and_table.add_user(1)
    pool_and_table.add_profile(sub)
    return sub


def reconcile(pool_and_table: PoolAndTable, **options: Any) -> ReconciliationReport:
    report = pool_and_table.reconcile(files=pool_and_table.file_adapters(), **options)
    assert (report.status, report.interrupted_by) == ("finished", None)
    return report


def add_erased_user(pool_and_table: PoolAndTable) -> str:
    """Store the tombstone of an erased account, and content that has arrived after the erasure."""
    user_id = "erased-user"
    tombstone = {"user_id": {"S": user_id}, "deletion_status": {"S": "erased"}}
    pool_and_table.dynamodb.put_item(TableName=pool_and_table.name, Item=tombstone)
    put_object(pool_and_table, user_id, build_file(content=PDF).file)
    return user_id


def count_versions(pool_and_table: PoolAndTable, user_id: str) -> int:
    page = pool_and_table.s3.list_object_versions(Bucket=pool_and_table.name, Prefix=f"files/{user_id}/")
    return len(page.get("Versions", []))


def list_statuses(pool_and_table: PoolAndTable, user_id: str) -> dict[str, str]:
    return {stored.file.id: stored.file.status for stored in pool_and_table.files.list_all(user_id)[1]}


def test_all_differences_are_repaired_in_one_run(pool_and_table: PoolAndTable, owner: str) -> None:
    available = add_file(pool_and_table, owner)
    rejected = add_file(pool_and_table, owner, FileStatus.REJECTED)
    interrupted = [
        add_file(pool_and_table, owner, status) for status in (FileStatus.AWAITING_UPLOAD, FileStatus.SCANNING)
    ]
    awaited = add_file(pool_and_table, owner, FileStatus.AWAITING_UPLOAD, has_object=False)
    add_file(pool_and_table, owner, FileStatus.AWAITING_UPLOAD, minutes_ago=31, has_object=False)
    add_file(pool_and_table, owner, has_object=False)
    put_object(pool_and_table, owner, build_file(content=PDF).file)
    erased = add_erased_user(pool_and_table)
    report = reconcile(pool_and_table).files
    assert (report.checks, report.without_object, report.stopped) == (7, 1, False)
    assert list_statuses(pool_and_table, owner) == {
        available.id: "available",
        rejected.id: "rejected",
        awaited.id: "awaiting-upload",
        **{file.id: "available" for file in interrupted},
    }
    assert pool_and_table.file_storage.list_file_ids(owner) == {available.id, *(file.id for file in interrupted)}
    assert count_versions(pool_and_table, erased) == 0
    quota, _ = pool_and_table.files.list_all(owner)
    assert (quota.files, quota.bytes) == (4, 4 * len(PDF))
    assert reconcile(pool_and_table).files.checks == 0, "the next run finds no difference"


def test_wrong_counters_are_repaired(pool_and_table: PoolAndTable, owner: str) -> None:
    add_file(pool_and_table, owner)
    pool_and_table.dynamodb.update_item(
        TableName=pool_and_table.records_table,
        Key={"user_id": {"S": owner}, "record": {"S": "file-quota"}},
        UpdateExpression="SET files = :wrong, #bytes = :negative",
        ExpressionAttributeNames={"#bytes": "bytes"},
        ExpressionAttributeValues={":wrong": {"N": "77"}, ":negative": {"N": "-5"}},
    )
    assert reconcile(pool_and_table).files.repaired == 1
    quota, _ = pool_and_table.files.list_all(owner)
    assert (quota.files, quota.bytes) == (1, len(PDF))


def test_settled_user_is_not_compared_again(pool_and_table: PoolAndTable, owner: str) -> None:
    add_file(pool_and_table, owner, minutes_ago=61)
    assert [reconcile(pool_and_table).files.users for _ in range(2)] == [1, 0]


def test_dry_run_only_reports(pool_and_table: PoolAndTable, owner: str) -> None:
    for _ in range(2):
        add_file(pool_and_table, owner, minutes_ago=61)
    lost = add_file(pool_and_table, owner, minutes_ago=61, has_object=False)
    erased = add_erased_user(pool_and_table)
    report = reconcile(pool_and_table, dry_run=True).files
    assert (report.checks, report.without_object, report.of_erased_users) == (2, 1, 1)
    assert lost.id in list_statuses(pool_and_table, owner)
    assert count_versions(pool_and_table, erased) == 1
    assert pool_and_table.files.list_all(owner)[0].checked_at == 0


def test_empty_bucket_removes_no_record(pool_and_table: PoolAndTable, owner: str) -> None:
    for _ in range(11):
        add_file(pool_and_table, owner, has_object=False)
    report = reconcile(pool_and_table).files
    assert (report.stopped, report.without_object) == (True, 11)
    assert len(list_statuses(pool_and_table, owner)) == 11


def test_empty_table_deletes_no_content(pool_and_table: PoolAndTable, owner: str) -> None:
    put_object(pool_and_table, owner, build_file(content=PDF).file)
    report = reconcile(pool_and_table).files
    assert (report.stopped, report.unexplained, report.checks) == (True, 1, 0)
    assert count_versions(pool_and_table, owner) == 1


def test_lost_records_delete_no_content(pool_and_table: PoolAndTable, owner: str) -> None:
    files = [add_file(pool_and_table, owner, minutes_ago=90) for _ in range(11)]
    for file in files:
        key = {"user_id": {"S": owner}, "record": {"S": f"file#{file.id}"}}
        pool_and_table.dynamodb.delete_item(TableName=pool_and_table.records_table, Key=key)
    report = reconcile(pool_and_table).files
    assert (report.stopped, report.without_record, report.checks) == (True, 11, 0)
    assert pool_and_table.file_storage.list_file_ids(owner) == {file.id for file in files}


def test_deleted_content_without_a_record_can_be_restored(pool_and_table: PoolAndTable, owner: str) -> None:
    add_file(pool_and_table, owner)
    put_object(pool_and_table, owner, file := build_file(content=PDF).file)
    reconcile(pool_and_table)
    assert file.id not in pool_and_table.file_storage.list_file_ids(owner)
    assert count_versions(pool_and_table, owner) == 2


def test_scheduled_function_gives_back_expired_reservations(
    stack: RunningStack, signed_up_user: UserFactory, store: FileStore
) -> None:
    """The functions `reconcile` and `check_file` of the stack, with their roles."""
    user: User = signed_up_user()
    remaining = announce_and_upload(user)
    assert wait_for_check(user, remaining)["status"] == "available"
    expired = announce_file(user).body["id"]
    emulator_client("dynamodb", stack.outputs).update_item(
        TableName=stack.outputs.records_table,
        Key={"user_id": {"S": user.sub}, "record": {"S": f"file#{expired}"}},
        UpdateExpression="SET expires_at = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )
    invoke_reconciliation(stack.outputs)
    wait_until(lambda: call_file(user, expired).status == 404)
    assert store.get_quota(user.sub)["files"] == {"N": "1"}
    assert call_file(user, remaining).status == 200
