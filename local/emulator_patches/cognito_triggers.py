"""Cognito triggers that MiniStack 1.5.33 lacks. tests/integration/test_emulator.py fails when it has them.

- PostConfirmation, and the verified address before it. AWS runs it for three operations, which are wrapped here.
- PostAuthentication, if a sign-in by password returns tokens, with or without a further challenge.
- PreSignUp for AdminCreateUser, and AWS's text for a rejected sign-up.

This patch also repeats the lookup of a user if a concurrent sign-up has disturbed it. MiniStack would return a 500.
"""

import ast
import functools
from collections.abc import Callable
from typing import Any, Final

HandlerResult = tuple[int, dict[str, str], bytes]
Handler = Callable[[dict[str, Any]], HandlerResult]
User = dict[str, Any]

SIGN_UP: Final = "PostConfirmation_ConfirmSignUp"
FORGOT_PASSWORD: Final = "PostConfirmation_ConfirmForgotPassword"
_MAX_LOOKUPS: Final = 100
_NO_CLIENT: Final = "CLIENT_ID_NOT_APPLICABLE"  # AWS's client id in the event of an administrator's operation


def install() -> None:
    """Wrap MiniStack's handlers. MiniStack looks up the handlers in its module at each request."""
    from ministack.services import cognito

    cognito._resolve_user = _retry_lookup(cognito._resolve_user)
    for name, source in (
        ("_confirm_sign_up", SIGN_UP),
        ("_admin_confirm_sign_up", SIGN_UP),
        ("_confirm_forgot_password", FORGOT_PASSWORD),
    ):
        setattr(cognito, name, _with_post_confirmation(getattr(cognito, name), source))
    cognito._apply_presignup_trigger = _with_aws_error_text(cognito._apply_presignup_trigger)
    cognito._password_auth_result = _with_post_authentication(cognito._password_auth_result)
    cognito._respond_to_auth_challenge = _with_post_authentication_after_challenge(cognito._respond_to_auth_challenge)
    cognito._admin_create_user = _with_pre_sign_up(cognito._admin_create_user)


def _retry_lookup(look_up: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(look_up)
    def wrapped(*arguments: Any) -> Any:
        for _ in range(_MAX_LOOKUPS):
            try:
                return look_up(*arguments)
            except RuntimeError:  # dictionary changed size during iteration
                continue
        return look_up(*arguments)

    return wrapped


def _with_aws_error_text(apply_trigger: Callable[..., Any]) -> Callable[..., Any]:
    """Run MiniStack's PreSignUp trigger. Reject a sign-up with the text that AWS uses."""
    from ministack.services import cognito

    @functools.wraps(apply_trigger)
    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        try:
            return apply_trigger(*arguments, **keywords)
        except cognito._PreSignUpRejected as exc:
            reason = ast.literal_eval(str(exc)) if str(exc).startswith("{") else {"errorMessage": str(exc)}
            text = f"PreSignUp failed with error {reason['errorMessage']}."
            raise cognito._PreSignUpRejected(text) from exc

    return wrapped


def _with_pre_sign_up(create_user: Handler) -> Handler:
    """Run PreSignUp before AdminCreateUser, unless the request only resends an invitation."""
    from ministack.services import cognito

    @functools.wraps(create_user)
    def wrapped(data: dict[str, Any]) -> HandlerResult:
        attributes = cognito._attr_list_to_dict(data.get("UserAttributes", []))
        attributes.setdefault("email", data.get("Username"))
        if data.get("MessageAction") != "RESEND":
            try:
                cognito._apply_presignup_trigger(
                    data.get("UserPoolId"), _NO_CLIENT, data.get("Username"), attributes, "PreSignUp_AdminCreateUser"
                )
            except cognito._PreSignUpRejected as exc:
                return cognito.error_response_json("UserLambdaValidationException", str(exc), 400)  # type: ignore[no-any-return]
        return create_user(data)

    return wrapped


def _with_post_confirmation(confirm: Handler, source: str) -> Handler:
    @functools.wraps(confirm)
    def wrapped(data: dict[str, Any]) -> HandlerResult:
        was_confirmed = _get_status(data) == "CONFIRMED"
        result = confirm(data)
        if result[0] != 200 or (source == SIGN_UP and was_confirmed):
            return result
        pool, user = _find_pool_and_user(data)
        if source == SIGN_UP and "ClientId" in data:  # an administrator confirms the user, but not the address
            _verify_email(pool, user)
        return _run_trigger("PostConfirmation", pool, _build_event(pool, user, source, data)) or result

    return wrapped


def _with_post_authentication(build_result: Callable[..., HandlerResult]) -> Callable[..., HandlerResult]:
    """Run PostAuthentication after a sign-in by password, unless a further challenge follows."""

    @functools.wraps(build_result)
    def wrapped(
        pool: dict[str, Any], pid: str, cid: str, user: User, *arguments: Any, **keywords: Any
    ) -> HandlerResult:
        result = build_result(pool, pid, cid, user, *arguments, **keywords)
        if not _has_tokens(result):
            return result
        return _run_post_authentication(pool, user, cid) or result

    return wrapped


def _with_post_authentication_after_challenge(respond: Handler) -> Handler:
    """Run PostAuthentication after a further challenge. _with_post_authentication runs it after the password."""

    @functools.wraps(respond)
    def wrapped(data: dict[str, Any]) -> HandlerResult:
        result = respond(data)
        if data.get("ChallengeName") == "PASSWORD_VERIFIER" or not _has_tokens(result):
            return result
        pool, user = _find_pool_and_user({**data, "Username": data["ChallengeResponses"]["USERNAME"]})
        return _run_post_authentication(pool, user, data["ClientId"]) or result

    return wrapped


def _has_tokens(result: HandlerResult) -> bool:
    return result[0] == 200 and b"AuthenticationResult" in result[2]


def _run_post_authentication(pool: dict[str, Any], user: User, client_id: str) -> HandlerResult | None:
    event = _build_event(pool, user, "PostAuthentication_Authentication", {"ClientId": client_id})
    event["request"]["newDeviceUsed"] = False
    return _run_trigger("PostAuthentication", pool, event)


def _run_trigger(trigger: str, pool: dict[str, Any], event: dict[str, Any]) -> HandlerResult | None:
    """Run the function of a trigger if the user pool has one. Return the client's error response if it fails."""
    from ministack.services import cognito

    function = (pool.get("LambdaConfig") or {}).get(trigger)
    error = _invoke(function, event) if function else None
    if error is None:
        return None
    message = f"{trigger} failed with error {error}."
    return cognito.error_response_json("UserLambdaValidationException", message, 400)  # type: ignore[no-any-return]


def _find_pool_and_user(data: dict[str, Any]) -> tuple[dict[str, Any], User]:
    from ministack.services import cognito

    pool_id = data.get("UserPoolId") or cognito._pool_for_client(data.get("ClientId"))[1]
    pool = cognito._user_pools.get(pool_id) or {"_users": {}}
    user, _ = cognito._resolve_user(pool, data.get("Username"))
    return pool, user or {}


def _get_status(data: dict[str, Any]) -> str | None:
    return _find_pool_and_user(data)[1].get("UserStatus")


def _verify_email(pool: dict[str, Any], user: User) -> None:
    """Mark the address as verified: the user has received the code that was sent to it."""
    from ministack.services import cognito

    if "email" in (pool.get("AutoVerifiedAttributes") or []):
        verified = [{"Name": "email_verified", "Value": "true"}]
        user["Attributes"] = cognito._merge_attributes(user["Attributes"], verified)


def _build_event(pool: dict[str, Any], user: User, source: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return the event of a trigger.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html
    """
    from ministack.services import cognito

    attributes = cognito._attr_list_to_dict(user["Attributes"])
    request: dict[str, Any] = {"userAttributes": {**attributes, "cognito:user_status": user["UserStatus"]}}
    if data.get("ClientMetadata"):
        request["clientMetadata"] = data["ClientMetadata"]
    return {
        "version": "1",
        "region": cognito._pool_region(pool["Id"]),
        "userPoolId": pool["Id"],
        "userName": user["Username"],
        "callerContext": {
            "awsSdkVersion": "aws-sdk-unknown-unknown",
            "clientId": data.get("ClientId", _NO_CLIENT),
        },
        "triggerSource": source,
        "request": request,
        "response": {},
    }


def _invoke(function_arn: str, event: dict[str, Any]) -> str | None:
    """Run the function as MiniStack runs its own triggers. Return the error's text if it fails."""
    from ministack.services import lambda_svc

    record, config, _ = lambda_svc._get_func_record_for_ref(function_arn)
    if record is None or config is None:
        return "function not found"
    execution = lambda_svc._execution_record_for_config(record, config)
    result = lambda_svc._execute_function_with_config_scope(execution, event)
    body = result.get("body")
    if result.get("error"):
        return str(body.get("errorMessage")) if isinstance(body, dict) else str(body)
    return None if isinstance(body, dict) and "triggerSource" in body else "unrecognizable lambda output"
