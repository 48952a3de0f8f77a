"""By hand, with boto3's resource, which turns items into dicts by itself."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["DYNAMODB_TABLE"])
EDITABLE = ("name", "dob", "gender", "blood_group")


def answer(status, body):
    # Numbers come as Decimal, which json does not know.
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=int),
    }


def handler(event, context):
    key = {"user_id": event["pathParameters"]["user_id"]}
    if event["httpMethod"] == "GET":
        found = table.get_item(Key=key)
        return answer(200, found["Item"]) if "Item" in found else answer(404, {"message": "Not found"})
    body = json.loads(event["body"])
    changed = table.update_item(
        Key=key,
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in EDITABLE),
        ExpressionAttributeNames={f"#{name}": name for name in EDITABLE},
        ExpressionAttributeValues={f":{name}": body[name] for name in EDITABLE},
        ReturnValues="ALL_NEW",
    )
    return answer(200, changed["Attributes"])
