"""botocore's exceptions as errors of the application: transient or not."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
)

from chalicelib.aws import errors
from chalicelib.core.errors import ApiError, NoResponse, ServiceUnavailable, UpstreamError
from tests.support.aws import client_error


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (client_error("ProvisionedThroughputExceededException"), ServiceUnavailable),
        (client_error("ThrottlingException"), ServiceUnavailable),
        (client_error("TooManyRequestsException"), ServiceUnavailable),
        (client_error("InternalServerError", 500), ServiceUnavailable),
        (client_error("Anything", 503), ServiceUnavailable),
        (client_error("SlowDown", 503), ServiceUnavailable),
        (client_error("RequestTimeout"), ServiceUnavailable),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), NoResponse),
        (EndpointConnectionError(endpoint_url="x"), NoResponse),
        (ConnectTimeoutError(endpoint_url="x"), NoResponse),
        (ReadTimeoutError(endpoint_url="x"), NoResponse),
        (client_error("AccessDeniedException"), UpstreamError),
        (client_error("ResourceNotFoundException"), UpstreamError),
        (NoCredentialsError(), UpstreamError),
    ],
)
def test_transient_errors_differ_from_permanent_ones(raised: Exception, expected: type[ApiError]) -> None:
    with pytest.raises(ApiError) as caught, errors.translate_errors():
        raise raised
    assert type(caught.value) is expected
    assert caught.value.__cause__ is raised


def test_error_with_a_passthrough_code_is_not_translated() -> None:
    with pytest.raises(ClientError), errors.translate_errors("ConditionalCheckFailedException"):
        raise client_error("ConditionalCheckFailedException")
