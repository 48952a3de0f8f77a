"""Fixtures of the contract tests: a user of the running stack, and the calls that the application makes to AWS."""

from collections.abc import Iterator

import pytest

from chalicelib.aws import clients
from local.user_client import UserClient
from tests.support.in_process import seeded_table
from tests.support.recorded_calls import RecordedCalls
from tests.support.stack import RunningStack
from tests.support.users import User, sign_up_and_sign_in


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Sign a user up, confirm them and sign them in."""
    return sign_up_and_sign_in(UserClient(stack.outputs))


@pytest.fixture
def calls(stack: RunningStack) -> Iterator[RecordedCalls]:
    """Record the calls of the application's own clients, which use the seeded table."""
    calls = RecordedCalls()
    with seeded_table(stack.outputs):
        databases = (clients.dynamodb(), clients.dynamodb(attempts=1))
        user_pools = (clients.cognito(), clients.cognito(attempts=1))
        for client in (*databases, *user_pools, clients.s3(), clients.lambda_()):
            calls.record(client)
        yield calls
