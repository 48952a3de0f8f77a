"""The operation AdminDeleteUserAttributes, which MiniStack 1.5.33 lacks.

tests/integration/test_plain_cognito.py fails when MiniStack has it.
"""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]


def install() -> None:
    """Add the operation. MiniStack looks up its dispatcher in its module at each request."""
    from ministack.services import cognito

    cognito._dispatch_idp = _with_delete_attributes(cognito._dispatch_idp)


def _with_delete_attributes(
    dispatch: Callable[[str, Request], Awaitable[Response]],
) -> Callable[[str, Request], Awaitable[Response]]:
    @functools.wraps(dispatch)
    async def wrapped(action: str, data: Request) -> Response:
        if action == "AdminDeleteUserAttributes":
            return delete_attributes(data)
        return await dispatch(action, data)

    return wrapped


def delete_attributes(data: Request) -> Response:
    """Handle AdminDeleteUserAttributes. Attributes that the user does not have are ignored."""
    from ministack.services import cognito

    pool, error = cognito._resolve_pool(data.get("UserPoolId"))
    if error:
        return error  # type: ignore[no-any-return]
    user, error = cognito._resolve_user(pool, data.get("Username"))
    if error:
        return error  # type: ignore[no-any-return]
    names = set(data.get("UserAttributeNames") or [])
    user["Attributes"] = [pair for pair in user["Attributes"] if pair["Name"] not in names]
    user["UserLastModifiedDate"] = cognito._now_epoch()
    return cognito.json_response({})  # type: ignore[no-any-return]
