"""Values of profile fields: accepted in one spelling, or rejected by the rule of the field."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import UnprocessableContent
from chalicelib.core.validation import parse_body
from chalicelib.profiles.fields import MAX_AGE_YEARS, MAX_NAME_LENGTH, BloodGroup, Gender
from chalicelib.profiles.models import READ_ONLY_FIELDS, ProfileReplacement
from tests.support.data import PROFILE_BODY

TODAY = datetime.now(UTC).date()
NOT_STRINGS: list[Any] = [5, 5.5, True, [], {}, ["Male"]]


def years_ago(years: int) -> date:
    """Return this day of another year; 28 February for 29 February if that year has none."""
    try:
        return TODAY.replace(year=TODAY.year - years)
    except ValueError:
        return TODAY.replace(year=TODAY.year - years, day=28)


def parse_with(field: str, value: object) -> ProfileReplacement:
    return parse_body(ProfileReplacement, PROFILE_BODY | {field: value})


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", "  Ann  ", "Ann"),
        ("name", "জন ডো", "জন ডো"),
        ("name", "李小龍", "李小龍"),
        ("name", "نرگس\u200cخانم", "نرگس\u200cخانم"),  # a zero-width non-joiner is part of Persian spelling
        ("name", "שרה\u200f (Sarah)", "שרה\u200f (Sarah)"),
        ("name", "Јоhn", "Јоhn"),  # partly Cyrillic: look-alike letters are accepted
        ("name", "O'Connor-Šárka Jr.", "O'Connor-Šárka Jr."),
        ("name", "Zoe\u0308", "Zoë"),  # NFC
        ("name", "x" * MAX_NAME_LENGTH, "x" * MAX_NAME_LENGTH),
        ("dob", "1990-05-14", date(1990, 5, 14)),
        ("dob", "2000-02-29", date(2000, 2, 29)),
        ("dob", TODAY.isoformat(), TODAY),
        ("dob", years_ago(MAX_AGE_YEARS).isoformat(), years_ago(MAX_AGE_YEARS)),
        ("gender", "male", Gender.MALE),
        ("gender", "FEMALE", Gender.FEMALE),
        ("gender", "Other", Gender.OTHER),
        ("gender", "unknown", Gender.UNKNOWN),
        ("blood_group", "ab-", BloodGroup.AB_NEGATIVE),
        ("blood_group", "O+", BloodGroup.O_POSITIVE),
    ],
)
def test_valid_value_is_normalized(field: str, value: str, expected: object) -> None:
    assert getattr(parse_with(field, value), field) == expected


@pytest.mark.parametrize("group", list(BloodGroup))
def test_blood_group_may_have_any_case(group: BloodGroup) -> None:
    assert parse_with("blood_group", group.lower()).blood_group is group
    assert parse_with("blood_group", group.upper()).blood_group is group


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("name", "", "must not be empty"),
        ("name", "   ", "must not be empty"),
        ("name", "123", "must contain a letter"),
        ("name", "\u200b\u200d", "must not contain control or invisible characters"),
        ("name", "x" * (MAX_NAME_LENGTH + 1), f"must be at most {MAX_NAME_LENGTH} characters long"),
        ("name", "John\x00Doe", "must not contain control or invisible characters"),
        ("name", "John\nDoe", "must not contain control or invisible characters"),
        ("name", "John\u2028Doe", "must not contain control or invisible characters"),
        ("name", "John \u202eeoD", "must not contain control or invisible characters"),
        ("name", "John\u200b Doe", "must not contain control or invisible characters"),  # an invisible space
        ("name", "Jo\u00adhn", "must not contain control or invisible characters"),
        ("name", "\ufeffJohn", "must not contain control or invisible characters"),
        ("name", "John\u2068Doe\u2069", "must not contain control or invisible characters"),
        ("name", "\u200d\u200c", "must contain a letter"),
        ("dob", "", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "14.05.1990", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "1990-5-14", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "19900514", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "1990-05-14T00:00:00Z", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "1990-02-30", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "1999-02-29", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "0000-01-01", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", "١٩٩٠-٠٥-١٤", "must be an existing date in the format YYYY-MM-DD"),
        ("dob", (TODAY + timedelta(1)).isoformat(), "must not be in the future"),
        ("dob", "9999-12-31", "must not be in the future"),
        ("dob", (years_ago(MAX_AGE_YEARS) - timedelta(1)).isoformat(), "must be at most 130 years ago"),
        ("gender", "", "must be one of Male, Female, Other, Unknown"),
        ("gender", "M", "must be one of Male, Female, Other, Unknown"),
        ("gender", " Male", "must be one of Male, Female, Other, Unknown"),
        ("blood_group", "", "must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown"),
        ("blood_group", "C+", "must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown"),
        ("blood_group", "A\u2212", "must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown"),
        *[(field, value, "must be a string") for field in PROFILE_BODY for value in NOT_STRINGS],
    ],
)
def test_invalid_value_is_rejected_by_its_rule(field: str, value: object, rule: str) -> None:
    with pytest.raises(UnprocessableContent) as caught:
        parse_with(field, value)
    assert [(error.pointer, error.detail) for error in caught.value.errors] == [(f"/{field}", rule)]


@pytest.mark.long
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_value_of_any_type_is_parsed_or_rejected(value: object) -> None:
    for field in (*PROFILE_BODY, *READ_ONLY_FIELDS):
        try:
            parse_with(field, value)
        except UnprocessableContent as exc:
            assert [error.pointer for error in exc.errors] == [f"/{field}"]  # noqa: PT017
