"""Codes of the embedded AWS: why each mail is sent, and random codes."""

from typing import Any

import pytest

from local.emulator_patches.cognito_attributes import PENDING_CODES
from local.emulator_patches.cognito_delivery import find_purpose, generate_code, store_code

PENDING = {"email": {"code": "123456", "value": "new@example.com"}}


def test_first_code_is_for_the_sign_up_and_the_next_is_resent() -> None:
    user: dict[str, Any] = {}
    assert [find_purpose(user, "email") for _ in range(3)] == ["sign-up", "resent-code", "resent-code"]


@pytest.mark.parametrize(
    ("user", "attribute", "purpose"),
    [
        ({}, "password", "password-reset"),
        ({PENDING_CODES: PENDING}, "email", "changed-address"),
        ({PENDING_CODES: {}}, "email", "sign-up"),
    ],
)
def test_purpose_of_a_code_is_known(user: dict[str, Any], attribute: str, purpose: str) -> None:
    assert find_purpose(dict(user), attribute) == purpose


def test_random_codes_have_six_digits_and_differ() -> None:
    codes = {generate_code() for _ in range(50)}
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert len(codes) > 40


@pytest.mark.parametrize(
    ("user", "attribute", "expected"),
    [
        ({}, "email", {"_confirmation_code": "777777"}),
        ({}, "password", {"_reset_code": "777777"}),
        (
            {PENDING_CODES: {"email": {"code": "123456"}}},
            "email",
            {PENDING_CODES: {"email": {"code": "777777"}}},
        ),
    ],
)
def test_random_code_replaces_the_fixed_one(user: dict[str, Any], attribute: str, expected: dict[str, Any]) -> None:
    store_code(user, "123456", "777777", attribute)
    assert user == expected
