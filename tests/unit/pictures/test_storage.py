"""Presigned requests, and reading an upload from S3."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.aws import clients
from chalicelib.core.errors import ServiceUnavailable
from chalicelib.pictures.models import CreateUploadRequest
from chalicelib.pictures.storage import PictureStorage
from chalicelib.profiles.fields import PictureType
from chalicelib.profiles.models import Picture

BUCKET = "profile-pictures"
UPLOAD_REQUEST = CreateUploadRequest(content_type=PictureType.PNG, size=1)


@pytest.fixture
def _new_session() -> Iterator[None]:
    """Create a new botocore session. A session keeps the region of the environment that it was created in."""
    clients.reset()
    yield
    clients.reset()


@pytest.mark.usefixtures("_new_session")
@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-3", "il-central-1"])
def test_presigned_url_has_the_region_of_the_bucket(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """S3's global endpoint redirects to it, which invalidates the signature, or does not know the region."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    bucket = PictureStorage(clients.s3(), BUCKET)
    upload = bucket.create_presigned_upload("u-1", UPLOAD_REQUEST)
    picture = Picture(content_type=PictureType.PNG, size=1, width=1, height=1, updated_at=datetime.now(UTC))
    for url in (upload.url, bucket.create_presigned_link("pictures/u-1/1/2", picture).url):
        assert url.startswith(f"https://{BUCKET}.s3.{region}.amazonaws.com/")


def test_presigned_upload_has_one_key_type_and_expiry() -> None:
    upload = PictureStorage(clients.s3(), BUCKET).create_presigned_upload("u-1", UPLOAD_REQUEST)
    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    exact_conditions = [condition for condition in policy["conditions"] if isinstance(condition, dict)]
    assert {"bucket": BUCKET} in exact_conditions
    assert {"key": f"uploads/u-1/{upload.upload_id}"} in exact_conditions
    assert {"Content-Type": "image/png"} in exact_conditions
    assert ["content-length-range", 1, 5_242_880] in policy["conditions"]
    assert "starts-with" not in json.dumps(policy)
    # S3 may accept the form for longer than the response states, by the time between the two clock readings.
    assert timedelta(0) <= datetime.fromisoformat(policy["expiration"]) - upload.expires_at < timedelta(minutes=1)


class SlowBody:
    """A body that arrives in small parts."""

    def read(self, _: int) -> bytes:
        time.sleep(0.02)
        return bytes(1000)


class SlowS3:
    """A client of S3 whose body takes too long as a whole, although each part arrives in time."""

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": SlowBody(), "ContentLength": 1_000_000, "ContentType": "image/png"}


def test_upload_that_arrives_too_slowly_is_unavailable() -> None:
    bucket = PictureStorage(SlowS3(), BUCKET)  # type: ignore[arg-type]
    with pytest.raises(ServiceUnavailable):
        bucket.read_upload("uploads/u-1/1", seconds=0.05)
