"""`chalice local` refuses the tokens that API Gateway refuses, whatever the route."""

import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.integration.conftest import Run, User
from tests.integration.tokens import ROUTES, TOKENS, Forge, call, token_of_another_pool

NewUser = Callable[..., User]


@pytest.fixture(scope="module")
def user(new_user: NewUser) -> User:
    return new_user()


@pytest.fixture(scope="module")
def forge(run: Run, user: User) -> Forge:
    return Forge(run.directory, user)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_request_without_a_token_is_refused(run: Run, method: str, path: str) -> None:
    status, headers, problem = call(run.stack, method, path.format(user_id="me"), {})
    assert status == 401
    assert method == "HEAD" or problem["title"] == "Unauthorized"
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["WWW-Authenticate"] == "Bearer"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Request-Id"] == problem.get("request_id", headers["X-Request-Id"])


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_bad_token_is_refused(run: Run, forge: Forge, method: str, path: str, kind: str, prefix: str) -> None:
    header = (prefix + TOKENS[kind](forge)).encode().decode("latin-1")
    status, _, problem = call(run.stack, method, path.format(user_id="me"), {"Authorization": header})
    assert (status, problem.get("status", 401)) == (401, 401)


@pytest.mark.parametrize("spelling", ["{}", "Bearer {}", "bearer {}", "BEARER  {}"])
def test_a_good_token_is_let_in_bare_or_as_bearer(run: Run, user: User, spelling: str) -> None:
    status, _, profile = call(run.stack, "GET", "/users/me", {"authorization": spelling.format(user.token)})
    assert (status, profile["id"]) == (200, user.sub)


def test_a_token_of_another_pool_is_refused(run: Run) -> None:
    token = token_of_another_pool(run.stack)
    assert call(run.stack, "GET", "/users/me", {"Authorization": token})[0] == 401


def test_a_token_as_long_as_a_book_is_refused(run: Run) -> None:
    connection = http.client.HTTPConnection(urlsplit(run.stack.api_url).netloc, timeout=10)
    connection.request("GET", "/users/me", headers={"Authorization": "x" * 60_000})
    assert connection.getresponse().status == 401
    connection.close()


def test_a_refusal_says_nothing_of_the_token(run: Run, forge: Forge) -> None:
    token = forge.sign(forge.own_key)
    _, headers, problem = call(run.stack, "GET", "/users/me", {"Authorization": token})
    assert token[:20] not in f"{headers}{problem}"


def test_preflights_need_no_token(run: Run) -> None:
    connection = http.client.HTTPConnection(urlsplit(run.stack.api_url).netloc, timeout=10)
    connection.request("OPTIONS", "/users/me", headers={"Origin": "http://localhost:3000"})
    answer = connection.getresponse()
    assert answer.status == 204
    assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    connection.close()
