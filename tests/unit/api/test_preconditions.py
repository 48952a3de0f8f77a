"""Malformed If-Match and If-None-Match headers are rejected."""

import json

import pytest

from tests.support.data import PROFILE_BODY
from tests.support.in_process import ApiClient


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("if-match", "7"),
        ("if-match", '"7'),
        ("if-match", '"7" "8"'),
        ("if-none-match", "W/7"),
        ("if-match", '"7", *'),
        ("if-none-match", ""),
        ("if-none-match", " , "),
        ("if-none-match", '"1"' + ", " * 190 + "x"),
        ("if-match", ", " * 190 + "x"),
        ("if-match", ",".join(['"1"'] * 101)),
    ],
)
def test_malformed_precondition_is_rejected(api: ApiClient, header: str, value: str) -> None:
    response = api.request("PUT", body=json.dumps(PROFILE_BODY), headers={header: value})
    assert (response.status_code, response.json_body["type"]) == (400, "/problems#malformed")


def test_precondition_without_quotes_returns_its_form(api: ApiClient) -> None:
    response = api.request("PUT", body=json.dumps(PROFILE_BODY), headers={"if-match": "99"})
    assert response.json_body["detail"] == 'If-Match must be * or a list of entity tags in double quotes, such as "3".'
