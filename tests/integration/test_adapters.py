"""The adapters pass their suites over the embedded AWS, like the fakes of tests/unit/test_fakes.py."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from chalicelib.aws.user_pool import UserPool
from chalicelib.pictures.repository import PictureRepository
from chalicelib.pictures.storage import PictureStorage
from chalicelib.profiles.repository import ProfileRepository
from local.emulator_clients import emulator_client
from tests.support import contracts
from tests.support.aws import create_users_table
from tests.support.stack import RunningStack
from tests.support.users import User

TABLE = "Adapters"


@pytest.fixture
def user_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture(scope="module")
def dynamodb(stack: RunningStack) -> Iterator[Any]:
    dynamodb = emulator_client("dynamodb", stack.outputs)
    create_users_table(dynamodb, TABLE)
    yield dynamodb
    dynamodb.delete_table(TableName=TABLE)


class TestProfileRepository(contracts.ProfileRepositoryContract):
    @pytest.fixture
    def repository(self, dynamodb: Any) -> ProfileRepository:
        return ProfileRepository(dynamodb, TABLE)


class TestPictureRepository(contracts.PictureRepositoryContract):
    @pytest.fixture
    def repository(self, dynamodb: Any) -> PictureRepository:
        return PictureRepository(dynamodb, TABLE)

    @pytest.fixture
    def profiles(self, dynamodb: Any) -> ProfileRepository:
        return ProfileRepository(dynamodb, TABLE)


class TestPictureStorage(contracts.PictureStorageContract):
    @pytest.fixture
    def storage(self, stack: RunningStack) -> PictureStorage:
        return PictureStorage(emulator_client("s3", stack.outputs), stack.outputs.bucket)


class TestUserPool(contracts.UserPoolContract):
    @pytest.fixture
    def username(self, user: User) -> str:
        return user.sub

    @pytest.fixture
    def user_pool(self, stack: RunningStack) -> UserPool:
        return UserPool(partial(emulator_client, "cognito-idp", stack.outputs), stack.outputs.user_pool_id)
