"""What MiniStack 1.5.33 lacks of Cognito's triggers. tests/integration/test_emulator.py tells when it does not.

- PostConfirmation, and the verified address before it: the three calls that fire it on AWS are wrapped.
- PostAuthentication, where a sign-in by password ends in tokens, with or without a further challenge.
- PreSignUp for AdminCreateUser, and the text in which AWS passes a refusal on.

It also looks a user up again when a sign-up in another thread has disturbed it, which MiniStack answers with a 500.
"""

import ast
import functools
from collections.abc import Callable
from typing import Any, Final

Answer = tuple[int, dict[str, str], bytes]
Call = Callable[[dict[str, Any]], Answer]
User = dict[str, Any]

SIGN_UP: Final = "PostConfirmation_ConfirmSignUp"
FORGOT_PASSWORD: Final = "PostConfirmation_ConfirmForgotPassword"
_LOOKS: Final = 100
_NO_CLIENT: Final = "CLIENT_ID_NOT_APPLICABLE"  # what AWS puts there for an admin's call


def install() -> None:
    """Wrap MiniStack's handlers. It looks them up in its module at each request."""
    from ministack.services import cognito

    cognito._resolve_user = _again(cognito._resolve_user)
    for name, source in (
        ("_confirm_sign_up", SIGN_UP),
        ("_admin_confirm_sign_up", SIGN_UP),
        ("_confirm_forgot_password", FORGOT_PASSWORD),
    ):
        setattr(cognito, name, _firing(getattr(cognito, name), source))
    cognito._apply_presignup_trigger = _saying_why(cognito._apply_presignup_trigger)
    cognito._password_auth_result = _told_of(cognito._password_auth_result)
    cognito._respond_to_auth_challenge = _with_post_authentication(cognito._respond_to_auth_challenge)
    cognito._admin_create_user = _checked_first(cognito._admin_create_user)


def _again(look_up: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(look_up)
    def wrapped(*arguments: Any) -> Any:
        for _ in range(_LOOKS):
            try:
                return look_up(*arguments)
            except RuntimeError:  # dictionary changed size during iteration
                continue
        return look_up(*arguments)

    return wrapped


def _saying_why(apply: Callable[..., Any]) -> Callable[..., Any]:
    """MiniStack's own trigger, its refusal worded as AWS words it."""
    from ministack.services import cognito

    @functools.wraps(apply)
    def wrapped(*arguments: Any, **keywords: Any) -> Any:
        try:
            return apply(*arguments, **keywords)
        except cognito._PreSignUpRejected as exc:
            reason = ast.literal_eval(str(exc)) if str(exc).startswith("{") else {"errorMessage": str(exc)}
            text = f"PreSignUp failed with error {reason['errorMessage']}."
            raise cognito._PreSignUpRejected(text) from exc

    return wrapped


def _checked_first(create: Call) -> Call:
    """AdminCreateUser behind the PreSignUp trigger; sending an invitation again makes no user."""
    from ministack.services import cognito

    @functools.wraps(create)
    def wrapped(data: dict[str, Any]) -> Answer:
        attributes = cognito._attr_list_to_dict(data.get("UserAttributes", []))
        attributes.setdefault("email", data.get("Username"))
        if data.get("MessageAction") != "RESEND":
            try:
                cognito._apply_presignup_trigger(
                    data.get("UserPoolId"), _NO_CLIENT, data.get("Username"), attributes, "PreSignUp_AdminCreateUser"
                )
            except cognito._PreSignUpRejected as exc:
                return cognito.error_response_json("UserLambdaValidationException", str(exc), 400)  # type: ignore[no-any-return]
        return create(data)

    return wrapped


def _firing(call: Call, source: str) -> Call:
    @functools.wraps(call)
    def wrapped(data: dict[str, Any]) -> Answer:
        was_confirmed = _status(data) == "CONFIRMED"
        answer = call(data)
        if answer[0] != 200 or (source == SIGN_UP and was_confirmed):
            return answer
        pool, user = _pool_and_user(data)
        if source == SIGN_UP and "ClientId" in data:  # an admin confirms a person, not their address
            _verify_contact(pool, user)
        return _fire("PostConfirmation", pool, _event(pool, user, source, data)) or answer

    return wrapped


def _told_of(result: Callable[..., Answer]) -> Callable[..., Answer]:
    """The end of a sign-in by password; with a further challenge it is not the end yet."""

    @functools.wraps(result)
    def wrapped(pool: dict[str, Any], pid: str, cid: str, user: User, *rest: Any, **more: Any) -> Answer:
        answer = result(pool, pid, cid, user, *rest, **more)
        if answer[0] != 200 or b"AuthenticationResult" not in answer[2]:
            return answer
        return _fire_post_authentication(pool, user, cid) or answer

    return wrapped


def _with_post_authentication(respond: Call) -> Call:
    """Fire after the answer to a further challenge. After a password, _told_of does."""

    @functools.wraps(respond)
    def wrapped(data: dict[str, Any]) -> Answer:
        answer = respond(data)
        if (
            data.get("ChallengeName") == "PASSWORD_VERIFIER"
            or answer[0] != 200
            or b"AuthenticationResult" not in answer[2]
        ):
            return answer
        pool, user = _pool_and_user({**data, "Username": data["ChallengeResponses"]["USERNAME"]})
        return _fire_post_authentication(pool, user, data["ClientId"]) or answer

    return wrapped


def _fire_post_authentication(pool: dict[str, Any], user: User, client_id: str) -> Answer | None:
    event = _event(pool, user, "PostAuthentication_Authentication", {"ClientId": client_id})
    event["request"]["newDeviceUsed"] = False
    return _fire("PostAuthentication", pool, event)


def _fire(trigger: str, pool: dict[str, Any], event: dict[str, Any]) -> Answer | None:
    """Run the pool's function for a trigger, if it has one; the error that the client gets if it fails."""
    from ministack.services import cognito

    function = (pool.get("LambdaConfig") or {}).get(trigger)
    failure = _invoke(function, event) if function else None
    if failure is None:
        return None
    message = f"{trigger} failed with error {failure}."
    return cognito.error_response_json("UserLambdaValidationException", message, 400)  # type: ignore[no-any-return]


def _pool_and_user(data: dict[str, Any]) -> tuple[dict[str, Any], User]:
    from ministack.services import cognito

    pool_id = data.get("UserPoolId") or cognito._pool_for_client(data.get("ClientId"))[1]
    pool = cognito._user_pools.get(pool_id) or {"_users": {}}
    user, _ = cognito._resolve_user(pool, data.get("Username"))
    return pool, user or {}


def _status(data: dict[str, Any]) -> str | None:
    return _pool_and_user(data)[1].get("UserStatus")


def _verify_contact(pool: dict[str, Any], user: User) -> None:
    """The code came back, so the address it was sent to is the user's."""
    from ministack.services import cognito

    if "email" in (pool.get("AutoVerifiedAttributes") or []):
        verified = [{"Name": "email_verified", "Value": "true"}]
        user["Attributes"] = cognito._merge_attributes(user["Attributes"], verified)


def _event(pool: dict[str, Any], user: User, source: str, data: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html"""
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
    """Run the function as MiniStack runs its own triggers; the error's text if it failed."""
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
