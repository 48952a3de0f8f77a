"""Find accounts by address regardless of case, and send codes only to the accounts that Cognito sends codes to.

MiniStack 1.5.33 treats Jane@example.com and jane@example.com as different users, regardless of the user pool's
UsernameConfiguration. It also sends codes to users that Cognito does not send codes to.
tests/integration/test_plain_cognito.py fails when MiniStack behaves like Cognito.
"""

import functools
from collections.abc import Callable
from typing import Any

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]
Handler = Callable[[Request], Response]
Pool = dict[str, Any]


def install() -> None:
    """Wrap MiniStack's functions. MiniStack looks up the functions in its module at each request."""
    from ministack.services import cognito

    cognito._resolve_user = _with_case_insensitive_email(cognito._resolve_user)
    cognito._resend_confirmation_code = _for_unconfirmed_users_only(cognito._resend_confirmation_code)
    cognito._forgot_password = _for_verified_addresses_only(cognito._forgot_password)


def _with_case_insensitive_email(resolve: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(resolve)
    def wrapped(pool: Pool, username: Any) -> Any:
        user, error = resolve(pool, username)
        if user is None and "@" in str(username) and _is_case_insensitive(pool):
            user = _find_by_email(pool, username.casefold())
        return (user, None) if user is not None else (None, error)

    return wrapped


def _is_case_insensitive(pool: Pool) -> bool:
    by_email = "email" in (pool.get("UsernameAttributes") or [])
    return by_email and (pool.get("UsernameConfiguration") or {}).get("CaseSensitive") is False


def _find_by_email(pool: Pool, email: str) -> dict[str, Any] | None:
    for user in list(pool["_users"].values()):  # a copy, because concurrent sign-ups change the dictionary
        for pair in user["Attributes"]:
            if pair["Name"] == "email" and pair["Value"].casefold() == email:
                return user  # type: ignore[no-any-return]
    return None


def _for_unconfirmed_users_only(resend: Handler) -> Handler:
    from ministack.services import cognito

    @functools.wraps(resend)
    def wrapped(data: Request) -> Response:
        _, user = _find_pool_and_user(data)
        if user and user["UserStatus"] != "UNCONFIRMED":
            return cognito.error_response_json("InvalidParameterException", "User is already confirmed.", 400)  # type: ignore[no-any-return]
        return resend(data)

    return wrapped


def _for_verified_addresses_only(forgot_password: Handler) -> Handler:
    """Treat a user without a verified address as unknown, unless the client reveals whether users exist."""
    from ministack.services import cognito

    @functools.wraps(forgot_password)
    def wrapped(data: Request) -> Response:
        pool, user = _find_pool_and_user(data)
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


def _find_pool_and_user(data: Request) -> tuple[Pool, dict[str, Any] | None]:
    from ministack.services import cognito

    pool, _ = cognito._pool_for_client(data.get("ClientId"))
    if pool is None:
        return {}, None
    return pool, cognito._resolve_user(pool, data.get("Username"))[0]
