from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import FieldError, Invalid
from chalicelib.models import OWNED_RULE, SERVER_OWNED, Profile, ProfileReplacement, SignUp, UploadRequest, parse
from chalicelib.values import EMAIL_MAX, NAME_MAX, OLDEST_YEARS, PICTURE_BYTES, BloodGroup, Gender, timestamp
from local.example import ATTRIBUTES as SEED

VALID = {"name": "John Doe", "dob": "1990-05-14", "gender": "Male", "blood_group": "A+"}
TODAY = datetime.now(UTC).date()


def years_ago(years: int) -> date:
    """The same day; 28 February for 29 February in a common year."""
    try:
        return TODAY.replace(year=TODAY.year - years)
    except ValueError:
        return TODAY.replace(year=TODAY.year - years, day=28)


def replacement(**fields: Any) -> ProfileReplacement:
    return parse(ProfileReplacement, VALID | fields)


def refusals(data: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse(ProfileReplacement, data)
    return {error.pointer: error.detail for error in caught.value.errors}


@pytest.mark.parametrize(
    ("field", "sent", "kept"),
    [
        ("name", "  Ann  ", "Ann"),
        ("name", "জন ডো", "জন ডো"),
        ("name", "李小龍", "李小龍"),
        ("name", "نرگس\u200cخانم", "نرگس\u200cخانم"),  # a zero-width non-joiner is part of Persian spelling
        ("name", "שרה\u200f (Sarah)", "שרה\u200f (Sarah)"),
        ("name", "Јоhn", "Јоhn"),  # partly Cyrillic: whose name looks like another's keeps it
        ("name", "O'Connor-Šárka Jr.", "O'Connor-Šárka Jr."),
        ("name", "Zoe\u0308", "Zoë"),  # NFC
        ("name", "x" * NAME_MAX, "x" * NAME_MAX),
        ("dob", "1990-05-14", date(1990, 5, 14)),
        ("dob", "2000-02-29", date(2000, 2, 29)),
        ("dob", TODAY.isoformat(), TODAY),
        ("dob", years_ago(OLDEST_YEARS).isoformat(), years_ago(OLDEST_YEARS)),
        ("gender", "male", Gender.MALE),
        ("gender", "FEMALE", Gender.FEMALE),
        ("gender", "Other", Gender.OTHER),
        ("gender", "unknown", Gender.UNKNOWN),
        ("blood_group", "ab-", BloodGroup.AB_NEGATIVE),
        ("blood_group", "O+", BloodGroup.O_POSITIVE),
    ],
)
def test_a_valid_value_is_kept_in_its_one_spelling(field: str, sent: str, kept: object) -> None:
    assert getattr(replacement(**{field: sent}), field) == kept


@pytest.mark.parametrize("group", list(BloodGroup))
def test_every_blood_group_is_read_in_either_case(group: BloodGroup) -> None:
    assert replacement(blood_group=group.lower()).blood_group is group
    assert replacement(blood_group=group.upper()).blood_group is group


NOT_A_TEXT: list[Any] = [5, 5.5, True, [], {}, ["Male"]]


@pytest.mark.parametrize(
    ("field", "sent", "rule"),
    [
        ("name", "", "must not be empty"),
        ("name", "   ", "must not be empty"),
        ("name", "123", "must contain a letter"),
        ("name", "\u200b\u200d", "must not contain control or invisible characters"),
        ("name", "x" * (NAME_MAX + 1), f"must be at most {NAME_MAX} characters long"),
        ("name", "John\x00Doe", "must not contain control or invisible characters"),
        ("name", "John\nDoe", "must not contain control or invisible characters"),
        ("name", "John\u2028Doe", "must not contain control or invisible characters"),
        ("name", "John \u202eeoD", "must not contain control or invisible characters"),
        ("name", "John\u200b Doe", "must not contain control or invisible characters"),  # a space that nobody sees
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
        ("dob", (years_ago(OLDEST_YEARS) - timedelta(1)).isoformat(), "must be at most 130 years ago"),
        ("gender", "", "must be one of Male, Female, Other, Unknown"),
        ("gender", "M", "must be one of Male, Female, Other, Unknown"),
        ("gender", " Male", "must be one of Male, Female, Other, Unknown"),
        ("blood_group", "", "must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown"),
        ("blood_group", "C+", "must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown"),
        ("blood_group", "A\u2212", "must be one of A+, A-, B+, B-, AB+, AB-, O+, O-, Unknown"),
        *[(field, value, "must be a string") for field in VALID for value in NOT_A_TEXT],
    ],
)
def test_a_wrong_value_is_refused_by_its_rule(field: str, sent: object, rule: str) -> None:
    assert refusals(VALID | {field: sent}) == {f"/{field}": rule}


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        (PICTURE_BYTES + 1, "must be at most 5 MiB (5242880 bytes)"),
        *[(size, "must be a number of bytes, 1 or more") for size in (0, -1, 1.5, True, "10", None)],
    ],
)
def test_upload_of_a_wrong_size_is_refused_by_its_rule(size: object, rule: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(UploadRequest, {"content_type": "image/png", "size": size})
    assert caught.value.errors == (FieldError("/size", rule),)


def test_every_wrong_field_is_named_at_once() -> None:
    body = {"name": "", "dob": "never", "gender": "M", "blood_group": None, "admin": True, "a/b~c": 1}
    assert list(refusals(body)) == ["/name", "/dob", "/gender", "/admin", "/a~1b~0c"]


@pytest.mark.parametrize("field", VALID)
def test_a_missing_field_is_refused(field: str) -> None:
    assert refusals({name: value for name, value in VALID.items() if name != field}) == {f"/{field}": "is required"}


@pytest.mark.parametrize("data", [[], [VALID], "text", 5, None, True])
def test_what_is_no_object_is_refused_as_a_whole(data: object) -> None:
    assert refusals(data) == {"": "must be a JSON object"}


@pytest.mark.parametrize("field", SERVER_OWNED)
@pytest.mark.parametrize("value", [{"nested": 1}, [1], 1.5])
def test_a_value_the_server_never_wrote_is_a_change_of_its_field(field: str, value: object) -> None:
    assert refusals(VALID | {field: value}) == {f"/{field}": OWNED_RULE}


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00", "soon"]
)
def test_a_time_outside_of_utc_is_refused_not_crashed_on(moment: str) -> None:
    assert refusals(VALID | {"updated_at": moment}) == {"/updated_at": OWNED_RULE}


def test_a_refusal_never_quotes_the_value() -> None:
    with pytest.raises(Invalid) as caught:
        parse(ProfileReplacement, VALID | {"dob": "secret-1", "name": "secret-2\x00", "email": ["secret-3"]})
    assert "secret" not in f"{caught.value.errors} {caught.value} {caught.value.__cause__}"


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_no_value_of_a_field_does_more_than_be_refused(value: object) -> None:
    for field in (*VALID, *SERVER_OWNED):
        try:
            parse(ProfileReplacement, VALID | {field: value})
        except Invalid as refused:
            assert [error.pointer for error in refused.errors] == [f"/{field}"]  # noqa: PT017


def test_what_get_answers_can_be_put() -> None:
    now = datetime.now(UTC)
    profile = Profile(
        id="u",
        email="a@b.example",
        created_at=now,
        updated_at=now,
        version=3,
        **SignUp(name="A").model_dump(exclude={"email"}),
    )
    body = parse(ProfileReplacement, profile.model_dump(mode="json"))
    assert body.version == 3
    assert body.dob is None


def test_times_are_written_as_javascript_writes_them() -> None:
    assert timestamp(datetime(2026, 1, 2, 3, 4, 5, 678999, UTC)) == "2026-01-02T03:04:05.678Z"


def test_the_sign_up_form_is_read_by_the_same_rules() -> None:
    sign_up, wrong = SignUp.salvage({**SEED, "email_verified": "true", "sub": "x", "cognito:user_status": "CONFIRMED"})
    assert wrong == []
    assert sign_up.model_dump() == {
        "email": "john@example.com",
        "email_verified": True,
        "phone_number": "+8801712345678",
        "phone_number_verified": False,
        "name": "John Doe",
        "dob": date(1990, 5, 14),
        "gender": Gender.MALE,
        "blood_group": BloodGroup.A_POSITIVE,
    }


def test_a_standard_attribute_of_a_custom_one_s_name_is_not_the_form_s() -> None:
    sign_up, wrong = SignUp.salvage({**SEED, "gender": "robot", "custom:gender": "robot", "dob": "never"})
    assert (sign_up.gender, sign_up.dob) == (None, date(1990, 5, 14))
    assert [error.pointer for error in wrong] == ["/custom:gender"]


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("email", "no-address"),
        ("email", "a b@example.com"),
        ("email", "a@b@example.com"),
        ("email", "x" * EMAIL_MAX + "@example.com"),
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
def test_a_wrong_attribute_is_left_out_and_told_of_and_the_rest_stays(attribute: str, value: str) -> None:
    sign_up, wrong = SignUp.salvage({**SEED, attribute: value})
    assert [error.pointer for error in wrong] == [f"/{attribute}"]
    valid, _ = SignUp.salvage({name: kept for name, kept in SEED.items() if name != attribute})
    assert sign_up == valid


@given(st.dictionaries(st.sampled_from([*SEED, "email_verified", "locale", "gender", "dob", "blood_group"]), st.text()))
def test_no_attributes_are_too_strange_to_salvage(attributes: dict[str, str]) -> None:
    _, wrong = SignUp.salvage(attributes)
    assert all(isinstance(error, FieldError) for error in wrong)
