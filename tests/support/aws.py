"""AWS calls and errors that tests share."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from local.emulator_clients import EmulatorConnection, emulator_client


def get_item(dynamodb: Any, table: str, user_id: str) -> dict[str, Any] | None:
    """Return the stored item of a user, or None. Strongly consistent."""
    response = dynamodb.get_item(TableName=table, Key={"user_id": {"S": user_id}}, ConsistentRead=True)
    item: dict[str, Any] | None = response.get("Item")
    return item


def require_item(dynamodb: Any, table: str, user_id: str) -> dict[str, Any]:
    """Return the stored item of a user. Fails if there is none."""
    item = get_item(dynamodb, table, user_id)
    assert item is not None, f"no item for {user_id}"
    return item


def delete_item(dynamodb: Any, table: str, user_id: str) -> None:
    """Delete the stored item of a user."""
    dynamodb.delete_item(TableName=table, Key={"user_id": {"S": user_id}})


def client_error(code: str, status: int = 400, operation: str = "PutItem", message: str = "") -> ClientError:
    """Return the error that botocore raises for an error response with this code."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)


@contextmanager
def create_iam_user(aws: EmulatorConnection, allowed: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Create an IAM user that may use these actions on resources. Yield the id and the secret of its access key."""
    iam, name = emulator_client("iam", aws), f"user-{uuid.uuid4().hex[:12]}"
    statements = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="allowed", PolicyDocument=document)
    access_key = iam.create_access_key(UserName=name)["AccessKey"]
    yield access_key["AccessKeyId"], access_key["SecretAccessKey"]
    iam.delete_access_key(UserName=name, AccessKeyId=access_key["AccessKeyId"])
    iam.delete_user_policy(UserName=name, PolicyName="allowed")
    iam.delete_user(UserName=name)
