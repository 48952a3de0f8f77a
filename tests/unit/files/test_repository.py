"""Errors of DynamoDB in the repository of files. tests/support/file_*contracts.py have its rules."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.core.errors import ServiceUnavailable, UnreadableItem, UpstreamError
from chalicelib.files.records import QUOTA_RECORD, StoredQuota, build_key, build_sort_key, to_item
from chalicelib.files.repository import FileRepository
from tests.support.aws import client_error
from tests.support.contracts import NOW
from tests.support.data import FILE_ID, OTHER_SUB, RECORDS_TABLE, SUB, TABLE
from tests.support.file_contracts import build_file


class FakeTable:
    """A DynamoDB client that returns this response, or raises it, at each call."""

    def __init__(self, response: dict[str, Any] | ClientError) -> None:
        self._response = response
        self.calls = 0

    def call(self, **_: Any) -> dict[str, Any]:
        self.calls += 1
        if isinstance(self._response, ClientError):
            raise self._response
        return self._response

    get_item = update_item = batch_get_item = batch_write_item = query = scan = call

    def get_paginator(self, _: str) -> "FakeTable":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Items": [build_key(SUB, build_sort_key(FILE_ID))]}]


def build_repository(response: dict[str, Any] | ClientError) -> tuple[FileRepository, FakeTable]:
    table = FakeTable(response)
    client: Any = table
    return FileRepository(client, RECORDS_TABLE, TABLE), table


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "TransactionConflictException"])
def test_counters_in_a_transaction_are_not_changed(code: str) -> None:
    """Reconciliation continues, and compares the user again in its next scan."""
    repository, _ = build_repository(client_error(code))
    assert repository.set_checked(SUB, StoredQuota(), NOW) is False
    assert repository.repair_quota(SUB, StoredQuota(), []) is False


def test_failed_update_of_counters_is_reported() -> None:
    repository, _ = build_repository(client_error("ThrottlingException"))
    with pytest.raises(ServiceUnavailable):
        repository.set_checked(SUB, StoredQuota(), NOW)


def test_unprocessed_keys_are_unavailable() -> None:
    repository, table = build_repository({"Responses": {}, "UnprocessedKeys": {RECORDS_TABLE: {"Keys": []}}})
    with pytest.raises(ServiceUnavailable):
        repository.find_owners([SUB])
    assert table.calls == 3


class RecordedDeletions:
    """A DynamoDB client with files and counters of a user that records the keys of each deletion."""

    def __init__(self, files: int) -> None:
        self._records = [QUOTA_RECORD, *(build_sort_key(str(number)) for number in range(files))]
        self.deleted: list[list[str]] = []

    def get_paginator(self, _: str) -> "RecordedDeletions":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Items": [build_key(SUB, record) for record in self._records]}]

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # a parameter of botocore
        requests = RequestItems[RECORDS_TABLE]
        self.deleted.append([request["DeleteRequest"]["Key"]["record"]["S"] for request in requests])
        return {}


@pytest.mark.parametrize(("files", "batches"), [(0, [1]), (1, [1, 1]), (25, [25, 1]), (26, [25, 1, 1])])
def test_counters_are_deleted_after_all_files(files: int, batches: list[int]) -> None:
    """BatchWriteItem is not atomic. A rejection between its deletions would create the counters again."""
    client: Any = RecordedDeletions(files)
    FileRepository(client, RECORDS_TABLE, TABLE).delete_all(SUB)
    assert [len(records) for records in client.deleted] == batches
    assert client.deleted[-1] == [QUOTA_RECORD]


def test_unprocessed_deletions_are_unavailable() -> None:
    repository, table = build_repository({"UnprocessedItems": {RECORDS_TABLE: []}})
    with pytest.raises(ServiceUnavailable):
        repository.delete_all(SUB)
    assert table.calls == 3


@pytest.mark.parametrize("name", ["version", "size", "status", "created_at"])
def test_item_without_a_required_attribute_is_unreadable(name: str) -> None:
    item = to_item(SUB, build_file())
    del item[name]
    repository, _ = build_repository({"Item": item})
    with pytest.raises(UnreadableItem):
        repository.get(SUB, FILE_ID)


@pytest.mark.parametrize("damaged", [0, 1, 2])
def test_unreadable_file_does_not_break_paging(damaged: int) -> None:
    files = [build_file(1, NOW - timedelta(seconds=number)) for number in range(3)]
    items = [to_item(SUB, stored) for stored in files]
    items[damaged]["status"] = {"S": "archived"}
    repository, _ = build_repository({"Items": [build_key(SUB, QUOTA_RECORD), *items]})
    page, next_after, _ = repository.list_page(SUB, 2, None)
    assert page == [stored for stored in files[:2] if stored != files[damaged]]
    assert next_after == files[1].file.id


def test_page_without_a_readable_file_has_a_next_page() -> None:
    items = [to_item(SUB, build_file(1, NOW - timedelta(seconds=number))) for number in range(2)]
    items[0]["status"] = {"S": "archived"}
    repository, _ = build_repository({"Items": items})
    page, next_after, _ = repository.list_page(SUB, 1, None)
    assert (page, next_after) == ([], items[0]["record"]["S"].removeprefix("file#"))


@pytest.mark.parametrize("counter", ["bytes", "changed_at"])
def test_unreadable_counters_do_not_end_a_scan(counter: str) -> None:
    quota: Any = build_key(OTHER_SUB, QUOTA_RECORD) | {counter: {"N": "1.5"}}
    repository, _ = build_repository({"Items": [quota, build_key(SUB, QUOTA_RECORD)]})
    assert repository.scan_quotas(None) == ([(OTHER_SUB, None), (SUB, StoredQuota())], None)


def test_missing_permission_is_an_error_of_the_service() -> None:
    repository, _ = build_repository(client_error("AccessDeniedException"))
    with pytest.raises(UpstreamError):
        repository.get(SUB, FILE_ID)
