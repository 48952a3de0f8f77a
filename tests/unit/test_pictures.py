"""Pictures where there is no bucket for them, and what a bucket costs who does not use it."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from chalice.app import Chalice

import app
from chalicelib import settings
from chalicelib.errors import SettingsError
from chalicelib.settings import load
from local.settings import ROOT
from tests.unit.test_http import Api

PICTURE = "/users/{user_id}/picture"
METHODS = [(method, PICTURE) for method in app.app.routes[PICTURE]]


@pytest.fixture
def without_a_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Chalice]:
    caches = (settings.settings, app.bucket)
    monkeypatch.delenv("S3_BUCKET")
    for cache in caches:
        cache.cache_clear()
    yield app.app
    monkeypatch.undo()
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize(("method", "path"), METHODS)
def test_without_a_bucket_every_route_says_that_there_are_no_pictures(
    without_a_bucket: Chalice, method: str, path: str
) -> None:
    api = Api(without_a_bucket)
    for body in (None, "{", '{"upload_id": "x"}'):
        answer = api.request(method, path=path, body=body)
        assert answer.status_code == 404
        if method != "HEAD":
            assert answer.json_body["type"] == "/problems#pictures-not-enabled"
            assert answer.json_body["detail"] == "Pictures are not enabled here."
    assert api.request(method, "another", path=path).status_code == 403, "and to nobody else"


def loaded(code: str, **environment: str) -> str:
    told = {name: value for name, value in os.environ.items() if name != "S3_BUCKET"}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, app; print({code})"],
        cwd=ROOT, env={**told, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(("bucket", "there"), [({}, "False"), ({"S3_BUCKET": "pictures"}, "True")])
def test_the_function_that_checks_is_there_where_there_is_a_bucket(bucket: dict[str, str], there: str) -> None:
    assert loaded("any(it.name == 'check_picture' for it in app.app.pure_lambda_functions)", **bucket) == there


def test_nobody_loads_what_only_pictures_need() -> None:
    needed = "[name for name in sys.modules if name.split('.')[0] == 'PIL']"
    assert loaded(needed, S3_BUCKET="pictures") == "[]"


def test_a_bucket_without_its_function_is_said_by_its_variable() -> None:
    with pytest.raises(SettingsError, match="PICTURE_FUNCTION is missing"):
        _ = load({"DYNAMODB_TABLE": "Users", "S3_BUCKET": "pictures"}).required_picture_function
