"""The table, as a user of a framework would put it into a module of its own: boto3's client and its serializers."""

import os

import boto3
from boto3.dynamodb.types import TypeDeserializer

client = boto3.client("dynamodb")
TABLE = os.environ["DYNAMODB_TABLE"]
read = TypeDeserializer().deserialize


def plain(item):
    return {name: read(value) for name, value in item.items()}


def get(user_id):
    item = client.get_item(TableName=TABLE, Key={"user_id": {"S": user_id}}).get("Item")
    return plain(item) if item else None


def put(user_id, fields):
    changed = client.update_item(
        TableName=TABLE,
        Key={"user_id": {"S": user_id}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
        ExpressionAttributeNames={f"#{name}": name for name in fields},
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in fields.items()},
        ReturnValues="ALL_NEW",
    )
    return plain(changed["Attributes"])
