"""The time that AWS may cost, and how its faults are told apart."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
)
from botocore.exceptions import ReadTimeoutError as Slow

from chalicelib import aws, checking
from chalicelib.errors import ApiError, BackendFailed, Unanswered, Unavailable
from local.settings import ROOT

BACKOFF = 1.0  # seconds; the most that botocore's standard mode waits before a second attempt
COLD_START = 0.5  # seconds
COGNITO = 5.0  # seconds, the trigger's limit


def worst(client: Any) -> float:
    config = client.meta.config
    attempts = config.retries["total_max_attempts"]
    return float(attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * BACKOFF)


def test_post_confirmation_is_done_in_time_whatever_dynamodb_does() -> None:
    assert worst(aws.dynamodb()) + COLD_START < 4.0 < COGNITO


def test_post_authentication_is_done_in_time_whatever_aws_does() -> None:
    assert 2 * worst(aws.dynamodb(attempts=1)) + worst(aws.cognito(attempts=1)) < 4.0 < COGNITO


CONFIG: dict[str, Any] = json.loads((ROOT / ".chalice" / "config.json").read_text())["lambda_functions"]


def test_a_put_of_a_picture_that_heals_is_done_in_time_whatever_aws_does() -> None:
    """It takes a lease, lists twice, has the upload checked, writes, clears up, and returns the lease at worst.

    API Gateway waits 29 s.
    """
    healing = 2 * worst(aws.dynamodb()) + worst(aws.cognito(attempts=1))
    calls = 3 * worst(aws.s3()) + worst(aws.lambda_()) + worst(aws.dynamodb()) + 2 * worst(aws.dynamodb(attempts=1))
    assert healing + calls + COLD_START < CONFIG["api_handler"]["lambda_timeout"] < 29


def test_slow_s3_leaves_time_for_the_picture_itself() -> None:
    """Else a timeout of the function would not be the picture's fault."""
    reading = checking.READ_SECONDS + aws.CHECK_READ_TIMEOUT  # the time is looked at between two parts
    assert reading + checking.CLEAN_SECONDS + checking.WRITE_SECONDS <= CONFIG["check_picture"]["lambda_timeout"]
    sending = aws.CONNECT_TIMEOUT
    assert worst(aws.s3(aws.CHECK_READ_TIMEOUT)) + sending <= checking.WRITE_SECONDS


def test_a_check_is_waited_for() -> None:
    timeout = CONFIG["check_picture"]["lambda_timeout"]
    assert timeout + 2 < aws.CHECK_TIMEOUT, "starting it does not count as its own time"


@pytest.mark.parametrize("make", [aws.dynamodb, aws.cognito, aws.s3, aws.lambda_])
def test_each_request_is_signed_and_each_certificate_checked(make: Callable[[], Any]) -> None:
    client = make()
    assert client.meta.config.signature_version in ("v4", "s3v4")
    assert client._endpoint.http_session._verify  # True, or whose certificates to trust


def test_every_client_there_is_can_be_made() -> None:
    made = (aws.dynamodb(), aws.cognito(), aws.s3(), aws.lambda_())
    names = ["dynamodb", "cognito-idp", "s3", "lambda"]
    assert [client.meta.service_model.service_name for client in made] == names


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutItem")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (refusal("ProvisionedThroughputExceededException"), Unavailable),
        (refusal("ThrottlingException"), Unavailable),
        (refusal("TooManyRequestsException"), Unavailable),
        (refusal("InternalServerError", 500), Unavailable),
        (refusal("Anything", 503), Unavailable),
        (refusal("SlowDown", 503), Unavailable),
        (refusal("RequestTimeout"), Unavailable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), Unanswered),
        (EndpointConnectionError(endpoint_url="x"), Unanswered),
        (ConnectTimeoutError(endpoint_url="x"), Unanswered),
        (Slow(endpoint_url="x"), Unanswered),
        (refusal("AccessDeniedException"), BackendFailed),
        (refusal("ResourceNotFoundException"), BackendFailed),
        (NoCredentialsError(), BackendFailed),
    ],
)
def test_what_may_pass_is_told_apart_from_what_will_not(raised: Exception, told: type[ApiError]) -> None:
    with pytest.raises(ApiError) as caught, aws.translated():
        raise raised
    assert type(caught.value) is told
    assert caught.value.__cause__ is raised


def test_a_code_that_is_asked_for_is_passed_on() -> None:
    with pytest.raises(ClientError), aws.translated("ConditionalCheckFailedException"):
        raise refusal("ConditionalCheckFailedException")
