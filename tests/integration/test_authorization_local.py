"""Authorization on `chalice local`, and the responses of its local gateway."""

import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from local import id_tokens
from tests.support.authorization_suite import AuthorizationSuite
from tests.support.stack import RunningStack
from tests.support.token_forger import NOW, TokenForger, create_token_of_other_pool, send_request
from tests.support.users import User


@pytest.fixture(scope="module")
def token_forger(stack: RunningStack, user: User) -> TokenForger:
    return TokenForger(stack.directory, user)


class TestLocal(AuthorizationSuite):
    """On `chalice local`."""


def test_preflights_need_no_token(stack: RunningStack) -> None:
    status, headers, _ = send_request(stack.outputs, "OPTIONS", "/users/me", {"Origin": "http://localhost:3000"})
    assert status == 204
    assert "PATCH" in headers["Access-Control-Allow-Methods"]
    assert "If-Match" in headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["TRACE", "QUERY", "POST", "FOO"])
def test_unknown_method_is_a_405(stack: RunningStack, method: str) -> None:
    status, headers, _ = send_request(stack.outputs, method, "/users/me", {})
    assert (status, headers["Allow"]) == (405, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS")


def test_connection_works_after_a_rejected_head(stack: RunningStack) -> None:
    connection = http.client.HTTPConnection(urlsplit(stack.outputs.api_url).netloc, timeout=10)
    for _ in range(2):
        connection.request("HEAD", "/users/me")
        response = connection.getresponse()
        assert (response.status, response.read()) == (401, b"")
    connection.close()


REJECTION_REASONS: dict[str, tuple[Callable[[TokenForger], str], str]] = {
    "none": (lambda token_forger: "", id_tokens.MISSING),
    "garbage": (lambda token_forger: "Bearer garbage", id_tokens.MALFORMED),
    "expired": (lambda token_forger: token_forger.sign(exp=NOW - 60), id_tokens.EXPIRED),
    "not yet valid": (lambda token_forger: token_forger.sign(nbf=NOW + 3600), id_tokens.NOT_YET_VALID),
    "without expiry": (lambda token_forger: token_forger.sign(exp=None), "The token has no exp."),
    "access token": (lambda token_forger: token_forger.user.tokens["AccessToken"], id_tokens.ACCESS_TOKEN),
    "no use": (lambda token_forger: token_forger.sign(token_use=None), id_tokens.NO_ID_TOKEN),
    "another pool": (lambda token_forger: create_token_of_other_pool(token_forger.stack), id_tokens.OTHER_POOL),
    "another client": (lambda token_forger: token_forger.sign(aud="another"), id_tokens.OTHER_CLIENT),
    "forged": (lambda token_forger: token_forger.sign(token_forger.own_key), id_tokens.BAD_SIGNATURE),
}


def get_gateway_log_line(stack: RunningStack, request_id: str) -> dict[str, Any]:
    """Return the log line that the local gateway writes for a request."""
    (line,) = [line for line in stack.get_request_log(request_id) if "request" in line]
    return line


@pytest.mark.parametrize("kind", REJECTION_REASONS)
def test_rejection_reason_is_in_the_response_and_the_log(
    stack: RunningStack, token_forger: TokenForger, kind: str
) -> None:
    make, reason = REJECTION_REASONS[kind]
    _, headers, problem = send_request(stack.outputs, "GET", "/users/me?a=b", {"Authorization": make(token_forger)})
    assert problem["reason"] == reason
    line = get_gateway_log_line(stack, headers["X-Request-Id"])
    assert (line["request"], line["status"], line["note"]) == ("GET /users/me", 401, reason)


def test_403_has_no_rejection_reason(stack: RunningStack, user: User) -> None:
    _, headers, problem = send_request(stack.outputs, "GET", "/users/another", {"Authorization": user.token})
    assert "reason" not in problem
    line = get_gateway_log_line(stack, headers["X-Request-Id"])
    assert (line["request"], line["status"], line["note"]) == ("GET /users/another", 403, problem["detail"])


def test_log_of_an_invalid_body_has_rules_and_no_values(stack: RunningStack, user: User) -> None:
    response = user.patch({"name": "4711 0815 4711", "dob": "never", "email": "secret@example.com"})
    line = get_gateway_log_line(stack, response.headers["X-Request-Id"])
    assert line["note"] == "; ".join(f"{error['pointer']} {error['detail']}" for error in response.body["errors"])
    assert len(response.body["errors"]) == 3
    assert not [value for value in ("4711 0815", "never", "secret@example.com") if value in stack.read_logs()]


def test_application_does_not_log_the_path(stack: RunningStack, user: User) -> None:
    _, headers, _ = send_request(stack.outputs, "GET", f"/users/{user.sub}", {"Authorization": user.token})
    application_line, gateway_line = sorted(
        stack.get_request_log(headers["X-Request-Id"]), key=lambda line: "request" in line
    )
    assert f"/users/{user.sub}" in gateway_line["request"]
    assert f"/users/{user.sub}" not in json.dumps(application_line)
