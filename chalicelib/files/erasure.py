"""The erasure of a user's files."""

from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage


class FileErasure:
    """Erases files with their contents."""

    def __init__(self, repository: FileRepository, storage: FileStorage) -> None:
        self._repository = repository
        self._storage = storage

    def erase(self, user_id: str) -> int:
        """Delete all versions of a user's objects, and then all records. Return the number of versions.

        An upload that arrives later finds no record, and check_file deletes it.
        """
        count = self._storage.delete_all_versions(user_id)
        self._repository.delete_all(user_id)
        return count
