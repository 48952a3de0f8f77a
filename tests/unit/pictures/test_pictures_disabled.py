"""A stage without a picture bucket: its routes answer 404, and it has no function that checks pictures."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from chalice.app import Chalice

import app
from chalicelib import bootstrap
from local.config import ROOT
from tests.support.in_process import ApiClient

PICTURE_PATH = "/users/{user_id}/picture"
ROUTES = [(method, PICTURE_PATH) for method in app.app.routes[PICTURE_PATH]]


@pytest.fixture
def app_without_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chalice]:
    monkeypatch.delenv("S3_BUCKET")
    bootstrap.reset()
    yield app.app
    monkeypatch.undo()
    bootstrap.reset()


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_route_without_bucket_returns_not_enabled(app_without_bucket: Chalice, method: str, path: str) -> None:
    api = ApiClient(app_without_bucket)
    for body in (None, "{", '{"upload_id": "x"}'):
        response = api.request(method, path=path, body=body)
        assert response.status_code == 404
        if method != "HEAD":
            assert response.json_body["type"] == "/problems#pictures-not-enabled"
            assert response.json_body["detail"] == "Pictures are not enabled in this deployment."


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_route_without_bucket_is_forbidden_to_others(app_without_bucket: Chalice, method: str, path: str) -> None:
    assert ApiClient(app_without_bucket).request(method, "another", path=path).status_code == 403


def evaluate(expression: str, **environment: str) -> str:
    """Return the value of an expression in a new process that has imported the application."""
    inherited = {name: value for name, value in os.environ.items() if name != "S3_BUCKET"}
    process = subprocess.run(
        [sys.executable, "-c", f"import sys, app; print({expression})"],
        cwd=ROOT, env={**inherited, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return process.stdout.strip()


@pytest.mark.long
@pytest.mark.parametrize(("environment", "is_registered"), [({}, "False"), ({"S3_BUCKET": "pictures"}, "True")])
def test_check_picture_exists_only_with_a_bucket(environment: dict[str, str], is_registered: str) -> None:
    expression = "any(function.name == 'check_picture' for function in app.app.pure_lambda_functions)"
    assert evaluate(expression, **environment) == is_registered
