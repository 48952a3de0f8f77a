from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.auth import Caller, identify, only_own
from chalicelib.errors import Forbidden, Unauthenticated
from chalicelib.settings import Settings, load
from tests.conftest import CLAIMS, CLIENT_ID, POOL_ID, SUB


@pytest.fixture
def settings() -> Settings:
    arn = f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}"
    return load({"DYNAMODB_TABLE": "Users", "USER_POOL_ARN": arn, "USER_POOL_CLIENT_ID": CLIENT_ID})


def test_the_caller_is_the_sub_of_an_id_token(settings: Settings) -> None:
    assert identify({"authorizer": {"claims": CLAIMS}}, settings) == Caller(SUB, SUB)


def test_a_federated_user_is_found_by_their_username(settings: Settings) -> None:
    claims = {**CLAIMS, "cognito:username": "Google_107"}
    assert identify({"authorizer": {"claims": claims}}, settings) == Caller(SUB, "Google_107")


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
        *(
            {"authorizer": {"claims": {**CLAIMS, **wrong}}}
            for wrong in (
                {"token_use": "access"},
                {"token_use": None},
                {"sub": ""},
                {"sub": None},
                {"sub": 5},
                {"aud": "another-client"},
                {"aud": None},
                {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another"},
                {"iss": None},
            )
        ),
        *({"authorizer": {"claims": {k: v for k, v in CLAIMS.items() if k != gone}}} for gone in CLAIMS),
    ],
)
def test_missing_or_wrong_claims_fail_closed(context: dict[str, Any], settings: Settings) -> None:
    with pytest.raises(Unauthenticated):
        identify(context, settings)


@pytest.mark.parametrize("requested", [SUB, "me"])
def test_one_s_own_profile_goes_by_id_and_by_me(requested: str) -> None:
    caller = Caller(SUB, "john")
    assert only_own(caller, requested) == caller


@pytest.mark.parametrize("requested", ["", " ", "ME", SUB.upper(), SUB[:-1], f"{SUB} ", f"{SUB}\0", "..", "john"])
def test_any_other_id_is_forbidden(requested: str) -> None:
    with pytest.raises(Forbidden):
        only_own(Caller(SUB, "john"), requested)


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
