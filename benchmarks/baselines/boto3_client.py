"""A handler with boto3's client and json.dumps, as in boto3's own guide. The reference of all ratios."""

import json
import os

import boto3

client = boto3.client("dynamodb")
TABLE = os.environ["DYNAMODB_TABLE"]
EDITABLE = ("name", "dob", "gender", "blood_group")


def to_body(item):
    return {
        name: int(value) if kind == "N" else value
        for name, typed_value in item.items()
        for kind, value in typed_value.items()
    }


def respond(status, body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def handler(event, context):
    key = {"user_id": {"S": event["pathParameters"]["user_id"]}}
    if event["httpMethod"] == "GET":
        result = client.get_item(TableName=TABLE, Key=key)
        return respond(200, to_body(result["Item"])) if "Item" in result else respond(404, {"message": "Not found"})
    body = json.loads(event["body"])
    result = client.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in EDITABLE),
        ExpressionAttributeNames={f"#{name}": name for name in EDITABLE},
        ExpressionAttributeValues={f":{name}": {"S": body[name]} for name in EDITABLE},
        ReturnValues="ALL_NEW",
    )
    return respond(200, to_body(result["Attributes"]))
