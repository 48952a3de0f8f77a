"""Creates tables with many profiles and user pools with many users."""

import hashlib
import json
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from benchmarks.events import ITEM
from chalicelib.core.clock import utc_now
from chalicelib.files.ids import create_file_id
from chalicelib.files.models import File, FileCategory, FileStatus, FileType
from chalicelib.files.records import StoredFile
from chalicelib.files.repository import FileLimits, FileRepository
from chalicelib.files.storage import build_object_key
from local.resources.tables import create_users_table

FILE_EVERY: Final = 10  # one user of this many has a file
MISSING_EVERY: Final = 100  # one user of this many has no profile
_BATCH_SIZE: Final = 25  # items, DynamoDB's limit for BatchWriteItem
_THREADS: Final = 4
_PASSWORD: Final = "StrongPass123!"


def make_sub(number: int) -> str:
    """Return the sub of the user with this number."""
    return str(uuid.UUID(int=number + 1))


def create_table_with_profiles(dynamodb: Any, name: str, subs: Iterable[str]) -> None:
    create_users_table(dynamodb, name)
    all_subs = list(subs)

    def put_batch(start: int) -> None:
        items = ({**ITEM, "user_id": {"S": sub}} for sub in all_subs[start : start + _BATCH_SIZE])
        response = dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in items]})
        if response.get("UnprocessedItems"):
            raise RuntimeError("the embedded AWS left items unprocessed")

    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(put_batch, range(0, len(all_subs), _BATCH_SIZE)):
            pass


def create_files(repository: FileRepository, s3: Any, bucket: str, subs: Iterable[str]) -> None:
    """Store an available file of each of these users, who must have a profile."""
    content, now = b"Hemoglobin: 13.5 g/dl", utc_now()
    for sub in subs:
        file = File(
            id=create_file_id(now),
            name="blood-test.txt",
            content_type=FileType.TEXT,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            category=FileCategory.LAB_REPORT,
            status=FileStatus.AVAILABLE,
            created_at=now,
            updated_at=now,
            version=1,
        )
        repository.create(sub, StoredFile(file), FileLimits(files=1, bytes=len(content), uploads_per_day=1), now)
        s3.put_object(Bucket=bucket, Key=build_object_key(sub, file.id), Body=content)


def create_pool_with_users(cognito: Any, size: int) -> tuple[str, list[str]]:
    """Create a user pool without triggers. Return its id and the subs of its users."""
    schema = [{"Name": name, "AttributeDataType": "String"} for name in ("dob", "gender", "blood_group")]
    pool = cognito.create_user_pool(PoolName=f"Pool-{size}", UsernameAttributes=["email"], Schema=schema)
    pool_id = pool["UserPool"]["Id"]

    def create_user(number: int) -> str:
        email = f"user-{number}@example.com"
        attributes = {"email": email, "email_verified": "true", "name": "Jane Roe"}
        user = cognito.admin_create_user(
            UserPoolId=pool_id,
            Username=email,
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            MessageAction="SUPPRESS",
        )["User"]
        # A user is active only after their first sign-in, or with a permanent password.
        cognito.admin_set_user_password(
            UserPoolId=pool_id, Username=user["Username"], Password=_PASSWORD, Permanent=True
        )
        return _get_attribute(user, "sub")

    with ThreadPoolExecutor(_THREADS) as threads:
        return pool_id, list(threads.map(create_user, range(size)))


def select_with_profile(subs: list[str]) -> list[str]:
    """Return the users that get a profile: all but one in a hundred."""
    return [sub for number, sub in enumerate(subs) if number % MISSING_EVERY]


def write_users(state: Path, pool_id: str, size: int) -> list[str]:
    """Copy the only user of a user pool until it has `size` users, and return all subs. The original user is the first.

    It writes the state of a stopped embedded AWS, which would take hours to create so many users. Of the copies only
    one in a hundred has health attributes, which reconciliation deletes.
    """
    file = state / "cognito.json"
    document = json.loads(file.read_text())
    pools = document["payload"]["user_pools"]["data"].values()
    users = next(pool for pool in pools if pool["Id"] == pool_id)["_users"]
    ((username, user),) = users.items()
    template, email = json.dumps(user), _get_attribute(user, "email")
    for number in range(1, size):
        sub = make_sub(number)
        copy = json.loads(template.replace(username, sub).replace(email, f"user-{number}@example.com"))
        if number % MISSING_EVERY != 1:
            copy["Attributes"] = [pair for pair in copy["Attributes"] if not pair["Name"].startswith("custom:")]
        users[sub] = copy
    file.write_text(json.dumps(document))
    return list(users)


def _get_attribute(user: dict[str, Any], name: str) -> str:
    return next(str(pair["Value"]) for pair in user["Attributes"] if pair["Name"] == name)
