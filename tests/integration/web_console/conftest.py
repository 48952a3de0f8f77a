"""The stack of the web console. Its files share it, and run in one process (tests/support/scheduling.py)."""

from collections.abc import Iterator

import pytest

from local.user_client import UserClient
from tests.support.console import ConsoleClient
from tests.support.stack import RunningStack, start_stack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack of this package, because the tests delete all its data."""
    with start_stack(tmp_path_factory.mktemp("console"), variables={"RANDOM_CODES": "1"}) as stack:
        yield stack


@pytest.fixture(scope="package")
def console(stack: RunningStack) -> ConsoleClient:
    return ConsoleClient.open(stack.outputs)


@pytest.fixture(scope="package")
def user_client(stack: RunningStack) -> UserClient:
    return UserClient(stack.outputs)
