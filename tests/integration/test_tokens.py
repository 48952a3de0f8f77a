"""`chalice local` lets in whom the deployed API lets in; and what its gateway refuses by itself."""

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
def user(new_user: Callable[..., User]) -> User:
    return new_user()


@pytest.fixture(scope="module")
def other(new_user: Callable[..., User]) -> User:
    return new_user(name="Somebody Else")


@pytest.fixture(scope="module")
def forge(run: RunningStack, user: User) -> TokenForger:
    return TokenForger(run.directory, user)


class TestLocal(AuthorizationSuite):
    """On `chalice local`."""


def test_preflights_need_no_token(run: RunningStack) -> None:
    status, headers, _ = send_request(run.outputs, "OPTIONS", "/users/me", {"Origin": "http://localhost:3000"})
    assert status == 204
    assert "PATCH" in headers["Access-Control-Allow-Methods"]
    assert "If-Match" in headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["TRACE", "QUERY", "DELETE", "FOO"])
def test_a_method_there_is_not_is_refused_whatever_it_is(run: RunningStack, method: str) -> None:
    status, headers, _ = send_request(run.outputs, method, "/users/me", {})
    assert (status, headers["Allow"]) == (405, "GET, HEAD, PUT, PATCH, OPTIONS")


def test_a_refused_head_leaves_the_connection_as_it_should_be(run: RunningStack) -> None:
    connection = http.client.HTTPConnection(urlsplit(run.outputs.api_url).netloc, timeout=10)
    for _ in range(2):
        connection.request("HEAD", "/users/me")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (401, b"")
    connection.close()


REASONS: dict[str, tuple[Callable[[TokenForger], str], str]] = {
    "none": (lambda forge: "", id_tokens.MISSING),
    "garbage": (lambda forge: "Bearer garbage", id_tokens.MALFORMED),
    "expired": (lambda forge: forge.sign(exp=NOW - 60), id_tokens.EXPIRED),
    "not yet valid": (lambda forge: forge.sign(nbf=NOW + 3600), id_tokens.NOT_YET_VALID),
    "without expiry": (lambda forge: forge.sign(exp=None), "The token has no exp."),
    "access token": (lambda forge: forge.user.tokens["AccessToken"], id_tokens.ACCESS_TOKEN),
    "no use": (lambda forge: forge.sign(token_use=None), id_tokens.NO_ID_TOKEN),
    "another pool": (lambda forge: create_token_of_other_pool(forge.stack), id_tokens.OTHER_POOL),
    "another client": (lambda forge: forge.sign(aud="another"), id_tokens.OTHER_CLIENT),
    "forged": (lambda forge: forge.sign(forge.own_key), id_tokens.BAD_SIGNATURE),
}


def log_line(run: RunningStack, request_id: str) -> dict[str, Any]:
    """The local gateway's line of a request."""
    (line,) = [line for line in run.get_request_log(request_id) if "request" in line]
    return line


@pytest.mark.parametrize("kind", REASONS)
def test_a_refusal_says_why_and_so_does_the_log(run: RunningStack, forge: TokenForger, kind: str) -> None:
    make, reason = REASONS[kind]
    _, headers, problem = send_request(run.outputs, "GET", "/users/me?a=b", {"Authorization": make(forge)})
    assert problem["reason"] == reason
    line = log_line(run, headers["X-Request-Id"])
    assert (line["request"], line["status"], line["note"]) == ("GET /users/me", 401, reason)


def test_other_refusals_have_no_reason(run: RunningStack, user: User) -> None:
    _, headers, problem = send_request(run.outputs, "GET", "/users/another", {"Authorization": user.token})
    assert "reason" not in problem
    line = log_line(run, headers["X-Request-Id"])
    assert (line["request"], line["status"], line["note"]) == ("GET /users/another", 403, problem["detail"])


def test_log_has_the_rules_of_a_refused_body_and_no_value(run: RunningStack, user: User) -> None:
    answer = user.patch({"name": "4711 0815 4711", "dob": "never", "email": "secret@example.com"})
    line = log_line(run, answer.headers["X-Request-Id"])
    assert line["note"] == "; ".join(f"{error['pointer']} {error['detail']}" for error in answer.body["errors"])
    assert len(answer.body["errors"]) == 3
    assert not [value for value in ("4711 0815", "never", "secret@example.com") if value in run.read_logs()]


def test_the_application_does_not_log_the_path(run: RunningStack, user: User) -> None:
    _, headers, _ = send_request(run.outputs, "GET", f"/users/{user.sub}", {"Authorization": user.token})
    ours, gateways = sorted(run.get_request_log(headers["X-Request-Id"]), key=lambda line: "request" in line)
    assert f"/users/{user.sub}" in gateways["request"]
    assert f"/users/{user.sub}" not in json.dumps(ours)
