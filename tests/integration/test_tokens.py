"""`chalice local` lets in whom the deployed API lets in; and what its gateway refuses by itself."""

import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.integration.authorization import AuthorizationSuite
from tests.integration.conftest import Run, User
from tests.integration.tokens import Forge, call


@pytest.fixture(scope="module")
def user(new_user: Callable[..., User]) -> User:
    return new_user()


@pytest.fixture(scope="module")
def other(new_user: Callable[..., User]) -> User:
    return new_user(name="Somebody Else")


@pytest.fixture(scope="module")
def forge(run: Run, user: User) -> Forge:
    return Forge(run.directory, user)


class TestLocal(AuthorizationSuite):
    """On `chalice local`."""


def test_preflights_need_no_token(run: Run) -> None:
    status, headers, _ = call(run.stack, "OPTIONS", "/users/me", {"Origin": "http://localhost:3000"})
    assert status == 204
    assert "PATCH" in headers["Access-Control-Allow-Methods"]
    assert "If-Match" in headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["TRACE", "QUERY", "DELETE", "FOO"])
def test_a_method_there_is_not_is_refused_whatever_it_is(run: Run, method: str) -> None:
    status, headers, _ = call(run.stack, method, "/users/me", {})
    assert (status, headers["Allow"]) == (405, "GET, HEAD, PUT, PATCH, OPTIONS")


def test_a_refused_head_leaves_the_connection_as_it_should_be(run: Run) -> None:
    connection = http.client.HTTPConnection(urlsplit(run.stack.api_url).netloc, timeout=10)
    for _ in range(2):
        connection.request("HEAD", "/users/me")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (401, b"")
    connection.close()
