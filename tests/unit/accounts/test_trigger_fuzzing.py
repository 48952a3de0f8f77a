"""Events of any shape pass through the triggers. AWS is a closed port here."""

from typing import Any

import pytest
from chalice.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from app import app
from chalicelib.core.errors import SignUpRejected
from local.function_definitions import TRIGGERS
from tests.support.data import sign_up_attributes
from tests.support.events import load_cognito_event

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
FUNCTIONS = list(TRIGGERS.values())
ATTRIBUTES = sign_up_attributes("jane@example.com")

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
USER_ATTRIBUTES = st.dictionaries(
    st.sampled_from([*ATTRIBUTES, "sub", "email_verified", "gender", "cognito:user_status"]), st.text()
)
EVENTS = st.fixed_dictionaries(
    {"triggerSource": st.sampled_from(SOURCES)},
    optional={
        "version": st.text(max_size=3) | st.integers(),
        "region": st.text(max_size=12),
        "userPoolId": st.text(max_size=12),
        "userName": st.text(max_size=12),
        "callerContext": st.fixed_dictionaries({}, optional={"clientId": st.text(), "new": VALUES}),
        "request": st.fixed_dictionaries(
            {},
            optional={"userAttributes": USER_ATTRIBUTES, "clientMetadata": st.none() | USER_ATTRIBUTES, "new": VALUES},
        ),
        "response": st.dictionaries(st.text(max_size=8), VALUES, max_size=3),
        "new": VALUES,
    },
)


def invoke(function: str, event: dict[str, Any]) -> Any:
    with Client(app) as client:
        return client.lambda_.invoke(function, event).payload


@pytest.mark.long
@pytest.mark.parametrize("function", FUNCTIONS)
@given(event=EVENTS)
@settings(max_examples=60, deadline=None)
def test_event_of_any_shape_is_returned_or_rejected(function: str, event: dict[str, Any]) -> None:
    try:
        response = invoke(function, event)
    except SignUpRejected as rejection:
        assert function == "pre_sign_up"
        assert str(rejection)  # noqa: PT017  # a rejection is one of two valid outcomes
    else:
        assert response == {"response": {}, **event}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_event_of_every_documented_source_is_returned(function: str, source: str) -> None:
    event = {**load_cognito_event("pre_sign_up"), "triggerSource": source}
    assert invoke(function, event) == event
