"""The application at the level of its handlers, in this process, over a table of its own in the embedded AWS."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import app
from chalicelib import aws, sdk
from chalicelib.settings import settings as load_settings
from local import stack
from tests.conftest import CLAIMS, SUB

OTHER = "1b2c3d4e-0000-4000-8000-000000000002"
TABLE = "Handlers"
EDIT = {"name": "Jane Roe", "dob": "1985-01-31", "gender": "Female", "blood_group": "O-"}
ITEM = {name: {"S": text} for name, text in EDIT.items()} | {
    "created_at": {"S": "2026-01-01T00:00:00.000Z"}, "updated_at": {"S": "2026-01-01T00:00:00.000Z"},
    "version": {"N": "1"}, "email_verified": {"BOOL": False}, "phone_number_verified": {"BOOL": False},
}  # fmt: skip


def token() -> str:
    """What Chalice's client takes claims from: it checks no signature."""
    claims = {**CLAIMS, "cognito:username": SUB}
    head, body = (base64.urlsafe_b64encode(json.dumps(it).encode()).decode().rstrip("=") for it in ({}, claims))
    return f"{head}.{body}.x"


@contextmanager
def pointed_at(at: stack.Stack) -> Iterator[None]:
    """The application's own clients, at this AWS and this table."""
    caches = (
        sdk._session, aws.dynamodb, aws.cognito, aws.s3, aws.lambda_,
        app.repository, app.directory, app.bucket, app.checker, app.leases, load_settings,
    )  # fmt: skip
    told = {
        **at.access_key.variables,
        "AWS_ENDPOINT_URL": at.aws_endpoint_url,
        "DYNAMODB_TABLE": TABLE,
        "PICTURE_FUNCTION": at.picture_function,
    }
    before = {name: os.environ[name] for name in told}

    def change(environment: dict[str, str]) -> None:
        os.environ |= environment
        for cache in caches:
            cache.cache_clear()

    change(told)
    try:
        yield
    finally:
        change(before)


@contextmanager
def table(at: stack.Stack) -> Iterator[Any]:
    """The table with two profiles in it, and the application on it; a client of DynamoDB."""
    client = stack.client("dynamodb", at)
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for user_id in (SUB, OTHER):
        client.put_item(TableName=TABLE, Item={**ITEM, "user_id": {"S": user_id}})
    with pointed_at(at):
        yield client
    client.delete_table(TableName=TABLE)
