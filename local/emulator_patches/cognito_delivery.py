"""Mask the address to which a code was sent, as Cognito does.

MiniStack 1.5.33 returns the whole address for SignUp, and uses four asterisks instead of three for other operations.
tests/integration/test_plain_cognito.py fails when MiniStack masks addresses like Cognito.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]


def install() -> None:
    """Replace MiniStack's functions. MiniStack looks up the functions in its module at each request."""
    from ministack.services import cognito

    cognito._masked_destination = mask_address
    cognito._sign_up = _with_masked_destination(cognito._sign_up)


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
