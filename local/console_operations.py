"""Operations that the web console needs and that AWS does not have, below /_local/ of the embedded AWS.

The operations require the access key's secret as a bearer token. The origin guard rejects requests of pages, because
these paths are none of those that pages may use.
"""

import base64
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

Application = Callable[[Any, Any, Any], Awaitable[None]]
JsonObject = dict[str, Any]

PATH_PREFIX: Final = "/_local/"
_META: Final = "x-amz-meta-"  # prefix of the headers with an object's metadata
_COGNITO: Final = "AWSCognitoIdentityProviderService"
# Operations that start with one of these words change nothing.
_READS: Final = (
    "AdminGet", "AdminList", "BatchGet", "Describe", "Get", "InitiateAuth", "List", "Query", "Scan", "TransactGet",
)  # fmt: skip
_NOT_SIGNED_IN: Final = {
    "UNCONFIRMED": "The user is not confirmed. Confirm the user first.",
    "FORCE_CHANGE_PASSWORD": "The user was invited. The first sign-in with the temporary password sets a password.",
    "RESET_REQUIRED": "The user must reset the password first.",
}


class OperationRejected(Exception):
    """The operation is not possible. The message names the reason."""


class ConsoleOperations:
    """An ASGI application that handles the console's operations and passes all other requests on."""

    def __init__(self, application: Application, secret: str) -> None:
        self._application = application
        self._secret = secret
        self._changes = {"users": 0, "data": 0}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle an ASGI connection."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
        elif scope["path"].startswith(PATH_PREFIX):
            await _send_json(send, *self._respond(scope, await _read_body(receive)))
        else:
            await self._application(scope, receive, send)
            if topic := _find_changed_topic(scope):
                self._changes[topic] += 1

    def _respond(self, scope: Any, body: bytes) -> tuple[HTTPStatus, JsonObject]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {self._secret}".encode()):
            return HTTPStatus.UNAUTHORIZED, {"message": "The secret access key is required as a bearer token."}
        try:
            return HTTPStatus.OK, self._run(scope["path"].removeprefix(PATH_PREFIX), body)
        except OperationRejected as exc:
            return HTTPStatus.CONFLICT, {"message": str(exc)}

    def _run(self, operation: str, body: bytes) -> JsonObject:
        from ministack.core.persistence import _json_object_hook

        data = json.loads(body or b"{}", object_hook=_json_object_hook)
        match operation:
            case "changes":
                return {**self._changes, "mail": _count_mails()}
            case "mails":
                return {"mails": [mail for mails in _list_mailboxes() for mail in mails]}
            case "tokens":
                return _issue_tokens(data)
            case "delete-mails":
                return _delete_mails()
            case "export-users":
                return {"users": _get_pool(data)["_users"]}
            case "import-users":
                self._changes["users"] += 1
                return _import_users(data)
            case "export-object":
                return _export_object(data)
            case "import-tags":
                return _import_tags(data)
        raise OperationRejected(f"There is no operation {operation}.")


def _find_changed_topic(scope: Any) -> str | None:
    """Return the kind of data that a request may have changed: users of Cognito, or data in DynamoDB and S3."""
    headers = dict(scope["headers"])
    service, _, operation = headers.get(b"x-amz-target", b"").decode("latin-1").partition(".")
    if service == _COGNITO:
        return None if operation.startswith(_READS) else "users"
    if service.startswith("DynamoDB"):
        return None if operation.startswith(_READS) else "data"
    return None if service or scope["method"] in ("GET", "HEAD", "OPTIONS") else "data"


def _count_mails() -> int:
    return sum(len(mails) for mails in _list_mailboxes())


def _list_mailboxes() -> list[list[Any]]:
    from ministack.services import ses

    return [mails for mails in ses._sent_emails._data.values() if isinstance(mails, list)]


def _delete_mails() -> JsonObject:
    for mails in _list_mailboxes():
        mails.clear()
    return {}


def _get_pool(data: Mapping[str, Any]) -> JsonObject:
    from ministack.services import cognito

    pool: JsonObject | None = cognito._user_pools.get(data.get("user_pool_id"))
    if pool is None:
        raise OperationRejected("The user pool does not exist.")
    return pool


def _issue_tokens(data: Mapping[str, Any]) -> JsonObject:
    """Return the tokens of a sign-in without the user's password. Cognito has no such operation."""
    from ministack.services import cognito

    pool = _get_pool(data)
    user, _ = cognito._resolve_user(pool, data.get("username"))
    if user is None:
        raise OperationRejected("The user does not exist.")
    is_for_console = bool(data.get("in_any_state"))
    if not is_for_console:
        _require_sign_in_state(user)
    # With an id, the sign-in is not stored in the user. The console makes one for each view.
    origin = cognito.new_uuid() if is_for_console else ""
    tokens: JsonObject = cognito._build_auth_result(pool["Id"], data.get("client_id"), user, origin_jti=origin)
    return tokens


def _require_sign_in_state(user: Mapping[str, Any]) -> None:
    if not user.get("Enabled", True):
        raise OperationRejected("The user is disabled. Enable the user first.")
    if reason := _NOT_SIGNED_IN.get(user["UserStatus"]):
        raise OperationRejected(reason)


def _import_users(data: Mapping[str, Any]) -> JsonObject:
    """Replace the users of the user pool."""
    pool = _get_pool(data)
    pool["_users"] = data["users"]
    pool["EstimatedNumberOfUsers"] = len(data["users"])
    return {}


def _export_object(data: Mapping[str, Any]) -> JsonObject:
    """Return an object with its tags. A request to S3 is rejected if the bucket policy denies reads of the object."""
    from ministack.services import s3

    bucket, key = data.get("bucket"), data.get("key")
    status, headers, content = s3._get_object(bucket, key, {})
    if status != HTTPStatus.OK:
        raise OperationRejected("The object does not exist.")
    values = {name.lower(): value for name, value in headers.items()}
    return {
        "key": key,
        "content_type": values["content-type"],
        "metadata": {name.removeprefix(_META): text for name, text in values.items() if name.startswith(_META)},
        "content": base64.b64encode(content).decode(),
        "tags": s3.object_tags_for_condition(bucket, key, {}),
    }


def _import_tags(data: Mapping[str, Any]) -> JsonObject:
    """Set the tags of an object version. A request to S3 is rejected, because only the scanner may tag files."""
    from ministack.services import s3

    bucket, key, version_id = data.get("bucket"), data.get("key"), data.get("version_id")
    s3._object_tags[(bucket, key, version_id)] = data["tags"]
    s3._persist_version_state(bucket, key, s3._buckets[bucket])
    return {}


async def _read_body(receive: Any) -> bytes:
    parts: list[bytes] = []
    is_complete = False
    while not is_complete:
        message = await receive()
        parts.append(message.get("body", b""))
        is_complete = not message.get("more_body")
    return b"".join(parts)


async def _send_json(send: Any, status: HTTPStatus, content: JsonObject) -> None:
    from ministack.core.persistence import _json_default

    body = json.dumps(content, default=_json_default).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
