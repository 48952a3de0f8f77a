"""AWS calls and errors that tests share."""

import io
import zipfile
from typing import Any

from botocore.exceptions import ClientError


def create_users_table(dynamodb: Any, name: str) -> None:
    """Create a table with the key of the user table."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


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


def zip_file(name: str, content: str) -> bytes:
    """Return a zip archive of one file, as Lambda accepts the code of a function."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, content)
    return archive.getvalue()


def client_error(code: str, status: int = 400, operation: str = "PutItem", message: str = "") -> ClientError:
    """Return the error that botocore raises for an error response with this code."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, operation)
