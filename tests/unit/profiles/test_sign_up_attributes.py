"""Attributes of a Cognito account as fields of a profile. Invalid attributes are left out and reported."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import FieldError
from chalicelib.profiles.fields import MAX_EMAIL_LENGTH, BloodGroup, Gender
from chalicelib.profiles.models import SignUpAttributes
from tests.support.data import sign_up_attributes

ATTRIBUTES = sign_up_attributes("jane@example.com")


def test_attributes_are_parsed_by_the_rules_of_a_profile() -> None:
    account = {"email_verified": "true", "sub": "x", "cognito:user_status": "CONFIRMED"}
    sign_up, errors = SignUpAttributes.parse_lenient({**ATTRIBUTES, **account})
    assert errors == []
    assert sign_up.model_dump() == {
        "email": "jane@example.com",
        "email_verified": True,
        "phone_number": "+8801898765432",
        "phone_number_verified": False,
        "name": "Jane Roe",
        "dob": date(1985, 1, 31),
        "gender": Gender.FEMALE,
        "blood_group": BloodGroup.O_NEGATIVE,
    }


def test_standard_attribute_does_not_replace_a_custom_one() -> None:
    sign_up, errors = SignUpAttributes.parse_lenient(
        {**ATTRIBUTES, "gender": "robot", "custom:gender": "robot", "dob": "never"}
    )
    assert (sign_up.gender, sign_up.dob) == (None, date(1985, 1, 31))
    assert [error.pointer for error in errors] == ["/custom:gender"]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("email", "no-address"),
        ("email", "a b@example.com"),
        ("email", "a@b@example.com"),
        ("email", "x" * MAX_EMAIL_LENGTH + "@example.com"),
        ("phone_number", "01712345678"),
        ("phone_number", "+0171234567"),
        ("phone_number", "+123456"),
        ("phone_number", "+1234567890123456"),
        ("phone_number", "+88 01712345678"),
        ("custom:dob", "never"),
        ("custom:gender", "M"),
        ("custom:blood_group", "Z"),
        ("name", "\x00"),
        ("email_verified", "perhaps"),
    ],
)
def test_invalid_attribute_is_left_out_and_reported(attribute: str, value: str) -> None:
    sign_up, errors = SignUpAttributes.parse_lenient({**ATTRIBUTES, attribute: value})
    assert [error.pointer for error in errors] == [f"/{attribute}"]
    expected, _ = SignUpAttributes.parse_lenient(
        {name: valid for name, valid in ATTRIBUTES.items() if name != attribute}
    )
    assert sign_up == expected


@pytest.mark.long
@given(
    st.dictionaries(
        st.sampled_from([*ATTRIBUTES, "email_verified", "locale", "gender", "dob", "blood_group"]), st.text()
    )
)
def test_attributes_with_any_values_are_parsed(attributes: dict[str, str]) -> None:
    _, errors = SignUpAttributes.parse_lenient(attributes)
    assert all(isinstance(error, FieldError) for error in errors)
