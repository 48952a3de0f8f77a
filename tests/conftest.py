"""Fixtures of all tests, and the environment in which they import `app`. Its AWS is a closed port."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.data import BUCKET, CLIENT_ID, CLOSED_PORT_ENDPOINT, POOL_ID, RECORDS_TABLE, TABLE
from tests.support.personal_data import assert_no_personal_data

if TYPE_CHECKING:
    from tests.support.stack import RunningStack

# `make test` exports these to its commands. Tests that run make would otherwise pass them to its targets.
for _name in ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"):
    os.environ.pop(_name, None)
# Variables of the developer's shell must not select a real account or change the application's settings. AWS_PORT
# remains: it is the port that the developer chose for the embedded AWS.
for _name in [name for name in os.environ if name.startswith(("AWS_", "DYNAMODB_", "S3_", "USER_POOL_", "CORS_"))]:
    if _name != "AWS_PORT":
        del os.environ[_name]
# Set on import, because `app` reads the environment when a test module imports it.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # botocore would look for credentials on the network
    "AWS_ENDPOINT_URL": CLOSED_PORT_ENDPOINT,
    "CORS_ALLOW_ORIGINS": "https://app.example.com, http://localhost:3000",
    "DYNAMODB_TABLE": TABLE,
    "ERASE_FUNCTION": "erase_user",
    "PICTURE_FUNCTION": "check_picture",
    "RECORDS_TABLE": RECORDS_TABLE,
    "S3_BUCKET": BUCKET,
    "USER_POOL_ARN": f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}",
    "USER_POOL_CLIENT_ID": CLIENT_ID,
}


@pytest.fixture(autouse=True)
def _no_personal_data_in_logs() -> Iterator[None]:
    """Fail each test during which the application logs personal data in this process.

    Logs of other processes are checked by the fixtures that start them.
    """
    from chalicelib.core import logs  # imported here, because the environment is set by then

    lines: list[str] = []
    sink = lines.append
    logs.sinks.append(sink)
    yield
    logs.sinks.remove(sink)
    assert_no_personal_data("\n".join(lines))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[RunningStack]":
    """Start one `make run` for all tests that change neither its users nor its resources nor its code."""
    from tests.support.stack import start_stack  # imported here, because the environment is set by then

    with start_stack(tmp_path_factory.mktemp("local")) as stack:
        yield stack
    assert '"message":"profile created"' in stack.read_logs(), "the application logged nothing"
