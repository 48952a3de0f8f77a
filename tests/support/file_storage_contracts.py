"""The contract of the storage of files. The suite runs as those of contracts.py."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeAlias

import pytest

from chalicelib.files.models import File
from chalicelib.files.storage import FileStorage
from tests.support.file_contracts import build_file

CONTENT: Final = b"%PDF-1.7 content"
Upload: TypeAlias = Callable[[str, File], None]


class FileStorageContract(ABC):
    """The contract of FileStorage. `upload` stores CONTENT as a client does."""

    @pytest.fixture
    @abstractmethod
    def storage(self) -> FileStorage:
        """Return the storage under test."""

    @pytest.fixture
    @abstractmethod
    def upload(self, storage: FileStorage) -> Upload:
        """Return a function that uploads CONTENT as a file of a user."""

    @pytest.fixture
    def file(self) -> File:
        return build_file(content=CONTENT).file

    def test_form_has_the_limits_of_the_file(self, storage: FileStorage, user_id: str, file: File) -> None:
        form = storage.create_presigned_upload(user_id, file)
        assert form.fields["key"] == f"files/{user_id}/{file.id}"
        assert (form.limits.min_bytes, form.limits.max_bytes) == (len(CONTENT), len(CONTENT))

    def test_link_has_the_key_of_the_file(self, storage: FileStorage, user_id: str, file: File) -> None:
        assert f"files/{user_id}/{file.id}" in storage.create_presigned_link(user_id, file).url

    def test_uploaded_file_exists(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        assert storage.count_versions(user_id, file.id) == 0
        upload(user_id, file)
        assert storage.count_versions(user_id, file.id) == 1
        assert storage.list_file_ids(user_id) == {file.id}

    def test_uploaded_file_can_be_read(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        assert storage.read(user_id, file.id, len(CONTENT), seconds=5) == (CONTENT, "application/pdf")

    def test_longer_file_is_cut_off(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        read = storage.read(user_id, file.id, 3, seconds=5)
        assert read is not None
        assert read.content == CONTENT[:4]

    def test_missing_file_is_none(self, storage: FileStorage, user_id: str, file: File) -> None:
        assert storage.read(user_id, file.id, 100, seconds=5) is None
        assert storage.list_file_ids(user_id) == set()

    def test_file_without_a_scan_has_no_status(
        self, storage: FileStorage, upload: Upload, user_id: str, file: File
    ) -> None:
        upload(user_id, file)
        assert storage.get_scan_status(user_id, file.id) is None

    def test_deleted_file_is_gone(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        for _ in range(2):
            storage.delete(user_id, file.id)
        assert storage.count_versions(user_id, file.id) == 0
        assert storage.list_file_ids(user_id) == set()

    def test_versions_of_one_file_are_deleted(
        self, storage: FileStorage, upload: Upload, user_id: str, file: File
    ) -> None:
        other = build_file(content=CONTENT).file
        for uploaded in (file, file, other):
            upload(user_id, uploaded)
        assert storage.delete_versions(user_id, file.id) >= 1
        assert storage.list_file_ids(user_id) == {other.id}
        assert storage.delete_versions(user_id, file.id) == 0

    def test_repeated_uploads_are_deleted(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        other = build_file(content=CONTENT).file
        for uploaded in (file, file, file, other, other):
            upload(user_id, uploaded)
        assert storage.count_versions(user_id, file.id) == 2
        assert storage.delete_repeated_uploads(user_id, file.id) == 2
        assert storage.count_versions(user_id, file.id) == 1
        assert storage.read(user_id, file.id, len(CONTENT), seconds=5) == (CONTENT, "application/pdf")
        assert storage.count_versions(user_id, other.id) == 2

    def test_single_upload_is_not_deleted(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        assert storage.delete_repeated_uploads(user_id, file.id) == 0
        upload(user_id, file)
        assert storage.delete_repeated_uploads(user_id, file.id) == 0
        assert storage.count_versions(user_id, file.id) == 1

    def test_deleted_file_has_no_repeated_uploads(
        self, storage: FileStorage, upload: Upload, user_id: str, file: File
    ) -> None:
        for _ in range(2):
            upload(user_id, file)
        storage.delete(user_id, file.id)
        assert storage.delete_repeated_uploads(user_id, file.id) == 0
        assert storage.count_versions(user_id, file.id) == 0

    def test_late_upload_is_deleted(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        assert not storage.delete_late_upload(user_id, file.id)
        for uploads in (2, 1, 3):
            for _ in range(uploads):
                upload(user_id, file)
            assert storage.delete_late_upload(user_id, file.id)
            assert not storage.delete_late_upload(user_id, file.id)
            assert storage.count_versions(user_id, file.id) == 0
        assert storage.delete_versions(user_id, file.id) in (1, 2), "one version, and perhaps a delete marker"

    def test_versions_of_a_user_are_deleted(
        self, storage: FileStorage, upload: Upload, user_id: str, file: File
    ) -> None:
        for owner in (user_id, f"{user_id}-other"):
            upload(owner, file)
        assert storage.delete_all_versions(user_id) >= 1
        assert storage.delete_all_versions(user_id) == 0
        assert storage.count_versions(f"{user_id}-other", file.id) == 1

    def test_users_with_files_are_listed(self, storage: FileStorage, upload: Upload, user_id: str, file: File) -> None:
        upload(user_id, file)
        upload(user_id, build_file(content=CONTENT).file)
        user_ids, cursor = storage.list_user_ids(None)
        while cursor:
            page, cursor = storage.list_user_ids(cursor)
            user_ids += page
        assert user_ids.count(user_id) == 1
