"""Many people: tables of profiles, and pools of users without triggers."""

import json
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from benchmarks.events import ITEM

_BATCH: Final = 25  # DynamoDB's limit
_THREADS: Final = 4
_ONE_IN: Final = 100  # is without a profile
_PASSWORD: Final = "StrongPass123!"


def sub_of(number: int) -> str:
    """The sub of one of them, in a table."""
    return str(uuid.UUID(int=number + 1))


def table(dynamodb: Any, name: str, subs: Iterable[str]) -> None:
    """A table with a profile for each."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    there = list(subs)

    def put(start: int) -> None:
        items = ({**ITEM, "user_id": {"S": sub}} for sub in there[start : start + _BATCH])
        done = dynamodb.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in items]})
        if done.get("UnprocessedItems"):
            raise RuntimeError("the embedded AWS has not taken them all")

    with ThreadPoolExecutor(_THREADS) as threads:
        for _ in threads.map(put, range(0, len(there), _BATCH)):
            pass


def pool(cognito: Any, size: int) -> tuple[str, list[str]]:
    """A pool of so many users: its id, and their subs."""
    schema = [{"Name": name, "AttributeDataType": "String"} for name in ("dob", "gender", "blood_group")]
    made = cognito.create_user_pool(PoolName=f"Pool-{size}", UsernameAttributes=["email"], Schema=schema)
    pool_id = made["UserPool"]["Id"]

    def create(number: int) -> str:
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
        return next(str(it["Value"]) for it in user["Attributes"] if it["Name"] == "sub")

    with ThreadPoolExecutor(_THREADS) as threads:
        return pool_id, list(threads.map(create, range(size)))


def with_profile(subs: list[str]) -> list[str]:
    """Return those who have a profile: all but one in a hundred."""
    return [sub for number, sub in enumerate(subs) if number % _ONE_IN]


def write_pool(state: Path, pool_id: str, size: int) -> list[str]:
    """Write users like its only one into a pool of a stopped embedded AWS, and return the subs of all.

    The embedded AWS itself would take hours to create so many.
    """
    file = state / "cognito.json"
    document = json.loads(file.read_text())
    pools = document["payload"]["user_pools"]["data"].values()
    users = next(pool for pool in pools if pool["Id"] == pool_id)["_users"]
    ((first, user),) = users.items()
    template = json.dumps(user)
    for number in range(1, size):
        sub = sub_of(number)
        users[sub] = json.loads(template.replace(first, sub).replace("user-0@", f"user-{number}@"))
    file.write_text(json.dumps(document))
    return list(users)
