"""The application in the test's own process: its handlers, and its clients on a table of the embedded AWS."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from chalice import Chalice
from chalice.test import Client, HTTPResponse

import app
from chalicelib import bootstrap
from local import emulator_clients, stack
from local.resources.tables import create_records_table, create_users_table
from tests.support.data import CLAIMS, OTHER_SUB, SUB, profile_item
from tests.support.events import api_gateway_event
from tests.support.tokens import encode_unsigned_token

SEEDED_TABLE: Final = "Handlers"
SEEDED_RECORDS_TABLE: Final = "HandlerRecords"


class ApiClient:
    """Calls the application as API Gateway does after its authorizer accepted a request."""

    def __init__(self, app: Chalice) -> None:
        self._app = app

    def request(
        self,
        method: str,
        user_id: str = "me",
        body: str | bytes | None = None,
        content_type: str | None = "application/json",
        claims: Any = CLAIMS,
        path: str = "/users/{user_id}",
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> HTTPResponse:
        """Send a request to a route, and return the response. `claims` are those of the verified token."""
        content_headers = {"content-type": content_type} if content_type else {}
        event = api_gateway_event(
            method, path, user_id, body=body, headers={**content_headers, **(headers or {})}, claims=claims
        )
        if query:
            event["multiValueQueryStringParameters"] = {name: [value] for name, value in query.items()}
        return HTTPResponse.create_from_dict(self._app(event, None))


def unsigned_token() -> str:
    """Return a token of the user SUB. Chalice's test client reads its claims and verifies no signature."""
    return encode_unsigned_token({**CLAIMS, "cognito:username": SUB}, signature="x")


@contextmanager
def use_stack(embedded: stack.Stack) -> Iterator[None]:
    """Point the application's own clients at an embedded AWS and the seeded tables in it."""
    variables = {
        **embedded.access_key.variables,
        "AWS_ENDPOINT_URL": embedded.aws_endpoint_url,
        "DYNAMODB_TABLE": SEEDED_TABLE,
        "ERASE_FUNCTION": embedded.erase_function,
        "PICTURE_FUNCTION": embedded.picture_function,
        "RECORDS_TABLE": SEEDED_RECORDS_TABLE,
    }
    original = {name: os.environ[name] for name in variables}

    def apply(environment: dict[str, str]) -> None:
        os.environ |= environment
        bootstrap.reset()

    apply(variables)
    try:
        yield
    finally:
        apply(original)


@contextmanager
def seeded_table(embedded: stack.Stack) -> Iterator[Any]:
    """Create a table with the profiles of SUB and OTHER_SUB, and an empty table of records. Yield a DynamoDB client.

    The application uses both tables.
    """
    dynamodb = emulator_clients.emulator_client("dynamodb", embedded)
    create_users_table(dynamodb, SEEDED_TABLE)
    create_records_table(dynamodb, SEEDED_RECORDS_TABLE)
    for user_id in (SUB, OTHER_SUB):
        dynamodb.put_item(TableName=SEEDED_TABLE, Item=profile_item(user_id))
    with use_stack(embedded):
        yield dynamodb
    for table in (SEEDED_TABLE, SEEDED_RECORDS_TABLE):
        dynamodb.delete_table(TableName=table)


def send_request(
    method: str, path: str, body: Any = None, content_type: str = "application/json", **headers: str
) -> HTTPResponse:
    """Send a request of the user SUB through Chalice's test client, which verifies no token.

    The client warns that it runs no authorizer: ignore `CognitoUserPoolAuthorizer` in the test. A header is named with
    underscores, as in `If_Match="7"`.
    """
    request_headers = {
        "Authorization": unsigned_token(),
        "Content-Type": content_type,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    content = json.dumps(body).encode() if body is not None else b""
    with Client(app.app, stage_name="test") as client:
        return client.http.request(method, path, request_headers, content)
