"""The asynchronous invocation of a Lambda function."""

from typing import Any

import pytest

from chalicelib.aws.async_functions import AsyncFunction
from chalicelib.core.errors import ApiError, ServiceUnavailable, UpstreamError
from tests.support.aws import client_error
from tests.support.fake_lambda import FakeLambda


def test_start_invokes_the_function_asynchronously() -> None:
    lambda_ = FakeLambda()
    lambda_.build_function("healthtech-dev-erase_user").start('{"user_id": "u-1"}')
    assert lambda_.invocations == [
        {"FunctionName": "healthtech-dev-erase_user", "InvocationType": "Event", "Payload": '{"user_id": "u-1"}'}
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("TooManyRequestsException", ServiceUnavailable), ("AccessDeniedException", UpstreamError)],
)
def test_error_of_lambda_is_translated(code: str, expected: type[ApiError]) -> None:
    function = FakeLambda(fail_with=client_error(code)).build_function()
    with pytest.raises(ApiError) as caught:
        function.start("{}")
    assert type(caught.value) is expected


def test_client_is_created_at_the_first_call() -> None:
    created: list[FakeLambda] = []

    def create_client() -> Any:
        created.append(FakeLambda())
        return created[-1]

    function = AsyncFunction(create_client, "function")
    assert created == []
    function.start("{}")
    assert len(created) == 1
