"""Erasures that are interrupted, and the search for remaining data of erased persons."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config

from chalicelib.aws.clients import CONNECT_TIMEOUT, ERASURE_S3_READ_TIMEOUT, READ_TIMEOUT
from chalicelib.aws.user_pool import UserPool
from chalicelib.files.erasure import FileErasure
from chalicelib.files.models import FileStatus
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.pictures.storage import PictureStorage
from chalicelib.privacy.erasure import ErasureService
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.reconciliation.next_run import to_event
from local.config import REGION
from local.emulator_clients import emulator_client
from local.stack import STACK_NAME, Stack
from local.user_client import ApiResponse, UserClient
from tests.support.aws import get_item
from tests.support.stack import wait_until
from tests.support.stored_files import FileStore
from tests.support.users import User, sign_up_and_sign_in

RECONCILE_FUNCTION: Final = f"{STACK_NAME}-reconcile"
GRACE_DAYS: Final = 14
TOMBSTONE_ATTRIBUTES: Final = {
    "user_id",
    "deletion_status",
    "deletion_requested_at",
    "deletion_requested_by",
    "erased_at",
    "erased_objects",
    "ttl",
}
# The calls of an erasure in their order, as (service, operation). Some run several times.
ERASURE_STEPS: Final = (
    ("dynamodb", "UpdateItem"),
    ("cognito-idp", "AdminDisableUser"),
    ("cognito-idp", "AdminUserGlobalSignOut"),
    ("s3", "ListObjectVersions"),
    ("s3", "DeleteObjects"),
    ("dynamodb", "Query"),
    ("dynamodb", "BatchWriteItem"),
    ("cognito-idp", "AdminDeleteUser"),
    ("dynamodb", "PutItem"),
)

_SERVICES: Final = ("dynamodb", "cognito-idp", "s3")

# All erased persons share the stems of their values, so that one search finds the values of any of them.
_BIRTH_DATE: Final = date(1931, 5, 7)
_NAME_STEM: Final = "Quillfeather"
_PHONE_STEM: Final = "4207775"


class Killed(BaseException):
    """The process has been killed. Not an Exception, so that no handler of errors continues."""


@dataclass(frozen=True)
class PersonalValues:
    """The sign-up values of a person, which no other test uses."""

    number: int

    @property
    def attributes(self) -> dict[str, str]:
        """The values as keyword arguments of `sign_up_attributes`."""
        suffix = "".join(chr(ord("a") + int(digit)) for digit in str(self.number))
        return {
            "name": f"Zdenka {_NAME_STEM} {suffix}",
            "phone_number": f"+{_PHONE_STEM}{self.number:05}",
            "dob": _BIRTH_DATE.isoformat(),
        }

    @property
    def email(self) -> str:
        return f"zdenka.{_NAME_STEM.lower()}.{self.number}@example.com"


def list_birth_date_spellings(birth_date: date = _BIRTH_DATE) -> list[str]:
    """Return the spellings of a date that programs and users write."""
    year, month, day = birth_date.year, birth_date.month, birth_date.day
    numeric = [
        f"{first:{width}}{separator}{second:{width}}{separator}{year}"
        for first, second in ((day, month), (month, day))
        for separator in ".-/ "
        for width in ("02", "")
    ]
    words = [f"{birth_date:{pattern}}" for pattern in ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%b %d %Y")]
    return [
        *(f"{birth_date:{pattern}}" for pattern in ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d%m%Y")),
        *numeric,
        *words,
        *(word.replace(" 0", " ").removeprefix("0") for word in words),
        f"{year}, {month}, {day}",  # the representation of a date in Python
        str((birth_date - date(1970, 1, 1)).days * 86_400),
    ]


# A longer number or an identifier may contain the digits of a date or a phone number by chance.
_VALUES: Final = re.compile(
    "|".join(
        [
            _NAME_STEM,
            "Zdenka",
            rf"(?<![0-9a-f]){_PHONE_STEM}",
            *(rf"(?<![0-9a-f]){re.escape(spelling)}(?![0-9a-f])" for spelling in list_birth_date_spellings()),
        ]
    ),
    re.IGNORECASE,
)


def find_values(content: str) -> set[str]:
    """Return the values of erased persons that a text contains."""
    return set(_VALUES.findall(content))


def read_stored_data(stack: Stack) -> dict[str, str]:
    """Return all data in AWS by its location: items, users, records and versions of objects."""
    dynamodb, cognito, s3 = (emulator_client(name, stack) for name in ("dynamodb", "cognito-idp", "s3"))
    items, records = (
        [item for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
        for table in (stack.table, stack.records_table)
    )
    pages = cognito.get_paginator("list_users").paginate(UserPoolId=stack.user_pool_id)
    users = [user for page in pages for user in page["Users"]]
    return {
        "table": json.dumps(items, ensure_ascii=False, default=str),
        "records": json.dumps(records, ensure_ascii=False, default=str),
        "user pool": json.dumps(users, ensure_ascii=False, default=str),
        "bucket": json.dumps(list_versions(s3, stack.bucket), default=str)
        + "".join(read_versions(s3, stack.bucket, "uploads/")),
        "function logs": read_function_logs(stack),
    }


def list_versions(s3: Any, bucket: str, prefix: str = "") -> list[tuple[str, str]]:
    """Return the key and the version of all objects and delete markers under a prefix."""
    return [
        (entry["Key"], entry["VersionId"])
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
        for kind in ("Versions", "DeleteMarkers")
        for entry in page.get(kind, [])
    ]


def read_versions(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    """Yield the content of each version of the objects under a prefix."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Versions", []):
            response = s3.get_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])
            yield response["Body"].read().decode("latin-1")


def read_function_logs(stack: Stack) -> str:
    """Return the logs of all functions in CloudWatch."""
    logs = emulator_client("logs", stack)
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = (page for group in groups for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group))
    return "\n".join(event["message"] for page in pages for event in page["events"])


def list_objects_of(stack: Stack, sub: str) -> list[tuple[str, str]]:
    """Return all versions and delete markers whose key contains a sub."""
    return [entry for entry in list_versions(emulator_client("s3", stack), stack.bucket) if sub in entry[0]]


def add_objects(stack: Stack, sub: str) -> int:
    """Store versions of a user's uploads and pictures, current, noncurrent and deleted ones, and a file.

    Return the number of versions. The key of the file's object is not that of a file. So check_file ignores it,
    and makes no call at the same time as the erasure.
    """
    s3, bucket = emulator_client("s3", stack), stack.bucket
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key=f"uploads/{sub}/1", Body=f"Zdenka {_NAME_STEM}".encode())
    s3.put_object(Bucket=bucket, Key=f"pictures/{sub}/1/a", Body=b"current")
    s3.put_object(Bucket=bucket, Key=f"pictures/{sub}/0/b", Body=b"deleted")
    s3.delete_object(Bucket=bucket, Key=f"pictures/{sub}/0/b")
    store = FileStore(emulator_client("dynamodb", stack), s3, stack.records_table, bucket)
    store.put_quota(sub, files=0, bytes=0)
    store.put_file(sub, content=None, status=FileStatus.REJECTED, name=f"Zdenka {_NAME_STEM}.txt")
    store.put_object(sub, "1")
    return len(list_objects_of(stack, sub))


def get_status(stack: Stack, sub: str) -> str | None:
    """Return the status of a deletion in the table, or None."""
    item = get_item(emulator_client("dynamodb", stack), stack.table, sub) or {}
    status: str | None = item.get("deletion_status", {}).get("S")
    return status


def wait_until_erased(stack: Stack, sub: str) -> None:
    wait_until(lambda: get_status(stack, sub) == "erased", lambda: f"status {get_status(stack, sub)}")


def delete_account(user: User) -> ApiResponse:
    return user.client.call("DELETE", "/users/me", user.token)


def get_deletion(user: User) -> ApiResponse:
    return user.client.call("GET", "/users/me/deletion", user.token)


def cancel_deletion(user: User) -> ApiResponse:
    return user.client.call("DELETE", "/users/me/deletion", user.token)


def set_attributes(stack: Stack, sub: str, **values: str) -> None:
    """Set text attributes of a stored item, such as `deletion_erase_after`."""
    emulator_client("dynamodb", stack).update_item(
        TableName=stack.table,
        Key={"user_id": {"S": sub}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in values),
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in values.items()},
    )


def hours_ago(hours: float) -> str:
    """Return a time in the past as the table stores it."""
    return f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S.000Z}"


def make_due(stack: Stack, sub: str) -> None:
    """Let the grace period of a scheduled deletion end an hour ago."""
    set_attributes(stack, sub, deletion_erase_after=hours_ago(1))


def invoke_reconciliation(stack: Stack, **options: Any) -> dict[str, Any]:
    """Run reconciliation from its beginning and return its report. The erasures that it starts may still run."""
    response = emulator_client("lambda", stack).invoke(
        FunctionName=RECONCILE_FUNCTION, Payload=to_event({"restart": True, **options})
    )
    report: dict[str, Any] = json.load(response["Payload"])
    assert report.get("status") == "finished", report
    return report


def create_client(service: Any, stack: Stack, *, attempts: int = 1, **options: Any) -> Any:
    """Return a new client of the embedded AWS. `options` are those of botocore's Config, such as timeouts."""
    return boto3.client(
        service,
        endpoint_url=stack.aws_endpoint_url,
        region_name=REGION,
        aws_access_key_id=stack.access_key.id,
        aws_secret_access_key=stack.access_key.secret,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts}, s3={"addressing_style": "path"}, **options
        ),
    )


class ErasureClients:
    """Clients of an erasure that can be killed. They are separate from the clients of other tests."""

    def __init__(self, stack: Stack, proxy_port: int | None = None) -> None:
        proxies = {"http": f"http://127.0.0.1:{proxy_port}"} if proxy_port else None
        self.stack = stack
        self.clients: Mapping[str, Any] = {
            service: create_client(
                service,
                stack,
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=ERASURE_S3_READ_TIMEOUT if service == "s3" else READ_TIMEOUT,
                attempts=2,
                proxies=proxies,
            )
            for service in _SERVICES
        }

    def kill_after(self, service: str, operation: str) -> None:
        """Raise Killed after the next call of this operation has been applied."""
        self._on_call(service, operation, _raise_killed)

    def run_after(self, service: str, operation: str, action: Callable[[], object]) -> None:
        """Run an action after each call of this operation."""

        def run(**_: Any) -> None:
            action()

        self._on_call(service, operation, run)

    def _on_call(self, service: str, operation: str, handler: Callable[..., None]) -> None:
        client = self.clients[service]
        service_id = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"after-call.{service_id}.{operation}", handler)

    def erase(self, sub: str) -> str:
        """Erase an account in this process. Return the status of the result."""
        stack = self.stack
        service = ErasureService(
            DeletionRepository(self.clients["dynamodb"], stack.table),
            UserPool(lambda: self.clients["cognito-idp"], stack.user_pool_id),
            PictureStorage(self.clients["s3"], stack.bucket),
            FileErasure(
                FileRepository(self.clients["dynamodb"], stack.records_table, stack.table),
                FileStorage(self.clients["s3"], stack.bucket),
            ),
        )
        return str(service.erase(sub).status)


def _raise_killed(**_: Any) -> None:
    raise Killed


def sign_up_person(user_client: UserClient, number: int) -> User:
    """Sign up a person with values that `find_values` finds."""
    return sign_up_and_sign_in(user_client, email=PersonalValues(number).email, **PersonalValues(number).attributes)


def collect_values(places: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return the places that contain values of erased persons, with these values."""
    values_by_place = {place: find_values(content) for place, content in places}
    return {place: values for place, values in values_by_place.items() if values}
