"""Updates of a user's own attributes, with Cognito's rules.

MiniStack 1.5.33 changes an address immediately and does not verify it. This patch replaces or adds these operations:

- UpdateUserAttributes does not change an address until the user sends the code that was sent to the new address.
- GetUserAttributeVerificationCode, VerifyUserAttribute and DeleteUserAttributes, which MiniStack lacks.
- All of these, and SignUp, reject an attribute that the app client may not write.

tests/integration/test_plain_cognito.py fails when MiniStack has these rules.
"""

import functools
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]
Pool = dict[str, Any]
User = dict[str, Any]
Operation = Callable[[Pool, User, Request], dict[str, Any]]

VERIFICATION_CODE: Final = "123456"  # the same as for a sign-up
VERIFICATION_CODE_SECONDS: Final = 24 * 60 * 60
# Key in a user. Its value maps an attribute to the code that was sent, the time, and the value that the code verifies.
PENDING_CODES: Final = "_attribute_codes"
_CONTACT_ATTRIBUTES: Final = ("email", "phone_number")
_PHONE_NUMBER: Final = re.compile(r"\+[1-9][0-9]{1,14}")  # E.164
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


class CognitoError(Exception):
    """An error response of Cognito."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def install() -> None:
    """Replace MiniStack's handlers and add those that it lacks."""
    from ministack.services import cognito

    cognito._sign_up = _with_write_permission(cognito._sign_up)
    cognito._update_user_attributes = _for_token_user(update_attributes)
    cognito._dispatch_idp = _with_added_operations(
        cognito._dispatch_idp,
        {
            "DeleteUserAttributes": _for_token_user(delete_attributes),
            "GetUserAttributeVerificationCode": _for_token_user(send_verification_code),
            "VerifyUserAttribute": _for_token_user(verify_attribute),
        },
    )


def _with_added_operations(
    dispatch: Callable[[str, Request], Awaitable[Response]], operations: dict[str, Callable[[Request], Response]]
) -> Callable[[str, Request], Awaitable[Response]]:
    from ministack.services import cognito

    cognito._UNSIGNED_IDP_ACTIONS.update(operations)

    @functools.wraps(dispatch)
    async def wrapped(action: str, data: Request) -> Response:
        if action not in operations:
            return await dispatch(action, data)
        return await cognito.run_reentrant(  # type: ignore[no-any-return]
            cognito._run_idp_handler, operations[action], action, data, thread_name="ministack-cognito-trigger"
        )

    return wrapped


def _for_token_user(operation: Operation) -> Callable[[Request], Response]:
    """Return a handler that runs the operation for the user of the access token."""
    from ministack.services import cognito

    @functools.wraps(operation)
    def wrapped(data: Request) -> Response:
        user, pool = cognito._user_pool_for_access_token(data.get("AccessToken"))
        if user is None:
            return cognito.error_response_json("NotAuthorizedException", "Invalid Access Token", 400)  # type: ignore[no-any-return]
        try:
            result = operation(pool, user, data)
        except CognitoError as exc:
            return cognito.error_response_json(exc.code, str(exc), 400)  # type: ignore[no-any-return]
        user["UserLastModifiedDate"] = cognito._now_epoch()
        return cognito.json_response(result)  # type: ignore[no-any-return]

    return wrapped


def _with_write_permission(sign_up: Callable[[Request], Response]) -> Callable[[Request], Response]:
    from ministack.services import cognito

    @functools.wraps(sign_up)
    def wrapped(data: Request) -> Response:
        pool, _ = cognito._pool_for_client(data.get("ClientId"))
        names = [attribute["Name"] for attribute in data.get("UserAttributes") or []]
        try:
            require_writable(pool or {}, data.get("ClientId"), names)
        except CognitoError as exc:
            return cognito.error_response_json(exc.code, str(exc), 400)  # type: ignore[no-any-return]
        return sign_up(data)

    return wrapped


def update_attributes(pool: Pool, user: User, data: Request) -> dict[str, Any]:
    """Handle UpdateUserAttributes. An attribute that needs verification is unchanged until VerifyUserAttribute."""
    from ministack.services import cognito

    changes = cognito._attr_list_to_dict(data.get("UserAttributes") or [])
    require_writable(pool, _get_client_id(data), changes)
    blank = [
        name for name, value in changes.items() if value == ""
    ]  # an empty value deletes the attribute (API reference)
    _require_deletable(pool, blank)
    _check_formats(changes)
    current = _get_attributes(user)
    changed = [name for name in _CONTACT_ATTRIBUTES if changes.get(name) and changes[name] != current.get(name)]
    pending = [name for name in changed if name in _attributes_with_verification(pool)]
    for name in pending:
        _require_unused(pool, user, name, changes[name])
    deliveries = [_send_code(pool, user, name, changes.pop(name)) for name in pending]
    changes |= {f"{name}_verified": "false" for name in changed if name not in pending}
    user["Attributes"] = cognito._merge_attributes(user["Attributes"], cognito._dict_to_attr_list(changes))
    _delete_attributes(user, blank)
    return {"CodeDeliveryDetailsList": deliveries}


def send_verification_code(pool: Pool, user: User, data: Request) -> dict[str, Any]:
    """Handle GetUserAttributeVerificationCode: send a code to the pending address, otherwise to the current one.

    Raises CognitoError if the attribute cannot be verified or has no value.
    """
    name = data.get("AttributeName")
    if name not in _CONTACT_ATTRIBUTES:
        raise CognitoError(
            "InvalidParameterException", "Invalid attribute name. Only phone_number and email can be verified"
        )
    if name == "phone_number":
        raise CognitoError("InvalidParameterException", "User pool does not have SMS configuration to send messages.")
    issued = user.get(PENDING_CODES, {}).get(name)
    value = issued["value"] if issued else _get_attributes(user).get(name)
    if not value:
        raise CognitoError("InvalidParameterException", f"Attribute value for {name} must not be null")
    return {"CodeDeliveryDetails": _send_code(pool, user, name, value)}


def verify_attribute(pool: Pool, user: User, data: Request) -> dict[str, Any]:
    """Handle VerifyUserAttribute: set the value to which the code was sent, and mark it as verified.

    Raises CognitoError if the code is wrong or has expired, or if another user has the value.
    """
    from ministack.services import cognito

    name = data.get("AttributeName")
    issued = user.get(PENDING_CODES, {}).get(name)
    if not issued or cognito._now_epoch() - issued["sent_at"] > VERIFICATION_CODE_SECONDS:
        raise CognitoError("ExpiredCodeException", "Invalid code provided, please request a code again.")
    if data.get("Code") != issued["code"]:
        raise CognitoError("CodeMismatchException", "Invalid verification code provided, please try again.")
    _require_unused(pool, user, str(name), issued["value"])
    del user[PENDING_CODES][name]
    verified = [{"Name": name, "Value": issued["value"]}, {"Name": f"{name}_verified", "Value": "true"}]
    user["Attributes"] = cognito._merge_attributes(user["Attributes"], verified)
    return {}


def delete_attributes(pool: Pool, user: User, data: Request) -> dict[str, Any]:
    """Handle DeleteUserAttributes."""
    names = data.get("UserAttributeNames") or []
    require_writable(pool, _get_client_id(data), names)
    _require_deletable(pool, names)
    _delete_attributes(user, names)
    return {}


def require_writable(pool: Pool, client_id: str | None, names: Iterable[str]) -> None:
    """Raise CognitoError if the client may not write an attribute. No client may mark an address as verified."""
    allowed = ((pool.get("_clients") or {}).get(client_id) or {}).get("WriteAttributes")
    for name in names:
        if name in ("email_verified", "phone_number_verified") or (allowed and name not in allowed):
            raise CognitoError("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def _require_deletable(pool: Pool, names: Iterable[str]) -> None:
    required = {attribute["Name"] for attribute in pool.get("SchemaAttributes") or [] if attribute.get("Required")}
    for name in names:
        if name in required or name in (pool.get("UsernameAttributes") or []):
            raise CognitoError("InvalidParameterException", f"user.{name}: Required attribute cannot be deleted.")


def _require_unused(pool: Pool, user: User, name: str, value: str) -> None:
    from ministack.services import cognito

    owner, _ = cognito._resolve_user(pool, value)
    if owner is not None and owner is not user:
        label = name.replace("_", " ")
        raise CognitoError("AliasExistsException", f"An account with the given {label} already exists.")


def _check_formats(changes: dict[str, str]) -> None:
    if changes.get("phone_number") and not _PHONE_NUMBER.fullmatch(changes["phone_number"]):
        raise CognitoError("InvalidParameterException", "Invalid phone number format.")
    if changes.get("email") and not _EMAIL.fullmatch(changes["email"]):
        raise CognitoError("InvalidParameterException", "Invalid email address format.")


def _send_code(pool: Pool, user: User, name: str, value: str) -> dict[str, str]:
    """Send a code for this value by mail. Return the delivery details."""
    from ministack.services import cognito

    user.setdefault(PENDING_CODES, {})[name] = {
        "value": value,
        "code": VERIFICATION_CODE,
        "sent_at": cognito._now_epoch(),
    }
    cognito._send_verification_email(
        pool, user["Username"], {**_get_attributes(user), name: value}, VERIFICATION_CODE, name
    )
    return {"Destination": cognito._masked_destination(value), "DeliveryMedium": "EMAIL", "AttributeName": name}


def _delete_attributes(user: User, names: Iterable[str]) -> None:
    deleted = {*names, *(f"{name}_verified" for name in names)}
    user["Attributes"] = [attribute for attribute in user["Attributes"] if attribute["Name"] not in deleted]


def _attributes_with_verification(pool: Pool) -> list[str]:
    settings = pool.get("UserAttributeUpdateSettings") or {}
    return settings.get("AttributesRequireVerificationBeforeUpdate") or []


def _get_client_id(data: Request) -> str | None:
    from ministack.services import cognito

    client_id: str | None = cognito._token_claims(data.get("AccessToken")).get("client_id")
    return client_id


def _get_attributes(user: User) -> dict[str, str]:
    from ministack.services import cognito

    attributes: dict[str, str] = cognito._attr_list_to_dict(user["Attributes"])
    return attributes
