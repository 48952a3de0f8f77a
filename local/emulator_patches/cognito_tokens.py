"""The attributes that an app client can read, and the time of the sign-in in its tokens.

MiniStack 1.5.33 includes every attribute in ID tokens and in the response of GetUser. It reports unverified addresses
as verified, and changes `auth_time` at a token refresh. With this patch, a client can read only its ReadAttributes, and
`auth_time` remains the time of the sign-in. tests/integration/test_plain_cognito.py fails when MiniStack does this.
"""

import functools
import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]

_signed_in_at: ContextVar[int | None] = ContextVar("_signed_in_at", default=None)


def install() -> None:
    """Wrap MiniStack's functions. MiniStack looks up the functions in its module at each request."""
    from ministack.services import cognito

    cognito._fake_token = _with_readable_claims(cognito._fake_token)
    cognito._get_user = _with_readable_attributes(cognito._get_user)
    cognito._refresh_auth_result = _with_sign_in_time(cognito._refresh_auth_result)
    cognito._signed_jwt = _with_original_auth_time(cognito._signed_jwt)


def _with_readable_claims(build: Callable[..., str]) -> Callable[..., str]:
    from ministack.services import cognito

    @functools.wraps(build)
    def wrapped(sub: str, pool_id: str, client_id: str, *arguments: Any, **keywords: Any) -> str:
        if keywords.get("user_attrs"):
            attributes = {"email_verified": "false", **keywords["user_attrs"]}
            pool = cognito._user_pools.get(pool_id) or {}
            keywords["user_attrs"] = {
                name: value for name, value in attributes.items() if _is_readable(pool, client_id, name)
            }
        return build(sub, pool_id, client_id, *arguments, **keywords)

    return wrapped


def _with_readable_attributes(get_user: Callable[[Request], Response]) -> Callable[[Request], Response]:
    from ministack.services import cognito

    @functools.wraps(get_user)
    def wrapped(data: Request) -> Response:
        response = get_user(data)
        if response[0] != 200:
            return response
        user = json.loads(response[2])
        client_id = cognito._token_claims(data["AccessToken"]).get("client_id")
        pool, _ = cognito._pool_for_client(client_id)
        attributes = user.pop("UserAttributes")
        user["UserAttributes"] = [pair for pair in attributes if _is_readable(pool, client_id, pair["Name"])]
        if not user["UserMFASettingList"]:
            del user["UserMFASettingList"], user["PreferredMfaSetting"]
        return cognito.json_response(user)  # type: ignore[no-any-return]

    return wrapped


def _is_readable(pool: dict[str, Any], client_id: str, name: str) -> bool:
    allowed = ((pool.get("_clients") or {}).get(client_id) or {}).get("ReadAttributes")
    return not allowed or name in ("sub", *allowed)


def _with_sign_in_time(refresh: Callable[..., Any]) -> Callable[..., Any]:
    """Set the time of the sign-in during a token refresh. It is the `iat` of the refresh token."""
    from ministack.services import cognito

    @functools.wraps(refresh)
    def wrapped(pool: Any, pool_id: Any, client_id: Any, refresh_token: Any) -> Any:
        token = _signed_in_at.set(cognito._token_claims(refresh_token).get("iat"))
        try:
            return refresh(pool, pool_id, client_id, refresh_token)
        finally:
            _signed_in_at.reset(token)

    return wrapped


def _with_original_auth_time(sign: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(sign)
    def wrapped(claims: dict[str, Any], *arguments: Any) -> str:
        signed_in_at = _signed_in_at.get()
        if signed_in_at is not None and "auth_time" in claims:
            claims = {**claims, "auth_time": signed_in_at}
        return sign(claims, *arguments)

    return wrapped
