"""How Cognito finds an account by its address, and which accounts get a code.

MiniStack 1.5.33 tells Jane@example.com from jane@example.com, whatever the pool's UsernameConfiguration says, and
sends codes to users that Cognito sends none. tests/integration/test_plain_cognito.py fails when MiniStack does this
itself.
"""

import functools
from collections.abc import Callable
from typing import Any

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]
Handler = Callable[[Request], Response]
Pool = dict[str, Any]


def install() -> None:
    """Wrap MiniStack's functions. It looks them up in its module at each request."""
    from ministack.services import cognito

    cognito._resolve_user = _in_any_case(cognito._resolve_user)
    cognito._resend_confirmation_code = _to_unconfirmed_users(cognito._resend_confirmation_code)
    cognito._forgot_password = _to_verified_addresses(cognito._forgot_password)


def _in_any_case(resolve: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(resolve)
    def wrapped(pool: Pool, username: Any) -> Any:
        user, error = resolve(pool, username)
        if user is None and "@" in str(username) and _ignores_case(pool):
            user = _find_by_email(pool, username.casefold())
        return (user, None) if user is not None else (None, error)

    return wrapped


def _ignores_case(pool: Pool) -> bool:
    by_email = "email" in (pool.get("UsernameAttributes") or [])
    return by_email and (pool.get("UsernameConfiguration") or {}).get("CaseSensitive") is False


def _find_by_email(pool: Pool, email: str) -> dict[str, Any] | None:
    for user in list(pool["_users"].values()):  # a copy: sign-ups in other threads add to it
        for pair in user["Attributes"]:
            if pair["Name"] == "email" and pair["Value"].casefold() == email:
                return user  # type: ignore[no-any-return]
    return None


def _to_unconfirmed_users(resend: Handler) -> Handler:
    from ministack.services import cognito

    @functools.wraps(resend)
    def wrapped(data: Request) -> Response:
        _, user = _pool_and_user(data)
        if user and user["UserStatus"] != "UNCONFIRMED":
            return cognito.error_response_json("InvalidParameterException", "User is already confirmed.", 400)  # type: ignore[no-any-return]
        return resend(data)

    return wrapped


def _to_verified_addresses(forgot_password: Handler) -> Handler:
    """Treat a user without a verified address as one who does not exist, unless the client reveals users."""
    from ministack.services import cognito

    @functools.wraps(forgot_password)
    def wrapped(data: Request) -> Response:
        pool, user = _pool_and_user(data)
        if user is None or _can_recover(user):
            return forgot_password(data)
        if cognito._hides_user_existence(pool, data.get("ClientId")):
            return cognito._code_delivery_response(cognito._masked_destination(data.get("Username")))  # type: ignore[no-any-return]
        message = "Cannot reset password for the user as there is no registered/verified email or phone_number"
        return cognito.error_response_json("InvalidParameterException", message, 400)  # type: ignore[no-any-return]

    return wrapped


def _can_recover(user: dict[str, Any]) -> bool:
    verified = {"Name": "email_verified", "Value": "true"} in user["Attributes"]
    return verified and user["UserStatus"] != "UNCONFIRMED" and bool(user.get("Enabled", True))


def _pool_and_user(data: Request) -> tuple[Pool, dict[str, Any] | None]:
    from ministack.services import cognito

    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    if pool is None:
        return {}, None
    return pool, cognito._resolve_user(pool, data.get("Username"))[0]
