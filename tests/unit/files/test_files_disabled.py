"""A stage without a bucket: its routes answer 404, and it has no function that checks files."""

from collections.abc import Iterator

import pytest
from chalice.app import Chalice

import app
from chalicelib import bootstrap
from chalicelib.core.settings import get_settings
from tests.support.in_process import ApiClient
from tests.unit.pictures.test_pictures_disabled import evaluate

ROUTES = [
    (method, path)
    for path, methods in app.app.routes.items()
    if path.startswith("/users/{user_id}/files")
    for method in methods
]


@pytest.fixture
def app_without_files(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chalice]:
    monkeypatch.delenv("S3_BUCKET")
    bootstrap.reset()
    yield app.app
    monkeypatch.undo()
    bootstrap.reset()


def test_all_routes_of_files_are_tested() -> None:
    assert len(ROUTES) == 9


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_route_without_files_returns_not_enabled(app_without_files: Chalice, method: str, path: str) -> None:
    api = ApiClient(app_without_files)
    for body in (None, "{", '{"name": "x"}'):
        response = api.request(method, path=path, body=body)
        assert response.status_code == 404
        if method != "HEAD":
            assert response.json_body["type"] == "/problems#files-not-enabled"
            assert response.json_body["detail"] == "Files are not enabled in this deployment."


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_route_without_files_is_forbidden_to_others(app_without_files: Chalice, method: str, path: str) -> None:
    assert ApiClient(app_without_files).request(method, "another", path=path).status_code == 403


@pytest.mark.usefixtures("app_without_files")
def test_other_services_exclude_files() -> None:
    assert not get_settings().has_files
    assert bootstrap.reconciliation_adapters().files is None
    assert bootstrap.export_service()
    assert bootstrap.erasure_service()
    assert bootstrap.deletion_service()


@pytest.mark.long
@pytest.mark.parametrize(("environment", "is_registered"), [({}, "False"), ({"S3_BUCKET": "pictures"}, "True")])
def test_check_file_exists_only_with_a_bucket(environment: dict[str, str], is_registered: str) -> None:
    expression = "any(function.name == 'check_file' for function in app.app.pure_lambda_functions)"
    assert evaluate(expression, **environment) == is_registered
