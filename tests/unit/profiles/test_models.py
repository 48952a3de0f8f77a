"""Bodies of PUT and PATCH: required, unknown and read-only fields."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core.errors import UnprocessableContent
from chalicelib.core.validation import parse_body
from chalicelib.profiles.models import (
    READ_ONLY_FIELDS,
    READ_ONLY_MESSAGE,
    Profile,
    ProfileReplacement,
    SignUpAttributes,
)
from tests.support.data import PROFILE_BODY


def find_errors(data: Any) -> dict[str, str]:
    """Return the errors of an invalid body by their pointers."""
    with pytest.raises(UnprocessableContent) as caught:
        parse_body(ProfileReplacement, data)
    return {error.pointer: error.detail for error in caught.value.errors}


def test_all_invalid_fields_are_reported_together() -> None:
    body = {"name": "", "dob": "never", "gender": "M", "blood_group": None, "admin": True, "a/b~c": 1}
    assert list(find_errors(body)) == ["/name", "/dob", "/gender", "/admin", "/a~1b~0c"]


@pytest.mark.parametrize("field", PROFILE_BODY)
def test_missing_field_is_rejected(field: str) -> None:
    body = {name: value for name, value in PROFILE_BODY.items() if name != field}
    assert find_errors(body) == {f"/{field}": "is required"}


@pytest.mark.parametrize("data", [[], [PROFILE_BODY], "text", 5, None, True])
def test_body_that_is_not_an_object_is_rejected(data: object) -> None:
    assert find_errors(data) == {"": "must be a JSON object"}


@pytest.mark.parametrize("field", READ_ONLY_FIELDS)
@pytest.mark.parametrize("value", [{"nested": 1}, [1], 1.5])
def test_unparsable_read_only_value_is_rejected_as_a_change(field: str, value: object) -> None:
    assert find_errors(PROFILE_BODY | {field: value}) == {f"/{field}": READ_ONLY_MESSAGE}


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00", "soon"]
)
def test_time_that_utc_cannot_represent_is_rejected(value: str) -> None:
    assert find_errors(PROFILE_BODY | {"updated_at": value}) == {"/updated_at": READ_ONLY_MESSAGE}


def test_errors_never_quote_a_value() -> None:
    body = PROFILE_BODY | {"dob": "secret-1", "name": "secret-2\x00", "email": ["secret-3"]}
    with pytest.raises(UnprocessableContent) as caught:
        parse_body(ProfileReplacement, body)
    assert "secret" not in f"{caught.value.errors} {caught.value} {caught.value.__cause__}"


def test_body_of_get_is_a_valid_body_of_put() -> None:
    now = datetime.now(UTC)
    profile = Profile(
        id="u",
        email="a@b.example",
        created_at=now,
        updated_at=now,
        version=3,
        **SignUpAttributes(name="A").model_dump(exclude={"email"}),
    )
    body = parse_body(ProfileReplacement, profile.model_dump(mode="json"))
    assert body.version == 3
    assert body.dob is None
