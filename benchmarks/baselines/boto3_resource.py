"""A handler with boto3's resource, which converts items to dicts."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["DYNAMODB_TABLE"])
EDITABLE = ("name", "dob", "gender", "blood_group")


def respond(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=int),  # numbers are Decimal, which json cannot encode
    }


def handler(event, context):
    key = {"user_id": event["pathParameters"]["user_id"]}
    if event["httpMethod"] == "GET":
        result = table.get_item(Key=key)
        return respond(200, result["Item"]) if "Item" in result else respond(404, {"message": "Not found"})
    body = json.loads(event["body"])
    result = table.update_item(
        Key=key,
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in EDITABLE),
        ExpressionAttributeNames={f"#{name}": name for name in EDITABLE},
        ExpressionAttributeValues={f":{name}": body[name] for name in EDITABLE},
        ReturnValues="ALL_NEW",
    )
    return respond(200, result["Attributes"])
