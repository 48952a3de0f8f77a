"""For all tests: the environment app.py is imported in. Its AWS is a closed port of this machine."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Run

POOL_ID = "us-east-1_UnitTests"
CLIENT_ID = "unittestsclient"
SUB = "1b2c3d4e-0000-4000-8000-000000000001"
CLAIMS = {
    "sub": SUB,
    "token_use": "id",
    "exp": "Wed Nov 25 10:00:00 UTC 2026",
    "aud": CLIENT_ID,
    "iss": f"https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}",
}

# Variables of `make test ARGS=...` would reach the commands that tests run by make.
for _name in ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"):
    os.environ.pop(_name, None)
for _name in [name for name in os.environ if name.startswith(("AWS_", "DYNAMODB_", "S3_", "USER_POOL_", "CORS_"))]:
    if _name not in ("AWS_PORT",):
        del os.environ[_name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "CORS_ALLOW_ORIGINS": "https://app.example.com, http://localhost:3000",
    "DYNAMODB_TABLE": "Users",
    "PICTURE_FUNCTION": "check_picture",
    "S3_BUCKET": "healthtech-profile-pics",
    "USER_POOL_ARN": f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{POOL_ID}",
    "USER_POOL_CLIENT_ID": CLIENT_ID,
}

# What stands in the names, addresses, numbers, birth dates, passwords and tokens of the tests' users. Not the example's
# number and date, which stand in the rules, too.
PERSONAL = (
    "john", "jane", "johnny", "person number", "writer ", "editor ", "mallory", "boto three", "secret",
    "@example", "example.com", "+8801898765432", "+4915112345678", "1985-01-31",
    "eyJ", "StrongPass", "AnotherPass", "AccessToken", "IdToken",
)  # fmt: skip


def assert_nothing_personal(logged: str) -> None:
    """No line of a log has anything of a user in it."""
    for mark in PERSONAL:
        assert mark.lower() not in logged.lower(), mark


@pytest.fixture(autouse=True)
def _nothing_personal_is_logged() -> Iterator[None]:
    """Reads all that the application logs in this process. What other processes log is read where they end."""
    from chalicelib import logs  # here, after the environment is set

    lines: list[str] = []
    read = lines.append
    logs.outlets.append(read)
    yield
    logs.outlets.remove(read)
    assert_nothing_personal("\n".join(lines))


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Run]":
    """One `make run` for all tests that do not change its users, its resources or its code."""
    from tests.integration.conftest import running  # here, after the environment is set

    with running(tmp_path_factory.mktemp("local")) as run:
        yield run
    assert '"message":"profile created"' in run.logged(), "the application logged nothing"
