"""The challenges of a sign-in after the password, with Cognito's rules.

MiniStack 1.5.33 accepts a response to a challenge with any session. It accepts a code of an authenticator app twice,
and enables an app as soon as it is registered. This patch adds these rules:

- A response needs the session of its challenge. A session can be used once, within the client's AuthSessionValidity.
- A new password must meet the user pool's policy.
- A code can be used once. Only SetUserMFAPreference enables a second factor, and only if it is registered.

tests/integration/test_plain_cognito.py fails when MiniStack has these rules.
"""

import functools
import json
from collections.abc import Callable
from typing import Any, Final

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]
Handler = Callable[[Request], Response]
Pool = dict[str, Any]
User = dict[str, Any]

_CHALLENGES: Final = ("SOFTWARE_TOKEN_MFA", "NEW_PASSWORD_REQUIRED", "MFA_SETUP")
_FACTORS: Final = {
    "SoftwareTokenMfaSettings": "SOFTWARE_TOKEN_MFA",
    "SMSMfaSettings": "SMS_MFA",
    "EmailMfaSettings": "EMAIL_OTP",
}
_USED_CODE: Final = "_totp_used"  # key in a user: the last code that was accepted


def install() -> None:
    """Wrap MiniStack's handlers. MiniStack looks up the handlers in its module at each request."""
    from ministack.services import cognito

    cognito._password_auth_result = _with_session(cognito._password_auth_result)
    cognito._respond_to_auth_challenge = _with_session_required(cognito._respond_to_auth_challenge)
    cognito._verify_software_token = _without_enabling(cognito._verify_software_token)
    cognito._set_user_mfa_preference = _with_registration_required(cognito._set_user_mfa_preference)


def _with_session(password_result: Callable[..., Response]) -> Callable[..., Response]:
    """Create a session for the user of a challenge."""
    from ministack.services import cognito

    @functools.wraps(password_result)
    def wrapped(pool: Pool, pool_id: str, client_id: str, user: User, *arguments: Any, **keywords: Any) -> Response:
        response = password_result(pool, pool_id, client_id, user, *arguments, **keywords)
        body = json.loads(response[2])
        if "ChallengeName" in body:
            token, session = cognito._create_challenge_session(pool_id, client_id, user["Username"])
            del cognito._challenge_sessions[token]
            cognito._challenge_sessions[body["Session"]] = {**session, "challenge": body["ChallengeName"]}
        return response

    return wrapped


def _with_session_required(respond: Handler) -> Handler:
    from ministack.services import cognito

    @functools.wraps(respond)
    def wrapped(data: Request) -> Response:
        if data.get("ChallengeName") not in _CHALLENGES:
            return respond(data)
        pool, _ = cognito._pool_for_client(data.get("ClientId"))
        responses = data.get("ChallengeResponses") or {}
        user = (cognito._resolve_user(pool, responses.get("USERNAME"))[0] if pool else None) or {}
        error = find_session_error(data, user) or _find_response_error(data["ChallengeName"], pool, user, responses)
        if error:
            return error
        response = respond(data)
        if response[0] == 200:
            cognito._challenge_sessions[data["Session"]]["used"] = True
            user[_USED_CODE] = responses.get("SOFTWARE_TOKEN_MFA_CODE") or user.get(_USED_CODE)
        return response

    return wrapped


def find_session_error(data: Request, user: User) -> Response | None:
    """Return the error for a session that does not belong to the challenge, client and user of the request, or None."""
    from ministack.services import cognito

    session, reason = cognito._get_challenge_session(data.get("Session"))
    if session is None:
        expired = ", session is expired" if "expired" in reason else ""
        return _not_authorized(f"Invalid session for the user{expired}.")
    expected = (data.get("ChallengeName"), data.get("ClientId"), user.get("Username"))
    if (session.get("challenge"), session["client_id"], session["username"]) != expected:
        return _not_authorized("Invalid session for the user.")
    if session.get("used"):
        return _not_authorized("Invalid session for the user, session can only be used once.")
    return None


def _find_response_error(challenge: str, pool: Pool, user: User, responses: dict[str, str]) -> Response | None:
    from ministack.services import cognito

    if challenge == "NEW_PASSWORD_REQUIRED":
        return cognito._validate_password(pool, responses.get("NEW_PASSWORD", ""))  # type: ignore[no-any-return]
    code = responses.get("SOFTWARE_TOKEN_MFA_CODE")
    if code and code == user.get(_USED_CODE):
        message = "Your software token has already been used once."
        return cognito.error_response_json("ExpiredCodeException", message, 400)  # type: ignore[no-any-return]
    return None


def _without_enabling(verify: Handler) -> Handler:
    """Restore the preference after VerifySoftwareToken: it registers an authenticator app, but does not enable it."""
    from ministack.services import cognito

    @functools.wraps(verify)
    def wrapped(data: Request) -> Response:
        user = cognito._user_for_access_token(data.get("AccessToken"))
        before = (list(user.get("_mfa_enabled", [])), user.get("_preferred_mfa", "")) if user else None
        response = verify(data)
        if before and response[0] == 200:
            user["_mfa_enabled"], user["_preferred_mfa"] = before
            user[_USED_CODE] = data.get("UserCode")
        return response

    return wrapped


def _with_registration_required(set_preference: Handler) -> Handler:
    from ministack.services import cognito

    @functools.wraps(set_preference)
    def wrapped(data: Request) -> Response:
        user = cognito._user_for_access_token(data.get("AccessToken")) or {}
        for settings, factor in _FACTORS.items():
            registered = factor == "SOFTWARE_TOKEN_MFA" and user.get("_totp_secret")
            if (data.get(settings) or {}).get("Enabled") and not registered:
                message = f"User does not have delivery config set to turn on {factor}"
                return cognito.error_response_json("InvalidParameterException", message, 400)  # type: ignore[no-any-return]
        return set_preference(data)

    return wrapped


def _not_authorized(message: str) -> Response:
    from ministack.services import cognito

    return cognito.error_response_json("NotAuthorizedException", message, 400)  # type: ignore[no-any-return]
