"""Clients and users of the session's shared stack."""

import functools

import pytest

from local.emulator_clients import emulator_client
from local.user_client import UserClient
from tests.support.reconciliation import PoolAndTable
from tests.support.stack import RunningStack
from tests.support.stored_files import FileStore
from tests.support.users import User, UserFactory, create_user_as_admin, sign_up_and_sign_in


@pytest.fixture(scope="session")
def user_client(stack: RunningStack) -> UserClient:
    return UserClient(stack.outputs)


@pytest.fixture(scope="session")
def signed_up_user(user_client: UserClient) -> UserFactory:
    """Sign a user up, confirm them and sign them in."""
    return functools.partial(sign_up_and_sign_in, user_client)


@pytest.fixture(scope="session")
def admin_created_user(user_client: UserClient) -> UserFactory:
    """Create a user as an administrator does and sign them in."""
    return functools.partial(create_user_as_admin, user_client)


@pytest.fixture(scope="module")
def user(signed_up_user: UserFactory) -> User:
    """Return the user that the tests of a module share. No test may leave it changed for the next one."""
    return signed_up_user()


@pytest.fixture(scope="module")
def other_user(signed_up_user: UserFactory) -> User:
    return signed_up_user(name="Another Person")


@pytest.fixture(scope="module")
def store(stack: RunningStack) -> FileStore:
    """Return the tables and the bucket of files. A module with a stack of its own gets that of its stack."""
    outputs = stack.outputs
    dynamodb, s3 = emulator_client("dynamodb", outputs), emulator_client("s3", outputs)
    return FileStore(dynamodb, s3, outputs.records_table, outputs.bucket)


@pytest.fixture
def pool_and_table(stack: RunningStack) -> PoolAndTable:
    return PoolAndTable(stack.outputs)
