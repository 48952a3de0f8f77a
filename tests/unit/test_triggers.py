"""Events of any shape pass through the triggers unharmed. AWS is a closed port here."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from chalice.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from app import app
from chalicelib.errors import SignUpRefused
from chalicelib.profiles import check_sign_up
from chalicelib.settings import load
from local.stack import CHECK_PICTURE

Golden = Callable[[str], dict[str, Any]]

# https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html
SOURCES = [
    "PreSignUp_SignUp", "PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider",
    "PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword",
    "PreAuthentication_Authentication", "PostAuthentication_Authentication",
    "DefineAuthChallenge_Authentication", "CreateAuthChallenge_Authentication",
    "VerifyAuthChallengeResponse_Authentication",
    "TokenGeneration_HostedAuth", "TokenGeneration_Authentication", "TokenGeneration_NewPasswordChallenge",
    "TokenGeneration_AuthenticateDevice", "TokenGeneration_RefreshTokens", "TokenGeneration_ClientCredentials",
    "UserMigration_Authentication", "UserMigration_ForgotPassword",
    "CustomMessage_SignUp", "CustomMessage_AdminCreateUser", "CustomMessage_ResendCode",
    "CustomMessage_ForgotPassword", "CustomMessage_UpdateUserAttribute", "CustomMessage_VerifyUserAttribute",
    "CustomMessage_Authentication",
    "CustomEmailSender_SignUp", "CustomSMSSender_SignUp", "InboundFederation_ExternalProvider",
    "Something_New",
]  # fmt: skip
FUNCTIONS = [function.name for function in app.pure_lambda_functions if function.name != CHECK_PICTURE]
FORM = {
    "name": "Jane Roe",
    "email": "jane@example.com",
    "phone_number": "+8801712345678",
    "custom:dob": "1985-01-31",
    "custom:gender": "Female",
    "custom:blood_group": "O-",
}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
attributes = st.dictionaries(
    st.sampled_from([*FORM, "sub", "email_verified", "gender", "cognito:user_status"]), st.text()
)
events = st.fixed_dictionaries(
    {"triggerSource": st.sampled_from(SOURCES)},
    optional={
        "version": st.text(max_size=3) | st.integers(),
        "region": st.text(max_size=12),
        "userPoolId": st.text(max_size=12),
        "userName": st.text(max_size=12),
        "callerContext": st.fixed_dictionaries({}, optional={"clientId": st.text(), "new": values}),
        "request": st.fixed_dictionaries(
            {}, optional={"userAttributes": attributes, "clientMetadata": st.none() | attributes, "new": values}
        ),
        "response": st.dictionaries(st.text(max_size=8), values, max_size=3),
        "new": values,
    },
)


def invoke(function: str, event: dict[str, Any]) -> Any:
    with Client(app) as client:
        return client.lambda_.invoke(function, event).payload


@pytest.mark.parametrize("function", FUNCTIONS)
@given(event=events)
@settings(max_examples=60, deadline=None)
def test_an_event_of_any_shape_is_returned_or_refused_by_rule(function: str, event: dict[str, Any]) -> None:
    try:
        answer = invoke(function, event)
    except SignUpRefused as refused:
        assert function == "pre_sign_up"
        assert str(refused)  # noqa: PT017  # one of two right endings
    else:
        assert answer == {"response": {}, **event}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_documented_source_passes_through(function: str, source: str, golden: Golden) -> None:
    event = {**golden("pre_sign_up"), "triggerSource": source}
    assert invoke(function, event) == event


@pytest.mark.parametrize("source", ["PreSignUp_AdminCreateUser", "PreSignUp_ExternalProvider"])
def test_others_may_leave_open_what_a_person_has_to_fill_in(source: str, golden: Golden) -> None:
    event = golden("pre_sign_up")
    event["request"]["userAttributes"] = {"email": "jane@example.com"}
    event["triggerSource"] = source
    assert invoke("pre_sign_up", event) == event
    event["triggerSource"] = "PreSignUp_SignUp"
    with pytest.raises(SignUpRefused, match=r"^phone number is required; name is required; date of birth is required"):
        invoke("pre_sign_up", event)
    event["request"]["userAttributes"]["custom:dob"] = "never"
    event["triggerSource"] = source
    with pytest.raises(SignUpRefused, match=r"^date of birth must be an existing date in the format YYYY-MM-DD$"):
        invoke("pre_sign_up", event)


def test_a_refusal_never_quotes_what_was_sent(golden: Golden, capsys: pytest.CaptureFixture[str]) -> None:
    event = golden("pre_sign_up")
    event["request"]["userAttributes"] = {name: f"secret {name}\x00" for name in FORM}
    with pytest.raises(SignUpRefused) as caught:
        invoke("pre_sign_up", event)
    assert "secret" not in str(caught.value) + capsys.readouterr().out
    assert str(caught.value).count(";") == len(FORM) - 1


def years_ago(years: int, days: int = 0) -> str:
    """Return the date so many years ago, plus days."""
    today = datetime.now(UTC).date()
    return str(date(today.year - years, today.month, min(today.day, 28)) + timedelta(days))


@pytest.mark.parametrize("minimum_age", [0, 16, 18])
def test_person_of_the_minimum_age_may_sign_up(minimum_age: int) -> None:
    form = {**FORM, "custom:dob": years_ago(minimum_age)}
    check_sign_up(form, by_the_person=True, minimum_age=minimum_age)


@pytest.mark.parametrize("by_the_person", [True, False])
def test_younger_person_is_refused_with_every_other_problem(by_the_person: bool) -> None:
    form = {**FORM, "name": "", "custom:dob": years_ago(16, days=5)}
    with pytest.raises(SignUpRefused, match=r"^name .*; date of birth must be at least 16 years ago$"):
        check_sign_up(form, by_the_person=by_the_person, minimum_age=16)


def test_wrong_date_of_birth_is_reported_once() -> None:
    with pytest.raises(SignUpRefused) as caught:
        check_sign_up({**FORM, "custom:dob": "never"}, by_the_person=True, minimum_age=16)
    assert str(caught.value).count("date of birth") == 1


def test_minimum_age_is_read_from_the_environment() -> None:
    assert load({"MINIMUM_AGE": "16"}).minimum_age == 16
    assert load({}).minimum_age == 0
