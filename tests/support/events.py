"""Events as AWS sends them to Lambda functions: from Cognito, API Gateway and EventBridge."""

import json
from pathlib import Path
from typing import Any, Final

from tests.support.data import CLAIMS, FILE_ID

# https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
_COGNITO_EVENTS: Final = Path(__file__).parent / "cognito_events"


def load_cognito_event(name: str) -> dict[str, Any]:
    """Return a trigger event as AWS documents it, from the file of this name in `cognito_events`."""
    event: dict[str, Any] = json.loads((_COGNITO_EVENTS / f"{name}.json").read_text())
    return event


def post_confirmation_event(attributes: dict[str, str]) -> dict[str, Any]:
    """Return the event of a confirmed sign-up with these user attributes."""
    event = load_cognito_event("post_confirmation_confirm_sign_up")
    return {**event, "userName": attributes["sub"], "request": {"userAttributes": attributes}}


def api_gateway_event(
    method: str,
    resource: str,
    user_id: str = "me",
    *,
    body: str | bytes | None = None,
    headers: dict[str, str] | None = None,
    claims: Any = CLAIMS,
    path: str | None = None,
) -> dict[str, Any]:
    """Return the event of a request that API Gateway's authorizer has accepted.

    `resource` is the route, such as `/users/{user_id}`. `path` includes the stage.
    """
    context = {
        "httpMethod": method,
        "resourcePath": resource,
        "requestId": "request-1",
        "authorizer": {"claims": claims} if claims is not None else None,
    }
    return {
        "requestContext": {**context, "path": path} if path else context,
        "headers": headers or None,
        "pathParameters": {"user_id": user_id, **({"file_id": FILE_ID} if "{file_id}" in resource else {})},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": body,
    }


# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
SCHEDULED_EVENT: Final = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2015-10-08T16:53:06Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
    "detail": {},
}
