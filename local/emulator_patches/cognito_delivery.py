"""The address that an answer names as the destination of a code, as Cognito masks it.

MiniStack 1.5.33 answers a SignUp with the whole address, and masks others with four asterisks instead of three.
tests/integration/test_plain_cognito.py fails when MiniStack does this itself.
"""

import functools
import json
from collections.abc import Callable
from typing import Any

Response = tuple[int, dict[str, str], bytes]
Request = dict[str, Any]


def install() -> None:
    """Replace MiniStack's functions. It looks them up in its module at each request."""
    from ministack.services import cognito

    cognito._masked_destination = mask
    cognito._sign_up = _with_masked_destination(cognito._sign_up)


def mask(address: str) -> str:
    """Return j***@e*** for jane@example.com."""
    local, at, domain = (address or "").partition("@")
    return f"{local[:1]}***@{domain[:1]}***" if at else "***"


def _with_masked_destination(sign_up: Callable[[Request], Response]) -> Callable[[Request], Response]:
    @functools.wraps(sign_up)
    def wrapped(data: Request) -> Response:
        status, headers, body = sign_up(data)
        answer = json.loads(body)
        if "CodeDeliveryDetails" not in answer:
            return status, headers, body
        answer["CodeDeliveryDetails"]["Destination"] = mask(answer["CodeDeliveryDetails"]["Destination"])
        return status, headers, json.dumps(answer).encode()

    return wrapped
