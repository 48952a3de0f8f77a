"""The claims of a token, as `chalice local` passes them to the application."""

from typing import Any

import pytest

from local.id_tokens import stringify_claims


@pytest.mark.parametrize(
    ("claim", "value", "expected"),
    [
        ("auth_time", 1587038744, "1587038744"),
        ("exp", 1587283574, "Sun Apr 19 08:06:14 UTC 2020"),
        ("iat", 1587279974, "Sun Apr 19 07:06:14 UTC 2020"),
        ("email_verified", True, "true"),
        ("cognito:groups", ["staff", "admin"], "staff,admin"),
        ("email", "jane@example.com", "jane@example.com"),
    ],
)
def test_claim_has_the_format_of_api_gateway(claim: str, value: Any, expected: str) -> None:
    assert stringify_claims({claim: value}) == {claim: expected}
