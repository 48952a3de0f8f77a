"""The fakes pass the suites of the adapters that they replace."""

import inspect
import itertools
from datetime import UTC, datetime

import pytest

from chalicelib.aws.user_pool import PoolUser, UserPool
from chalicelib.files.models import File
from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage
from chalicelib.pictures.leases import PictureLeases
from chalicelib.pictures.processing import PictureProcessor
from chalicelib.pictures.repository import PictureRepository
from chalicelib.pictures.storage import PictureStorage
from chalicelib.privacy.repository import DeletionRepository
from chalicelib.profiles.repository import ProfileRepository
from chalicelib.reconciliation.checkpoints import Checkpoints
from chalicelib.reconciliation.file_check_starter import FileCheckStarter
from tests.support import (
    contracts,
    deletion_contracts,
    file_check_contracts,
    file_contracts,
    file_storage_contracts,
    lease_contracts,
)
from tests.support.checkpoint_contracts import CheckpointsContract
from tests.support.fakes.files import FakeFileCheckStarter, InMemoryFileRepository, InMemoryFileStorage
from tests.support.fakes.pictures import (
    FakePictureProcessor,
    InMemoryPictureLeases,
    InMemoryPictureRepository,
    InMemoryPictureStorage,
)
from tests.support.fakes.privacy import InMemoryDeletionRepository
from tests.support.fakes.profiles import InMemoryProfileRepository
from tests.support.fakes.reconciliation import InMemoryCheckpointItems, InMemoryCheckpoints
from tests.support.fakes.table import InMemoryTable
from tests.support.fakes.user_pool import FakeUserPool

_numbers = itertools.count(1)


@pytest.fixture
def user_id() -> str:
    return f"user-{next(_numbers)}"


@pytest.fixture
def table() -> InMemoryTable:
    return InMemoryTable()


class TableFixtures:
    """The fakes of the repositories over one table, which several suites need."""

    @pytest.fixture
    def profiles(self, table: InMemoryTable) -> ProfileRepository:
        return InMemoryProfileRepository(table)

    @pytest.fixture
    def pictures(self, table: InMemoryTable) -> PictureRepository:
        return InMemoryPictureRepository(table)

    @pytest.fixture
    def deletions(self, table: InMemoryTable) -> DeletionRepository:
        return InMemoryDeletionRepository(table)


class TestInMemoryProfileRepository(contracts.ProfileRepositoryContract):
    @pytest.fixture
    def repository(self, table: InMemoryTable) -> ProfileRepository:
        return InMemoryProfileRepository(table)


class TestInMemoryPictureRepository(TableFixtures, contracts.PictureRepositoryContract):
    @pytest.fixture
    def repository(self, table: InMemoryTable) -> PictureRepository:
        return InMemoryPictureRepository(table)


class PictureLeasesFixtures(TableFixtures, lease_contracts.PictureLeasesFixtures):
    @pytest.fixture
    def leases(self, table: InMemoryTable) -> PictureLeases:
        return InMemoryPictureLeases(table, lease_contracts.DAILY_LIMIT)


class TestInMemoryPictureLeases(PictureLeasesFixtures, lease_contracts.PictureLeasesContract):
    """One upload at a time."""


class TestInMemoryUploadLimit(PictureLeasesFixtures, lease_contracts.UploadLimitContract):
    """The limit of uploads per day."""


class DeletionRepositoryFixtures(TableFixtures, deletion_contracts.DeletionRepositoryFixtures):
    @pytest.fixture
    def repository(self, table: InMemoryTable) -> DeletionRepository:
        return InMemoryDeletionRepository(table)

    @pytest.fixture
    def leases(self, table: InMemoryTable) -> PictureLeases:
        return InMemoryPictureLeases(table)


class TestInMemoryDeletions(DeletionRepositoryFixtures, deletion_contracts.DeletionContract):
    """Scheduled deletions."""


class TestInMemoryErasures(DeletionRepositoryFixtures, deletion_contracts.ErasureContract):
    """Erasures."""


class TestInMemoryExports(DeletionRepositoryFixtures, deletion_contracts.ExportContract):
    """Exports."""


class TestInMemoryCheckpoints(CheckpointsContract):
    @pytest.fixture
    def items(self) -> InMemoryCheckpointItems:
        return InMemoryCheckpointItems()

    @pytest.fixture
    def checkpoints(self, items: InMemoryCheckpointItems) -> Checkpoints:
        return InMemoryCheckpoints(items)

    @pytest.fixture
    def other_checkpoints(self, items: InMemoryCheckpointItems) -> Checkpoints:
        return InMemoryCheckpoints(items)

    @pytest.fixture
    def dry_run_checkpoints(self, items: InMemoryCheckpointItems) -> Checkpoints:
        return InMemoryCheckpoints(items, dry_run=True)


class TestInMemoryPictureStorage(contracts.PictureStorageContract):
    @pytest.fixture
    def storage(self) -> PictureStorage:
        return InMemoryPictureStorage()


class FileRepositoryFixtures(TableFixtures, file_contracts.FileRepositoryFixtures):
    @pytest.fixture
    def repository(self, table: InMemoryTable) -> FileRepository:
        return InMemoryFileRepository(table)


class TestInMemoryFileRepository(FileRepositoryFixtures, file_contracts.FileRepositoryContract):
    """The requests of users."""


class TestInMemoryFileChecks(FileRepositoryFixtures, file_check_contracts.FileCheckContract):
    """The calls of check_file."""


class TestInMemoryFileReconciliation(FileRepositoryFixtures, file_check_contracts.FileReconciliationContract):
    """The calls of reconciliation and erasure."""


class TestInMemoryFileStorage(file_storage_contracts.FileStorageContract):
    @pytest.fixture
    def storage(self) -> InMemoryFileStorage:
        return InMemoryFileStorage()

    @pytest.fixture
    def upload(self, storage: FileStorage) -> file_storage_contracts.Upload:
        assert isinstance(storage, InMemoryFileStorage)
        memory = storage

        def upload(user_id: str, file: File) -> None:
            memory.upload(user_id, file, file_storage_contracts.CONTENT)

        return upload


class TestFakeUserPool(contracts.UserPoolContract):
    @pytest.fixture
    def username(self, user_id: str) -> str:
        return user_id

    @pytest.fixture
    def user_pool(self, username: str) -> UserPool:
        attributes = {"sub": username}
        now = datetime.now(UTC)
        user = PoolUser(
            attributes=attributes, enabled=True, status="CONFIRMED", last_modified_at=now, username=username
        )
        return FakeUserPool(user)


@pytest.mark.parametrize(
    ("fake", "adapter", "shared"),
    [
        (InMemoryProfileRepository, ProfileRepository, set[str]()),
        (InMemoryPictureRepository, PictureRepository, set[str]()),
        (InMemoryPictureLeases, PictureLeases, {"require_upload_allowed", "require_available"}),
        (InMemoryPictureStorage, PictureStorage, set[str]()),
        (InMemoryFileRepository, FileRepository, {"list_all"}),
        (InMemoryFileStorage, FileStorage, set[str]()),
        (FakeFileCheckStarter, FileCheckStarter, set[str]()),
        (FakeUserPool, UserPool, set[str]()),
        (InMemoryDeletionRepository, DeletionRepository, set[str]()),
        (InMemoryCheckpoints, Checkpoints, set[str]()),
        (FakePictureProcessor, PictureProcessor, set[str]()),
    ],
)
def test_fake_replaces_each_method_with_a_request(fake: type, adapter: type, shared: set[str]) -> None:
    methods = {name for name, _ in inspect.getmembers(adapter, inspect.isfunction) if not name.startswith("_")}
    assert methods - set(vars(fake)) == shared
