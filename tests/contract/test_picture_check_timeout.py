"""An upload is rejected and deleted if the function that checks pictures times out on it."""

from collections.abc import Iterator

import pytest

from chalicelib.core.settings import get_settings
from local.emulator_clients import emulator_client
from local.function_archive import build_function_archive
from tests.support.data import SUB
from tests.support.in_process import seeded_table, send_request
from tests.support.sample_images import make_image
from tests.support.stack import RunningStack

UPLOAD_ID = "0000000a-0000-4000-8000-00000000000b"
UPLOAD_KEY = f"uploads/{SUB}/{UPLOAD_ID}"
FUNCTION_NAME = "check_picture_that_never_ends"
CODE = "import time\n\ndef handler(event, context):\n    time.sleep(60)\n"


@pytest.fixture
def sleeping_function(stack: RunningStack) -> Iterator[str]:
    """Create a function that times out after one second, and return its name."""
    lambda_ = emulator_client("lambda", stack.outputs)
    role = lambda_.get_function_configuration(FunctionName=stack.outputs.picture_function)["Role"]
    lambda_.create_function(
        FunctionName=FUNCTION_NAME, Role=role, Runtime="python3.12", Handler="sleeping.handler", Timeout=1,
        Code={"ZipFile": build_function_archive("sleeping.py", CODE)},
    )  # fmt: skip
    yield FUNCTION_NAME
    lambda_.delete_function(FunctionName=FUNCTION_NAME)


@pytest.mark.filterwarnings("ignore:CognitoUserPoolAuthorizer")
def test_upload_that_times_out_is_rejected_and_deleted(
    stack: RunningStack, sleeping_function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, bucket = emulator_client("s3", stack.outputs), stack.outputs.bucket
    s3.put_object(Bucket=bucket, Key=UPLOAD_KEY, Body=make_image(), ContentType="image/jpeg")
    with seeded_table(stack.outputs):
        monkeypatch.setenv("PICTURE_FUNCTION", sleeping_function)
        get_settings.cache_clear()
        first, second = (send_request("PUT", "/users/me/picture", {"upload_id": UPLOAD_ID}) for _ in range(2))
    assert first.status_code == 422
    assert first.json_body["errors"] == [
        {"pointer": "/upload_id", "detail": "the file must be an image that can be read in less time"}
    ]
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=UPLOAD_KEY)
    assert second.status_code == 404, "the upload is deleted, so the request cannot be repeated"
