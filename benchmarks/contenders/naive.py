"""By hand, as boto3's own guide begins: a client, a call, json.dumps."""

import json
import os

import boto3

client = boto3.client("dynamodb")
TABLE = os.environ["DYNAMODB_TABLE"]
EDITABLE = ("name", "dob", "gender", "blood_group")


def plain(item):
    return {name: int(value) if kind == "N" else value for name, typed in item.items() for kind, value in typed.items()}


def answer(status, body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def handler(event, context):
    key = {"user_id": {"S": event["pathParameters"]["user_id"]}}
    if event["httpMethod"] == "GET":
        found = client.get_item(TableName=TABLE, Key=key)
        return answer(200, plain(found["Item"])) if "Item" in found else answer(404, {"message": "Not found"})
    body = json.loads(event["body"])
    changed = client.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in EDITABLE),
        ExpressionAttributeNames={f"#{name}": name for name in EDITABLE},
        ExpressionAttributeValues={f":{name}": {"S": body[name]} for name in EDITABLE},
        ReturnValues="ALL_NEW",
    )
    return answer(200, plain(changed["Attributes"]))
