"""`make restore` puts missing files back with their content, and adds them to the quota of their user."""

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.deploy.progress import DeployError
from infra.deploy.restore_files import LOST, FileTables, restore_files
from infra.deploy.restore_profiles import RESTORED, UNCHANGED, RestoreOptions

Item = dict[str, Any]
Key = tuple[str, ...]

SUB = "3213c074-a82e-4d70-997d-b4aaf6c6ad6a"
FILE_ID = "019ad2f0-8c00-7abc-8def-0123456789ab"
OBJECT_KEY = f"files/{SUB}/{FILE_ID}"
TABLES = FileTables(source="restored", records="records", profiles="profiles")
QUOTA_KEY = (SUB, "file-quota")
FILE: Item = {
    "user_id": {"S": SUB},
    "record": {"S": f"file#{FILE_ID}"},
    "name": {"S": "blood-test.pdf"},
    "size": {"N": "2048"},
    "status": {"S": "available"},
    "version": {"N": "3"},
}
RESTORED_FILE: Item = {**FILE, "version": {"N": "1003"}}
PROFILE: Item = {"user_id": {"S": SUB}, "version": {"N": "1"}}
TOMBSTONE: Item = {"user_id": {"S": SUB}, "deletion_status": {"S": "erased"}}
QUOTA: Item = {
    "user_id": {"S": SUB}, "record": {"S": "file-quota"}, "bytes": {"N": "100"}, "files": {"N": "1"},
    "changed_at": {"N": "1"}, "checked_at": {"N": "2"}, "revision": {"N": "7"},
}  # fmt: skip


def key_of(item: Item) -> Key:
    return tuple(item[name]["S"] for name in ("user_id", "record") if name in item)


class FakeDynamoDB:
    """A client of the three tables. `before_write` is called before each transaction."""

    def __init__(self, *, restored: list[Item], records: list[Item], profiles: list[Item]) -> None:
        tables = {"restored": restored, "records": records, "profiles": profiles}
        self.tables = {name: {key_of(item): item for item in items} for name, items in tables.items()}
        self.before_write: Callable[[], None] = lambda: None
        self.conflicts = 0
        self.paginated: list[str] = []

    def get_item(self, TableName: str, Key: Item, **_: Any) -> dict[str, Any]:  # noqa: N803  # botocore's name
        item = self.tables[TableName].get(key_of(Key))
        return {} if item is None else {"Item": item}

    def get_paginator(self, operation: str) -> "FakeDynamoDB":
        self.paginated.append(operation)
        return self

    def paginate(self, TableName: str, **parameters: Any) -> list[dict[str, Any]]:  # noqa: N803  # botocore's name
        user = parameters.get("ExpressionAttributeValues", {}).get(":user")
        items = self.tables[TableName].values()
        return [{"Items": [item]} for item in items if user is None or item["user_id"] == user]

    def transact_write_items(self, TransactItems: list[dict[str, Any]], **_: Any) -> None:  # noqa: N803
        self.before_write()
        if self.conflicts:
            self.conflicts -= 1
            raise self.cancel(["None", "None", "TransactionConflict"])
        writes = [next(iter(action.values())) for action in TransactItems]
        codes = ["None" if self._holds(write) else "ConditionalCheckFailed" for write in writes]
        if set(codes) != {"None"}:
            raise self.cancel(codes)
        for action, write in zip(TransactItems, writes, strict=True):
            if "Put" in action:
                self.tables[write["TableName"]][key_of(write["Item"])] = write["Item"]
            if "Update" in action:
                self._update(**write)

    @staticmethod
    def cancel(codes: list[str]) -> ClientError:
        response: Any = {
            "Error": {"Code": "TransactionCanceledException"}, "ResponseMetadata": {"HTTPStatusCode": 400},
            "CancellationReasons": [{"Code": code} for code in codes],
        }  # fmt: skip
        return ClientError(response, "TransactWriteItems")

    def _holds(self, write: dict[str, Any]) -> bool:
        stored = self.tables[write["TableName"]].get(key_of(write.get("Key") or write["Item"]), {})
        clauses = re.findall(r"attribute_(exists|not_exists)\((#\w+)\)", write.get("ConditionExpression", ""))
        names = write.get("ExpressionAttributeNames", {})
        return all((names[name] in stored) is (kind == "exists") for kind, name in clauses)

    def _update(
        self,
        TableName: str,  # noqa: N803  # botocore's name
        Key: Item,  # noqa: N803
        UpdateExpression: str,  # noqa: N803
        ExpressionAttributeNames: dict[str, str],  # noqa: N803
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803
        **_: Any,
    ) -> None:
        item = {**self.tables[TableName].get(key_of(Key), Key)}
        for name, is_assigned, value in re.findall(r"(#\w+) (= )?(:\w+)", UpdateExpression):
            attribute, operand = ExpressionAttributeNames[name], ExpressionAttributeValues[value]
            stored = item.get(attribute, {"N": "0"})
            item[attribute] = operand if is_assigned else {"N": str(int(stored["N"]) + int(operand["N"]))}
        self.tables[TableName][key_of(Key)] = item


class FakeS3:
    """A client of a bucket. Each object has a version, and a delete marker if it is deleted."""

    def __init__(self, *keys: str, deleted: bool = True) -> None:
        self.keys = {*keys}
        self.deleted = {*keys} if deleted else set[str]()

    def list_object_versions(self, Bucket: str, Prefix: str) -> dict[str, Any]:  # noqa: ARG002, N803
        return {
            kind: [{"Key": key, "VersionId": kind} for key in keys if key.startswith(Prefix)]
            for kind, keys in (("Versions", self.keys), ("DeleteMarkers", self.deleted))
        }

    def delete_object(self, Bucket: str, Key: str, VersionId: str) -> None:  # noqa: ARG002, N803
        assert VersionId == "DeleteMarkers"
        self.deleted.remove(Key)


def make_dynamodb(file: Item = FILE, records: list[Item] | None = None, profile: Item | None = PROFILE) -> FakeDynamoDB:
    return FakeDynamoDB(restored=[file], records=records or [], profiles=[profile] if profile else [])


def restore(dynamodb: FakeDynamoDB, s3: FakeS3 | None = None, **options: Any) -> Counter[str]:
    return restore_files(dynamodb, TABLES, RestoreOptions(**options), s3 or FakeS3(OBJECT_KEY), "bucket")


def test_missing_file_is_restored_with_its_content() -> None:
    dynamodb, s3 = make_dynamodb(), FakeS3(OBJECT_KEY)
    assert restore(dynamodb, s3) == {RESTORED: 1}
    assert dynamodb.tables["records"][key_of(FILE)] == RESTORED_FILE
    assert s3.deleted == set()


def test_content_that_is_not_deleted_is_retained() -> None:
    assert restore(make_dynamodb(), FakeS3(OBJECT_KEY, deleted=False)) == {RESTORED: 1}


def test_restored_file_is_added_to_the_quota() -> None:
    dynamodb = make_dynamodb(records=[QUOTA])
    restore(dynamodb)
    quota = dynamodb.tables["records"][QUOTA_KEY]
    assert [quota[name]["N"] for name in ("bytes", "files", "revision", "checked_at")] == ["2148", "2", "8", "2"]
    assert int(quota["changed_at"]["N"]) > 1_700_000_000_000  # milliseconds


def test_lost_quota_is_created() -> None:
    dynamodb = make_dynamodb()
    restore(dynamodb)
    quota = dynamodb.tables["records"][QUOTA_KEY]
    assert [quota[name]["N"] for name in ("bytes", "files", "revision")] == ["2048", "1", "1"]


def test_second_run_changes_nothing() -> None:
    dynamodb = make_dynamodb()
    restore(dynamodb)
    quota = dynamodb.tables["records"][QUOTA_KEY]
    assert restore(dynamodb) == {UNCHANGED: 1}
    assert dynamodb.tables["records"][QUOTA_KEY] == quota


@pytest.mark.parametrize("overwrite", [False, True])
def test_existing_file_is_unchanged(overwrite: bool) -> None:
    existing = {**FILE, "name": {"S": "renamed.pdf"}}
    dynamodb, s3 = make_dynamodb(records=[existing, QUOTA]), FakeS3(OBJECT_KEY)
    assert restore(dynamodb, s3, overwrite=overwrite) == {UNCHANGED: 1}
    assert dynamodb.tables["records"] == {key_of(FILE): existing, QUOTA_KEY: QUOTA}
    assert s3.deleted == {OBJECT_KEY}


def test_interrupted_restore_is_completed_by_the_next_run() -> None:
    s3 = FakeS3(OBJECT_KEY)
    assert restore(make_dynamodb(records=[RESTORED_FILE]), s3) == {UNCHANGED: 1}
    assert s3.deleted == set()


@pytest.mark.parametrize("status", ["awaiting-upload", "scanning", "rejected"])
def test_file_that_was_not_available_is_ignored(status: str) -> None:
    assert restore(make_dynamodb({**FILE, "status": {"S": status}})) == {}


@pytest.mark.parametrize("record", ["file-quota", "grant#1"])
def test_other_records_are_ignored(record: str) -> None:
    assert restore(make_dynamodb({"user_id": {"S": SUB}, "record": {"S": record}})) == {}


def test_file_without_content_is_lost() -> None:
    dynamodb = make_dynamodb()
    assert restore(dynamodb, FakeS3()) == {LOST: 1}
    assert dynamodb.tables["records"] == {}


def test_object_with_a_longer_key_is_not_the_content() -> None:
    assert restore(make_dynamodb(), FakeS3(f"{OBJECT_KEY}-other")) == {LOST: 1}


@pytest.mark.parametrize(
    "profile",
    [
        None,
        TOMBSTONE,
        {**PROFILE, "deletion_status": {"S": "scheduled"}},
        {**PROFILE, "deletion_status": {"S": "erasing"}},
    ],
    ids=["missing", "erased", "scheduled", "erasing"],
)
def test_file_without_an_active_profile_is_not_restored(profile: Item | None) -> None:
    dynamodb, s3 = make_dynamodb(profile=profile), FakeS3(OBJECT_KEY)
    assert restore(dynamodb, s3) == {UNCHANGED: 1}
    assert dynamodb.tables["records"] == {}
    assert s3.deleted == {OBJECT_KEY}


def test_concurrent_erasure_prevents_the_restore() -> None:
    dynamodb, s3 = make_dynamodb(), FakeS3(OBJECT_KEY)
    dynamodb.before_write = lambda: dynamodb.tables["profiles"].update({(SUB,): TOMBSTONE})
    assert restore(dynamodb, s3) == {UNCHANGED: 1}
    assert dynamodb.tables["records"] == {}
    assert s3.deleted == {OBJECT_KEY}


def test_conflicting_transaction_is_repeated() -> None:
    dynamodb = make_dynamodb()
    dynamodb.conflicts = 1
    assert restore(dynamodb) == {RESTORED: 1}
    assert dynamodb.tables["records"][QUOTA_KEY]["files"] == {"N": "1"}


@pytest.mark.long  # it waits between its attempts
def test_lasting_conflict_is_a_failure() -> None:
    dynamodb = make_dynamodb()
    dynamodb.conflicts = 100
    with pytest.raises(DeployError, match="Run the same command again"):
        restore(dynamodb)


def test_dry_run_writes_nothing() -> None:
    dynamodb, s3 = make_dynamodb(), FakeS3(OBJECT_KEY)
    assert restore(dynamodb, s3, dry_run=True) == {RESTORED: 1}
    assert dynamodb.tables["records"] == {}
    assert s3.deleted == {OBJECT_KEY}


def test_one_user_is_read_with_a_query() -> None:
    dynamodb = make_dynamodb()
    assert restore(dynamodb, user="another-user") == {}
    assert restore(dynamodb, user=SUB) == {RESTORED: 1}
    assert dynamodb.paginated == ["query", "query"]
