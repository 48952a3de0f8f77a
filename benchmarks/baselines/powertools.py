"""The resolver of Powertools with its validation by pydantic.

https://docs.aws.amazon.com/powertools/python/latest/core/event_handler/api_gateway/#data-validation
"""

import dynamodb_store
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from models import Edit, Profile

app = APIGatewayRestResolver(enable_validation=True)


@app.get("/users/<user_id>")
def get_user(user_id: str) -> Profile:
    item = dynamodb_store.get_profile(user_id)
    if item is None:
        raise NotFoundError
    return Profile(**item)


@app.put("/users/<user_id>")
def put_user(user_id: str, edit: Edit) -> Profile:
    return Profile(**dynamodb_store.update_profile(user_id, edit.model_dump(mode="json")))


def handler(event, context):
    return app.resolve(event, context)
