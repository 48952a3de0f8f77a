"""The clients of AWS services: signatures, certificates, and timeouts within the limits of the callers."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from chalicelib.aws import clients, dynamodb_transactions
from chalicelib.files import checking
from chalicelib.pictures import processing
from local.config import ROOT

MAX_BACKOFF_SECONDS: Final = 1.0  # before a second attempt in botocore's standard mode
COLD_START_SECONDS: Final = 0.5
TRIGGER_LIMIT_SECONDS: Final = 5.0  # Cognito's, for each trigger
API_GATEWAY_LIMIT_SECONDS: Final = 29.0
FUNCTIONS: Final[dict[str, Any]] = json.loads((ROOT / ".chalice" / "config.json").read_text())["lambda_functions"]


def worst_case_seconds(client: Any) -> float:
    """Return how long one call of a client takes if each of its attempts ends by a timeout."""
    config = client.meta.config
    attempts = config.retries["total_max_attempts"]
    return float(attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * MAX_BACKOFF_SECONDS)


def test_post_confirmation_ends_within_the_limit_of_cognito() -> None:
    assert worst_case_seconds(clients.dynamodb()) + COLD_START_SECONDS < 4.0 < TRIGGER_LIMIT_SECONDS


def test_post_authentication_ends_within_the_limit_of_cognito() -> None:
    database, user_pool = clients.dynamodb(attempts=1), clients.cognito(attempts=1)
    assert 2 * worst_case_seconds(database) + worst_case_seconds(user_pool) < 4.0 < TRIGGER_LIMIT_SECONDS


def test_put_of_a_picture_ends_within_the_limit_of_the_api() -> None:
    """At worst it provisions a missing profile and then makes these calls.

    It takes a lease, lists objects twice, has the upload checked, writes the profile, deletes objects, and returns the
    lease.
    """
    provisioning = 2 * worst_case_seconds(clients.dynamodb()) + worst_case_seconds(clients.cognito(attempts=1))
    lists_and_deletes = 3 * worst_case_seconds(clients.s3())
    check = worst_case_seconds(clients.lambda_())
    writes = worst_case_seconds(clients.dynamodb()) + 2 * worst_case_seconds(clients.dynamodb(attempts=1))
    total = provisioning + lists_and_deletes + check + writes + COLD_START_SECONDS
    assert total < FUNCTIONS["api_handler"]["lambda_timeout"] < API_GATEWAY_LIMIT_SECONDS


def worst_case_transaction_seconds() -> float:
    """Return how long a transaction takes if all attempts but the last one meet a conflict."""
    return dynamodb_transactions.CONFLICT_SECONDS + worst_case_seconds(clients.dynamodb())


def test_post_of_a_file_ends_within_the_limit_of_the_api() -> None:
    """The first file of a day can need three transactions."""
    total = 3 * worst_case_transaction_seconds() + COLD_START_SECONDS
    assert total < FUNCTIONS["api_handler"]["lambda_timeout"] < API_GATEWAY_LIMIT_SECONDS


def test_check_of_a_file_ends_within_its_timeout() -> None:
    """It reads the record, finds, reads and tags the object, rejects the file, and lists and deletes its versions."""
    call = worst_case_seconds(clients.s3(clients.FILE_CHECK_S3_READ_TIMEOUT))
    reading = checking.READ_SECONDS + clients.FILE_CHECK_S3_READ_TIMEOUT
    total = worst_case_seconds(clients.dynamodb()) + 4 * call + reading + worst_case_transaction_seconds()
    assert total + COLD_START_SECONDS < FUNCTIONS["check_file"]["lambda_timeout"]


def test_slow_s3_leaves_enough_time_for_the_picture() -> None:
    """Otherwise a timeout of the function would be blamed on the picture."""
    reading = (
        processing.READ_SECONDS + clients.PICTURE_CHECK_S3_READ_TIMEOUT
    )  # the deadline is checked between two parts of the body
    assert (
        reading + processing.SANITIZE_SECONDS + processing.WRITE_SECONDS <= FUNCTIONS["check_picture"]["lambda_timeout"]
    )
    sending = clients.CONNECT_TIMEOUT
    assert worst_case_seconds(clients.s3(clients.PICTURE_CHECK_S3_READ_TIMEOUT)) + sending <= processing.WRITE_SECONDS


def test_api_waits_longer_than_a_picture_check_runs() -> None:
    start_seconds = 2  # of the function, which its own timeout does not include
    assert FUNCTIONS["check_picture"]["lambda_timeout"] + start_seconds < clients.PICTURE_CHECK_READ_TIMEOUT


@pytest.mark.parametrize("create_client", [clients.dynamodb, clients.cognito, clients.s3, clients.lambda_])
def test_requests_are_signed_and_certificates_verified(create_client: Callable[[], Any]) -> None:
    client = create_client()
    assert client.meta.config.signature_version in ("v4", "s3v4")
    assert client._endpoint.http_session._verify  # True, or the path of the trusted certificates


def test_every_client_can_be_created() -> None:
    created = (clients.dynamodb(), clients.cognito(), clients.s3(), clients.lambda_())
    services = ["dynamodb", "cognito-idp", "s3", "lambda"]
    assert [client.meta.service_model.service_name for client in created] == services
