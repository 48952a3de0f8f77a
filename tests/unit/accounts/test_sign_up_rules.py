"""The rules for a sign-up: required attributes, the minimum age, and no value in a rejection."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib.core.errors import SignUpRejected
from tests.support.data import sign_up_attributes
from tests.support.events import load_cognito_event
from tests.unit.accounts.test_service import build_service

ATTRIBUTES = sign_up_attributes("jane@example.com")


def invoke_pre_sign_up(source: str, attributes: dict[str, str]) -> None:
    """Invoke the trigger, and check that it returns its event."""
    event: dict[str, Any] = {**load_cognito_event("pre_sign_up"), "triggerSource": source}
    event["request"]["userAttributes"] = attributes
    with Client(app) as client:
        assert client.lambda_.invoke("pre_sign_up", event).payload == event


@pytest.mark.parametrize("source", ["PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"])
def test_sign_up_by_others_may_omit_attributes(source: str) -> None:
    invoke_pre_sign_up(source, {"email": "jane@example.com"})


def test_self_sign_up_without_attributes_is_rejected() -> None:
    rules = r"^phone number is required; name is required; date of birth is required"
    with pytest.raises(SignUpRejected, match=rules):
        invoke_pre_sign_up("PreSignUp_SignUp", {"email": "jane@example.com"})


@pytest.mark.parametrize("source", ["PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"])
def test_sign_up_by_others_with_invalid_value_is_rejected(source: str) -> None:
    with pytest.raises(SignUpRejected, match=r"^date of birth must be an existing date in the format YYYY-MM-DD$"):
        invoke_pre_sign_up(source, {"email": "jane@example.com", "custom:dob": "never"})


def test_rejection_never_quotes_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SignUpRejected) as caught:
        invoke_pre_sign_up("PreSignUp_SignUp", {name: f"secret {name}\x00" for name in ATTRIBUTES})
    assert "secret" not in str(caught.value) + capsys.readouterr().out
    assert str(caught.value).count(";") == len(ATTRIBUTES) - 1


def years_ago(years: int, days: int = 0) -> str:
    """Return the date of `years` years ago plus `days` days. The day of the month is at most 28."""
    today = datetime.now(UTC).date()
    return str(date(today.year - years, today.month, min(today.day, 28)) + timedelta(days))


@pytest.mark.parametrize("minimum_age", [0, 16, 18])
def test_user_of_the_minimum_age_may_sign_up(minimum_age: int) -> None:
    attributes = {**ATTRIBUTES, "custom:dob": years_ago(minimum_age)}
    build_service(minimum_age=minimum_age).validate_sign_up(attributes, is_self_sign_up=True)


@pytest.mark.parametrize("is_self_sign_up", [True, False])
def test_younger_user_is_rejected_with_every_other_error(is_self_sign_up: bool) -> None:
    attributes = {**ATTRIBUTES, "name": "", "custom:dob": years_ago(16, days=5)}
    with pytest.raises(SignUpRejected, match=r"^name .*; date of birth must be at least 16 years ago$"):
        build_service(minimum_age=16).validate_sign_up(attributes, is_self_sign_up=is_self_sign_up)


def test_invalid_date_of_birth_is_reported_once() -> None:
    with pytest.raises(SignUpRejected) as caught:
        build_service(minimum_age=16).validate_sign_up({**ATTRIBUTES, "custom:dob": "never"}, is_self_sign_up=True)
    assert str(caught.value).count("date of birth") == 1
