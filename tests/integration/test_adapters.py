"""The adapters pass their suites over the embedded AWS, like the fakes of tests/unit/test_fakes.py."""

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from chalicelib.aws import s3_versions
from chalicelib.aws.user_pool import UserPool
from chalicelib.files.models import File
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.pictures.leases import PictureLeases
from chalicelib.pictures.repository import PictureRepository
from chalicelib.pictures.storage import PictureStorage
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from local.emulator_clients import emulator_client
from local.resources.tables import create_records_table, create_users_table
from tests.support import (
    contracts,
    deletion_contracts,
    file_check_contracts,
    file_contracts,
    file_storage_contracts,
    lease_contracts,
)
from tests.support.checkpoint_contracts import CheckpointsContract
from tests.support.picture_client import post_form
from tests.support.stack import RunningStack
from tests.support.users import User

TABLE = "Adapters"
RECORDS_TABLE = "AdapterRecords"


@pytest.fixture
def user_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture(scope="module")
def dynamodb(stack: RunningStack) -> Iterator[Any]:
    dynamodb = emulator_client("dynamodb", stack.outputs)
    create_users_table(dynamodb, TABLE)
    create_records_table(dynamodb, RECORDS_TABLE)
    yield dynamodb
    for table in (TABLE, RECORDS_TABLE):
        dynamodb.delete_table(TableName=table)


@pytest.fixture(scope="module")
def s3(stack: RunningStack) -> Any:
    return emulator_client("s3", stack.outputs)


@pytest.fixture(scope="module")
def bucket(s3: Any) -> Iterator[str]:
    """Return a bucket with versioning in which no file is scanned."""
    name = f"adapters-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    yield name
    s3_versions.delete_versions(s3, name, "")
    s3.delete_bucket(Bucket=name)


class TableFixtures:
    """The repositories over one table, which several suites need."""

    @pytest.fixture
    def profiles(self, dynamodb: Any) -> ProfileRepository:
        return ProfileRepository(dynamodb, TABLE)

    @pytest.fixture
    def pictures(self, dynamodb: Any) -> PictureRepository:
        return PictureRepository(dynamodb, TABLE)

    @pytest.fixture
    def deletions(self, dynamodb: Any) -> DeletionRepository:
        return DeletionRepository(dynamodb, TABLE)


class TestProfileRepository(contracts.ProfileRepositoryContract):
    @pytest.fixture
    def repository(self, dynamodb: Any) -> ProfileRepository:
        return ProfileRepository(dynamodb, TABLE)


class TestPictureRepository(TableFixtures, contracts.PictureRepositoryContract):
    @pytest.fixture
    def repository(self, dynamodb: Any) -> PictureRepository:
        return PictureRepository(dynamodb, TABLE)


class PictureLeasesFixtures(TableFixtures, lease_contracts.PictureLeasesFixtures):
    @pytest.fixture
    def leases(self, dynamodb: Any) -> PictureLeases:
        return PictureLeases(lambda: dynamodb, TABLE, lease_contracts.DAILY_LIMIT)


class TestPictureLeases(PictureLeasesFixtures, lease_contracts.PictureLeasesContract):
    """One upload at a time."""


class TestUploadLimit(PictureLeasesFixtures, lease_contracts.UploadLimitContract):
    """The limit of uploads per day."""


class DeletionRepositoryFixtures(TableFixtures, deletion_contracts.DeletionRepositoryFixtures):
    @pytest.fixture
    def repository(self, dynamodb: Any) -> DeletionRepository:
        return DeletionRepository(dynamodb, TABLE)

    @pytest.fixture
    def leases(self, dynamodb: Any) -> PictureLeases:
        return PictureLeases(lambda: dynamodb, TABLE, uploads_per_day=50)


class TestDeletions(DeletionRepositoryFixtures, deletion_contracts.DeletionContract):
    """Scheduled deletions."""


class TestErasures(DeletionRepositoryFixtures, deletion_contracts.ErasureContract):
    """Erasures."""


class TestExports(DeletionRepositoryFixtures, deletion_contracts.ExportContract):
    """Exports."""


class TestCheckpoints(CheckpointsContract):
    @pytest.fixture
    def table(self, dynamodb: Any) -> Iterator[str]:
        name = f"Checkpoints-{uuid.uuid4().hex[:8]}"
        create_users_table(dynamodb, name)
        yield name
        dynamodb.delete_table(TableName=name)

    @pytest.fixture
    def checkpoints(self, dynamodb: Any, table: str) -> Checkpoints:
        return Checkpoints(dynamodb, table)

    @pytest.fixture
    def other_checkpoints(self, dynamodb: Any, table: str) -> Checkpoints:
        return Checkpoints(dynamodb, table)

    @pytest.fixture
    def dry_run_checkpoints(self, dynamodb: Any, table: str) -> Checkpoints:
        return Checkpoints(dynamodb, table, dry_run=True)


class TestPictureStorage(contracts.PictureStorageContract):
    @pytest.fixture
    def storage(self, stack: RunningStack) -> PictureStorage:
        return PictureStorage(emulator_client("s3", stack.outputs), stack.outputs.bucket)


class FileRepositoryFixtures(TableFixtures, file_contracts.FileRepositoryFixtures):
    @pytest.fixture
    def repository(self, dynamodb: Any) -> FileRepository:
        return FileRepository(dynamodb, RECORDS_TABLE, TABLE)


class TestFileRepository(FileRepositoryFixtures, file_contracts.FileRepositoryContract):
    """The requests of users."""


class TestFileChecks(FileRepositoryFixtures, file_check_contracts.FileCheckContract):
    """The calls of check_file."""


class TestFileReconciliation(FileRepositoryFixtures, file_check_contracts.FileReconciliationContract):
    """The calls of reconciliation and erasure."""


class TestFileStorage(file_storage_contracts.FileStorageContract):
    @pytest.fixture
    def storage(self, s3: Any, bucket: str) -> FileStorage:
        return FileStorage(s3, bucket)

    @pytest.fixture
    def upload(self, storage: FileStorage) -> file_storage_contracts.Upload:
        def upload(user_id: str, file: File) -> None:
            form = storage.create_presigned_upload(user_id, file).model_dump()
            assert post_form(form, file_storage_contracts.CONTENT).status_code == 204

        return upload


class TestUserPool(contracts.UserPoolContract):
    @pytest.fixture
    def username(self, user: User) -> str:
        return user.sub

    @pytest.fixture
    def user_pool(self, stack: RunningStack) -> UserPool:
        return UserPool(partial(emulator_client, "cognito-idp", stack.outputs), stack.outputs.user_pool_id)
