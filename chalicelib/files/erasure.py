"""The erasure of a user's files."""

from chalicelib.files.repository import FileRepository
from chalicelib.files.storage import FileStorage


class FileErasure:
    """Erases files with their contents."""

    def __init__(self, repository: FileRepository, storage: FileStorage) -> None:
        self._repository = repository
        self._storage = storage

    def erase(self, user_id: str) -> int:
        """Delete all records of a user, and then all versions of the objects. Return the number of versions.

        An upload that arrives after the deletion of the records finds none, and check_file deletes it.
        """
        self._repository.delete_all(user_id)
        return self._storage.delete_all_versions(user_id)
