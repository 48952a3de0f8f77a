"""Data access that the framework baselines share: boto3's client and its deserializer."""

import os

import boto3
from boto3.dynamodb.types import TypeDeserializer

client = boto3.client("dynamodb")
TABLE = os.environ["DYNAMODB_TABLE"]
deserialize = TypeDeserializer().deserialize


def to_dict(item):
    return {name: deserialize(value) for name, value in item.items()}


def get_profile(user_id):
    item = client.get_item(TableName=TABLE, Key={"user_id": {"S": user_id}}).get("Item")
    return to_dict(item) if item else None


def update_profile(user_id, fields):
    result = client.update_item(
        TableName=TABLE,
        Key={"user_id": {"S": user_id}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in fields),
        ExpressionAttributeNames={f"#{name}": name for name in fields},
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in fields.items()},
        ReturnValues="ALL_NEW",
    )
    return to_dict(result["Attributes"])
