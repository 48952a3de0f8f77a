"""Errors as problem details, the methods of resources, and the log of requests."""

import json

import pytest
from chalice import Chalice

from chalicelib.api import middleware
from chalicelib.api.cors import CorsPolicy
from tests.support.data import PROFILE_BODY, SUB
from tests.support.in_process import ApiClient


@pytest.mark.parametrize("method", ["POST", "TRACE"])
def test_unsupported_method_returns_the_allowed_ones(api: ApiClient, method: str) -> None:
    response = api.request(method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"
    assert response.json_body["title"] == "Method Not Allowed"


def test_options_without_a_token_lists_methods_and_headers(api: ApiClient) -> None:
    response = api.request("OPTIONS", claims=None, headers={"origin": "https://app.example.com"})
    assert (response.status_code, response.body) == (204, b"")
    allowed = response.headers["Allow"]
    assert allowed == response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_unknown_path_is_not_found(api: ApiClient, method: str) -> None:
    response = api.request(method, path="/{proxy+}", claims=None)
    assert response.status_code == 404
    assert response.json_body["detail"] == "The resource does not exist."


def test_rejected_head_request_has_no_body(api: ApiClient) -> None:
    response = api.request("HEAD", "another")
    assert (response.status_code, response.body) == (403, b"")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_unreachable_dynamodb_is_a_503_with_retry_after(api: ApiClient, method: str) -> None:
    response = api.request(method, body=json.dumps(PROFILE_BODY))
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"


def test_unexpected_error_is_a_500_without_details(capsys: pytest.CaptureFixture[str]) -> None:
    buggy = Chalice("healthtech", configure_logs=False)
    middleware.register_middleware(buggy, CorsPolicy(frozenset()), "/problems")

    @buggy.route("/users/{user_id}")
    def view(user_id: str) -> None:
        raise KeyError("john@example.com")

    response = ApiClient(buggy).request("GET")
    assert response.status_code == 500
    assert response.json_body["detail"] == "An unexpected error occurred in the service."
    log = capsys.readouterr().out
    assert '"exception_name":"KeyError"' in log
    assert '"request_id":"request-1"' in log
    assert "john" not in log + response.body.decode()


def test_request_is_logged_in_one_line_without_its_body(api: ApiClient, capsys: pytest.CaptureFixture[str]) -> None:
    api.request("PUT", body=json.dumps({"name": "John Doe"}))
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line.pop("ms") >= 0
    assert line.pop("timestamp")
    assert line.pop("service") == "healthtech"
    assert line == {
        "level": "INFO",
        "message": "request",
        "request_id": "request-1",
        "method": "PUT",
        "route": "/users/{user_id}",
        "status": 422,
        "sub": SUB,
    }
