"""JSON Web Tokens put together by hand, without a library that would reject their claims."""

import base64
import json
from typing import Any


def encode_base64url(content: bytes) -> str:
    """Encode bytes as a JWT does: base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def encode_segment(value: dict[str, Any]) -> str:
    """Encode a header or claims as a segment of a JWT."""
    return encode_base64url(json.dumps(value).encode())


def encode_unsigned_token(claims: dict[str, Any], signature: str = "", **header: str) -> str:
    """Return a JWT with these claims and a signature that is not valid; empty by default (RFC 7519, section 6)."""
    return f"{encode_segment(header)}.{encode_segment(claims)}.{signature}"
