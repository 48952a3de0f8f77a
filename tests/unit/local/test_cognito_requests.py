"""The user that a request to Cognito is about."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.services import cognito

from local.cognito_requests import find_user

SUB = "3213c074-a82e-4d70-997d-b4aaf6c6ad6a"
EMAIL = "jane@example.com"


@pytest.fixture(autouse=True)
def _user_pool() -> Iterator[None]:
    user = {
        "Username": "jane",
        "Attributes": [{"Name": "email", "Value": EMAIL}, {"Name": "sub", "Value": SUB}],
        "UserStatus": "CONFIRMED",
        "Enabled": True,
    }
    pool = {"Id": "pool", "_clients": {"client": {}}, "UsernameAttributes": ["email"], "_users": {"jane": user}}
    cognito._user_pools["pool"] = pool
    yield
    del cognito._user_pools["pool"]


@pytest.mark.parametrize(
    "request_values",
    [
        {"Username": EMAIL},
        {"AuthParameters": {"USERNAME": EMAIL}},
        {"ChallengeResponses": {"USERNAME": "jane"}},
    ],
)
def test_user_is_found_by_the_user_name(request_values: dict[str, Any]) -> None:
    assert find_user(json.dumps({"ClientId": "client", **request_values}).encode()) == SUB


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"ClientId": "other", "Username": "jane"}',
        b'{"ClientId": "client", "Username": "other"}',
        b'{"ClientId": "client", "Username": ["jane"]}',
        b'{"ClientId": ["client"]}',
        b'{"ClientId": "client", "AuthParameters": "x"}',
        b'{"AccessToken": "x"}',
        b'{"AccessToken": 1}',
        b'{"ClientId": "client", "RefreshToken": "x"}',
    ],
)
def test_unknown_or_invalid_user_name_has_no_user(body: bytes) -> None:
    assert find_user(body) is None
