"""The delivery of codes: masked addresses, as Cognito returns them, and random codes if RANDOM_CODES is set.

MiniStack 1.5.33 returns the whole address for SignUp, and uses four asterisks instead of three for other operations.
A test in tests/integration/test_plain_cognito.py fails when MiniStack masks addresses like Cognito.
MiniStack always sends the code 123456 for an address, and 654321 for a password reset.
"""

import functools
import json
import os
import secrets
from collections.abc import Callable
from typing import Any, Final

from local.emulator_patches.cognito_attributes import PENDING_CODES

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]

RANDOM_CODES_VARIABLE: Final = "RANDOM_CODES"
_CODE_DIGITS: Final = 6
_SIGN_UP_SENT: Final = "_sign_up_code_sent"  # key in a user


def install() -> None:
    """Replace MiniStack's functions. MiniStack looks up the functions in its module at each request."""
    from ministack.services import cognito

    cognito._masked_destination = mask_address
    cognito._sign_up = _with_masked_destination(cognito._sign_up)
    cognito._send_verification_email = _with_recorded_code(cognito._send_verification_email)
    cognito._deliver_invitation_email = _with_recorded_invitation(cognito._deliver_invitation_email)
    if os.environ.get(RANDOM_CODES_VARIABLE, "0") not in ("", "0"):
        cognito._send_verification_email = _with_random_code(cognito._send_verification_email)


def generate_code() -> str:
    """Return a random code of six digits."""
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"


def store_code(user: dict[str, Any], fixed_code: str, code: str, attribute: str) -> None:
    """Replace the code that MiniStack has issued to a user for an attribute, or for the attribute `password`."""
    pending = user.get(PENDING_CODES, {}).get(attribute)
    if attribute == "password":
        user["_reset_code"] = code
    elif pending and pending["code"] == fixed_code:
        pending["code"] = code
    else:
        user["_confirmation_code"] = code


def _with_random_code(send: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import cognito

    @functools.wraps(send)
    def wrapped(
        pool: dict[str, Any], username: str, attributes: dict[str, str], code: str, attribute_name: str = "email"
    ) -> Any:
        user, _ = cognito._resolve_user(pool, username)
        if user:
            new_code = generate_code()
            store_code(user, code, new_code, attribute_name)
            code = new_code
        return send(pool, username, attributes, code, attribute_name)

    return wrapped


def _with_recorded_code(send: Callable[..., Any]) -> Callable[..., Any]:
    """Record in each mail with a code why Cognito has sent it, for the web console."""
    from ministack.services import cognito

    @functools.wraps(send)
    def wrapped(
        pool: dict[str, Any], username: str, attributes: dict[str, str], code: str, attribute_name: str = "email"
    ) -> Any:
        message_id = send(pool, username, attributes, code, attribute_name)
        user = cognito._resolve_user(pool, username)[0] or {}
        record_purpose(message_id, find_purpose(user, attribute_name), code)
        return message_id

    return wrapped


def find_purpose(user: dict[str, Any], attribute: str) -> str:
    """Return the purpose of a mail with a code that is sent to the user now."""
    if attribute == "password":
        return "password-reset"
    if attribute in user.get(PENDING_CODES, {}):
        return "changed-address"
    if user.get(_SIGN_UP_SENT):
        return "resent-code"
    user[_SIGN_UP_SENT] = True
    return "sign-up"


def _with_recorded_invitation(deliver: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import cognito

    @functools.wraps(deliver)
    def wrapped(pool: dict[str, Any], username: str, *arguments: Any) -> Any:
        message_id = deliver(pool, username, *arguments)
        user = cognito._resolve_user(pool, username)[0] or {}
        record_purpose(message_id, "invitation", user.get("_password", ""))
        return message_id

    return wrapped


def record_purpose(message_id: str | None, purpose: str, code: str) -> None:
    """Add the purpose and the code to a mail that SES has recorded."""
    from ministack.services import ses

    for mail in reversed(ses._sent_emails_list()):
        if mail["MessageId"] == message_id:
            mail |= {"Purpose": purpose, "Code": code}
            return


def mask_address(address: str) -> str:
    """Return the masked address: j***@e*** for jane@example.com."""
    local, at, domain = (address or "").partition("@")
    return f"{local[:1]}***@{domain[:1]}***" if at else "***"


def _with_masked_destination(sign_up: Callable[[Request], Response]) -> Callable[[Request], Response]:
    @functools.wraps(sign_up)
    def wrapped(data: Request) -> Response:
        status, headers, body = sign_up(data)
        response = json.loads(body)
        if "CodeDeliveryDetails" not in response:
            return status, headers, body
        details = response["CodeDeliveryDetails"]
        details["Destination"] = mask_address(details["Destination"])
        return status, headers, json.dumps(response).encode()

    return wrapped
