"""Pictures where there is no bucket for them, and what a bucket costs who does not use it."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from chalice.app import Chalice

import app
from chalicelib import aws, sdk, settings
from chalicelib.bucket import PictureBucket
from chalicelib.errors import SettingsError
from chalicelib.models import Picture, UploadRequest
from chalicelib.settings import load
from chalicelib.values import PictureType
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


@pytest.fixture
def _new_session() -> Iterator[None]:
    """A botocore session keeps the region of the environment it was made in."""
    sdk._session.cache_clear()
    yield
    sdk._session.cache_clear()


@pytest.mark.usefixtures("_new_session")
@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-3", "il-central-1"])
def test_what_is_signed_is_for_the_bucket_s_own_region(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """S3's global address redirects to it, which no signature survives, or does not know the region at all."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    bucket = PictureBucket(aws.s3.__wrapped__(), "pictures-of-us")
    upload = bucket.presigned_upload("u-1", UploadRequest(content_type=PictureType.PNG, size=1))
    picture = Picture(content_type=PictureType.PNG, size=1, width=1, height=1, updated_at=datetime.now(UTC))
    for url in (upload.url, bucket.link("pictures/u-1/1/2", picture).url):
        assert url.startswith(f"https://pictures-of-us.s3.{region}.amazonaws.com/")


def test_an_upload_is_good_for_one_place_and_until_it_says() -> None:
    bucket = PictureBucket(aws.s3(), "pictures-of-us")
    upload = bucket.presigned_upload("u-1", UploadRequest(content_type=PictureType.PNG, size=1))
    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    named = [it for it in policy["conditions"] if isinstance(it, dict)]
    assert {"bucket": "pictures-of-us"} in named
    assert {"key": f"uploads/u-1/{upload.upload_id}"} in named
    assert {"Content-Type": "image/png"} in named
    assert ["content-length-range", 1, 5_242_880] in policy["conditions"]
    assert "starts-with" not in json.dumps(policy)
    assert policy["expiration"] == upload.model_dump(mode="json")["expires_at"].replace(".000Z", "Z")


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
