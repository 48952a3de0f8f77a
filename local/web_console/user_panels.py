"""The panels of one user in the console: one per feature of the product.

To show a further feature, add a function to PANELS. The page renders the panel by its id (local/console_ui/panels.js);
a panel without a renderer is shown as JSON.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, NotRequired, TypedDict

from boto3.dynamodb.types import TypeDeserializer

from local.emulator_clients import console_client
from local.stack import Stack
from local.user_client import ApiResponse
from local.web_console.user_api import ApiSession

_NOT_FOUND: Final = 404
_MAX_PAGE_SIZE: Final = 100  # files in a page of the API


class Panel(TypedDict):
    """A panel in the JSON of a user. `status` and `etag` are only in panels with a response of the API."""

    id: str  # selects the renderer of the page
    title: str
    source: str  # the request or the table that the content is from, such as "GET /users/{user_id}/files"
    body: Any  # JSON. None for a stored item that does not exist
    status: NotRequired[int]  # of the response
    etag: NotRequired[str | None]  # header of the response. None if the response has none


@dataclass(frozen=True)
class UserContext:
    """The user whose panels are built, and the clients for them."""

    sub: str
    stack: Stack
    session: ApiSession

    def get(self, path: str = "") -> ApiResponse:
        """Send a GET request for a resource of the user, with the user's token."""
        return self.session.call("GET", path)


def build_profile(context: UserContext) -> Panel | None:
    """Return the profile in the response of the API."""
    response = context.get()
    return _panel("profile", "Profile (API response)", "", response)


def build_stored_item(context: UserContext) -> Panel | None:
    """Return the item in DynamoDB. It is not a response of the API, and has internal attributes."""
    dynamodb = console_client("dynamodb", context.stack)
    item = dynamodb.get_item(TableName=context.stack.table, Key={"user_id": {"S": context.sub}}).get("Item")
    body = {name: _to_json(TypeDeserializer().deserialize(item[name])) for name in sorted(item)} if item else None
    return {"id": "stored-item", "title": "Stored item", "source": f"DynamoDB {context.stack.table}", "body": body}


def build_picture(context: UserContext) -> Panel | None:
    """Return the metadata and the address of the picture. None if the profile has none."""
    response = context.get("/picture")
    if response.status == _NOT_FOUND:
        return None
    return _panel("picture", "Picture", "/picture", response)


def build_files(context: UserContext) -> Panel | None:
    """Return all files, in the form of one page. None if the API has no files."""
    response = context.get(f"/files?limit={_MAX_PAGE_SIZE}")
    if response.status == _NOT_FOUND:
        return None
    items = [*response.body.get("items", [])]
    while cursor := response.body.get("next_cursor"):
        response = context.get(f"/files?limit={_MAX_PAGE_SIZE}&cursor={cursor}")
        items += response.body.get("items", [])
    panel = _panel("files", "Files", "/files", response)
    if response.status == HTTPStatus.OK:
        panel["body"] = {**response.body, "items": items}
    return panel


def build_deletion(context: UserContext) -> Panel | None:
    """Return the state of the account's deletion. None if none was requested."""
    response = context.get("/deletion")
    if response.status == _NOT_FOUND:
        return None
    return _panel("deletion", "Deletion", "/deletion", response)


PANELS: Final[tuple[Callable[[UserContext], Panel | None], ...]] = (
    build_profile,
    build_stored_item,
    build_picture,
    build_files,
    build_deletion,
)


def build_panels(context: UserContext) -> list[Panel]:
    """Return the panels of a user."""
    return [panel for build in PANELS if (panel := build(context)) is not None]


def _to_json(value: Any) -> Any:
    """Return a value of an item with its numbers as JSON numbers."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: _to_json(part) for name, part in value.items()}
        case list():
            return [_to_json(part) for part in value]
    return value


def _panel(panel_id: str, title: str, path: str, response: ApiResponse) -> Panel:
    return {
        "id": panel_id,
        "title": title,
        "source": f"GET /users/{{user_id}}{path}",
        "status": response.status,
        "etag": response.headers.get("ETag"),
        "body": response.body,
    }
