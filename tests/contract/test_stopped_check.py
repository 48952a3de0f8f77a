"""An upload on which the function that checks pictures runs out of time: rejected, and gone from the bucket."""

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from chalice.test import Client

import app
from chalicelib.settings import settings
from local import stack
from tests.conftest import SUB
from tests.contract.handlers import table, token
from tests.images import picture
from tests.integration.conftest import Run

UPLOAD_ID = "0000000a-0000-4000-8000-00000000000b"
KEY = f"uploads/{SUB}/{UPLOAD_ID}"
NAME = "check_picture_that_never_ends"
CODE = "import time\n\ndef handler(event, context):\n    time.sleep(60)\n"


@pytest.fixture
def sleeping_function(run: Run) -> Iterator[str]:
    """A function in the place of the one that checks pictures. Its time is up after a second."""
    lambda_ = stack.client("lambda", run.stack)
    role = lambda_.get_function_configuration(FunctionName=run.stack.picture_function)["Role"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("sleeping.py", CODE)
    lambda_.create_function(
        FunctionName=NAME, Role=role, Runtime="python3.12", Handler="sleeping.handler", Timeout=1,
        Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    yield NAME
    lambda_.delete_function(FunctionName=NAME)


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")  # Chalice's client checks no token: that is meant here
def test_upload_on_which_time_runs_out_is_rejected_and_removed(
    run: Run, sleeping_function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, bucket = stack.client("s3", run.stack), run.stack.bucket
    s3.put_object(Bucket=bucket, Key=KEY, Body=picture(), ContentType="image/jpeg")
    body = json.dumps({"upload_id": UPLOAD_ID}).encode()
    headers = {"Authorization": token(), "Content-Type": "application/json"}
    with table(run.stack):
        monkeypatch.setenv("PICTURE_FUNCTION", sleeping_function)
        settings.cache_clear()
        with Client(app.app, stage_name="test") as client:
            first, second = (client.http.put("/users/me/picture", headers=headers, body=body) for _ in range(2))
    assert first.status_code == 422
    assert first.json_body["errors"] == [
        {"pointer": "/upload_id", "detail": "the file must be an image that can be read in less time"}
    ]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=KEY)
    assert second.status_code == 404, "it can't be repeated"
