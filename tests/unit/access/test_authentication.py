"""The caller from the claims of a verified ID token."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.access.authentication import authenticate
from chalicelib.core.errors import Unauthorized
from chalicelib.core.identity import Caller
from chalicelib.core.settings import Settings, load_settings
from tests.support.data import CLAIMS, CLIENT_ID, POOL_ID, SUB

INVALID_CLAIMS: list[dict[str, Any]] = [
    {"token_use": "access"},
    {"token_use": None},
    {"sub": ""},
    {"sub": None},
    {"sub": 5},
    {"aud": "another-client"},
    {"aud": None},
    {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another"},
    {"iss": None},
]


@pytest.fixture
def settings() -> Settings:
    arn = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}"
    return load_settings({"DYNAMODB_TABLE": "Users", "USER_POOL_ARN": arn, "USER_POOL_CLIENT_ID": CLIENT_ID})


def test_caller_is_the_sub_of_an_id_token(settings: Settings) -> None:
    assert authenticate({"authorizer": {"claims": CLAIMS}}, settings) == Caller(SUB, SUB)


def test_caller_from_an_identity_provider_has_a_username(settings: Settings) -> None:
    claims = {**CLAIMS, "cognito:username": "Google_107"}
    assert authenticate({"authorizer": {"claims": claims}}, settings) == Caller(SUB, "Google_107")


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"authorizer": None},
        {"authorizer": {}},
        {"authorizer": {"claims": None}},
        {"authorizer": {"claims": []}},
        {"authorizer": {"claims": "sub"}},
        {"authorizer": {"principalId": SUB}},
        *({"authorizer": {"claims": {**CLAIMS, **invalid}}} for invalid in INVALID_CLAIMS),
        *(
            {"authorizer": {"claims": {name: value for name, value in CLAIMS.items() if name != missing}}}
            for missing in CLAIMS
        ),
    ],
)
def test_missing_or_invalid_claims_are_unauthorized(context: dict[str, Any], settings: Settings) -> None:
    with pytest.raises(Unauthorized):
        authenticate(context, settings)


@pytest.mark.parametrize(
    ("iat", "issued_at"),
    [
        ("Fri Jul 29 18:52:53 UTC 2016", datetime(2016, 7, 29, 18, 52, 53, tzinfo=UTC)),
        ("1469818373", datetime(2016, 7, 29, 18, 52, 53, tzinfo=UTC)),
        ("yesterday", None),
        ("9" * 30, None),
        (None, None),
    ],
)
def test_token_issue_time_is_read_in_both_forms(iat: str | None, issued_at: datetime | None) -> None:
    assert Caller("sub", "sub", {"iat": iat}).token_issued_at == issued_at
