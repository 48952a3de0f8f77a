"""The time that AWS may cost, and how its faults are told apart."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from botocore.exceptions import ReadTimeoutError as Slow

from chalicelib import aws
from chalicelib.errors import ApiError, BackendFailed, Unavailable

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


def test_a_get_that_heals_is_done_within_the_function_s_timeout() -> None:
    assert 2 * worst(aws.dynamodb()) + worst(aws.cognito()) + COLD_START < 15.0


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
        (EndpointConnectionError(endpoint_url="x"), Unavailable),
        (ConnectTimeoutError(endpoint_url="x"), Unavailable),
        (Slow(endpoint_url="x"), Unavailable),
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
