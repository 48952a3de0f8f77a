"""The contracts of the adapters. Each suite runs over the real adapter and its fake.

The fakes run in tests/unit/test_fakes.py, the adapters over the embedded AWS in tests/integration/test_adapters.py.
"""

from abc import ABC, abstractmethod
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest

from chalicelib.aws.dynamodb_values import FieldValue
from chalicelib.aws.user_pool import UserPool
from chalicelib.core.preconditions import ETags, Preconditions
from chalicelib.pictures.repository import PictureConditionFailed, PictureRepository, ProfileRecord
from chalicelib.pictures.storage import PictureStorage, create_picture_key
from chalicelib.profiles.fields import BloodGroup, Gender, PictureType
from chalicelib.profiles.models import Picture, Profile
from chalicelib.profiles.repository import ProfileConditionFailed, ProfileRepository, ScannedAccount

CREATED_AT: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOW: Final = CREATED_AT + timedelta(hours=1)
LATER: Final = NOW + timedelta(hours=1)
UPLOAD_ID: Final = "00000000-0000-4000-8000-000000000001"
PICTURE: Final = Picture(content_type=PictureType.PNG, size=3, width=1, height=1, updated_at=NOW)


def build_profile(user_id: str) -> Profile:
    return Profile(
        id=user_id,
        email="jane@example.com",
        name="Jane Roe",
        dob=date(1985, 1, 31),
        gender=Gender.FEMALE,
        blood_group=BloodGroup.O_NEGATIVE,
        created_at=CREATED_AT,
        updated_at=CREATED_AT,
        version=1,
    )


def scan_all(repository: ProfileRepository) -> list[ScannedAccount]:
    accounts, cursor = repository.scan_accounts(None)
    while cursor:
        page, cursor = repository.scan_accounts(cursor)
        accounts += page
    return accounts


class ProfileRepositoryContract(ABC):
    """The contract of ProfileRepository. `user_id` is a new id in each test."""

    @pytest.fixture
    @abstractmethod
    def repository(self) -> ProfileRepository:
        """Return the repository under test."""

    @pytest.fixture
    def profile(self, repository: ProfileRepository, user_id: str) -> Profile:
        profile, _ = repository.create_if_absent(build_profile(user_id))
        return profile

    def test_unknown_user_has_no_profile(self, repository: ProfileRepository, user_id: str) -> None:
        assert repository.get_profile(user_id) is None

    def test_created_profile_is_returned(self, repository: ProfileRepository, user_id: str) -> None:
        assert repository.create_if_absent(build_profile(user_id)) == (build_profile(user_id), True)
        assert repository.get_profile(user_id) == build_profile(user_id)

    def test_existing_profile_is_not_replaced(self, repository: ProfileRepository, profile: Profile) -> None:
        other = profile.model_copy(update={"name": "Other"})
        assert repository.create_if_absent(other) == (profile, False)

    def test_update_increments_the_version(self, repository: ProfileRepository, profile: Profile) -> None:
        updated = repository.update_fields(profile.id, {"name": "Jane Doe"}, {}, NOW)
        assert updated == profile.model_copy(update={"name": "Jane Doe", "updated_at": NOW, "version": 2})
        assert repository.get_profile(profile.id) == updated

    def test_none_erases_a_field(self, repository: ProfileRepository, profile: Profile) -> None:
        assert repository.update_fields(profile.id, {"dob": None}, {}, NOW).dob is None

    def test_stored_values_are_not_written_again(self, repository: ProfileRepository, profile: Profile) -> None:
        assert repository.update_fields(profile.id, {"name": profile.name}, {}, NOW) == profile

    def test_update_without_changes_compares_only(self, repository: ProfileRepository, profile: Profile) -> None:
        assert repository.update_fields(profile.id, {}, {"version": 1}, NOW) == profile
        with pytest.raises(ProfileConditionFailed):
            repository.update_fields(profile.id, {}, {"version": 2}, NOW)

    def test_repeated_request_does_not_write_twice(self, repository: ProfileRepository, profile: Profile) -> None:
        changes, expected = {"name": "Jane Doe"}, {"version": 1}
        first = repository.update_fields(profile.id, changes, expected, NOW)
        assert repository.update_fields(profile.id, changes, expected, NOW) == first

    @pytest.mark.parametrize("expected", [{"version": 2}, {"name": None}, {"email": "other@example.com"}])
    def test_unexpected_value_fails_the_update(
        self, repository: ProfileRepository, profile: Profile, expected: dict[str, int | str | None]
    ) -> None:
        with pytest.raises(ProfileConditionFailed) as failure:
            repository.update_fields(profile.id, {"name": "Jane Doe"}, expected, NOW)
        assert failure.value.stored == profile == repository.get_profile(profile.id)

    @pytest.mark.parametrize(
        ("preconditions", "is_permitted"),
        [
            (Preconditions(if_match=ETags(frozenset({1, 7}))), True),
            (Preconditions(if_match=ETags(frozenset({7}))), False),
            (Preconditions(if_match=ETags(frozenset())), False),
            (Preconditions(if_match=ETags(frozenset(), is_wildcard=True)), True),
            (Preconditions(if_none_match=ETags(frozenset({1}))), False),
            (Preconditions(if_none_match=ETags(frozenset({7}))), True),
            (Preconditions(ETags(frozenset({1})), ETags(frozenset({2}))), True),
        ],
    )
    def test_preconditions_decide_on_the_update(
        self, repository: ProfileRepository, profile: Profile, preconditions: Preconditions, is_permitted: bool
    ) -> None:
        try:
            repository.update_fields(profile.id, {"name": "Jane Doe"}, {}, NOW, preconditions)
        except ProfileConditionFailed:
            assert not is_permitted
        else:
            assert is_permitted

    def test_update_of_missing_profile_fails(self, repository: ProfileRepository, user_id: str) -> None:
        with pytest.raises(ProfileConditionFailed) as failure:
            repository.update_fields(user_id, {"name": "Jane Doe"}, {}, NOW)
        assert failure.value.stored is None

    def test_newer_contact_replaces_older(self, repository: ProfileRepository, profile: Profile) -> None:
        contact: dict[str, FieldValue] = {"email": "new@example.com", "email_verified": True}
        updated = repository.update_contact_if_newer(profile.id, contact, NOW, LATER)
        assert updated == profile.model_copy(update={**contact, "updated_at": LATER, "version": 2})
        assert repository.get_contact_synced_at(profile.id) == NOW

    def test_older_contact_is_not_written(self, repository: ProfileRepository, profile: Profile) -> None:
        newer = repository.update_contact_if_newer(profile.id, {"email": "new@example.com"}, NOW, LATER)
        older = repository.update_contact_if_newer(profile.id, {"email": "old@example.com"}, CREATED_AT, LATER)
        assert older is None
        assert repository.get_profile(profile.id) == newer

    def test_contact_of_missing_profile_is_not_written(self, repository: ProfileRepository, user_id: str) -> None:
        assert repository.update_contact_if_newer(user_id, {"email": "new@example.com"}, NOW, LATER) is None
        assert repository.get_contact_synced_at(user_id) is None

    def test_existing_ids_are_found(self, repository: ProfileRepository, profile: Profile) -> None:
        assert repository.find_existing_ids([profile.id, f"{profile.id}-other"]) == {profile.id}
        assert repository.find_existing_ids([]) == set()

    def test_scan_returns_each_profile_once(self, repository: ProfileRepository, profile: Profile) -> None:
        user_ids = [profile.id, *(f"{profile.id}-{number:03}" for number in range(120))]
        for user_id in user_ids[1:]:
            repository.create_if_absent(build_profile(user_id))
        accounts = scan_all(repository)
        assert sorted(account.user_id for account in accounts if account.user_id.startswith(profile.id)) == sorted(
            user_ids
        )

    def test_orphan_is_marked_and_unmarked(self, repository: ProfileRepository, profile: Profile) -> None:
        repository.set_orphaned_since(profile.id, NOW)
        assert ScannedAccount(profile.id, NOW) in scan_all(repository)
        repository.set_orphaned_since(profile.id, None)
        assert ScannedAccount(profile.id) in scan_all(repository)

    def test_missing_profile_is_not_marked(self, repository: ProfileRepository, user_id: str) -> None:
        repository.set_orphaned_since(user_id, NOW)
        assert repository.get_profile(user_id) is None


class PictureRepositoryContract(ABC):
    """The contract of PictureRepository."""

    @pytest.fixture
    @abstractmethod
    def repository(self) -> PictureRepository:
        """Return the repository under test."""

    @pytest.fixture
    @abstractmethod
    def profiles(self) -> ProfileRepository:
        """Return the repository of profiles over the same table."""

    @pytest.fixture
    def record(self, repository: PictureRepository, profiles: ProfileRepository, user_id: str) -> ProfileRecord:
        profiles.create_if_absent(build_profile(user_id))
        record = repository.get_record(user_id)
        assert record is not None
        return record

    def test_new_profile_has_no_picture(self, record: ProfileRecord) -> None:
        assert (record.picture_key, record.picture_revision, record.profile.picture) == (None, 0, None)

    def test_set_picture_is_stored(self, repository: PictureRepository, record: ProfileRecord) -> None:
        profile = repository.set_picture(record, PICTURE, "key", NOW, Preconditions())
        assert profile == record.profile.model_copy(update={"picture": PICTURE, "updated_at": NOW, "version": 2})
        assert repository.get_record(profile.id) == ProfileRecord(profile, "key", 1)

    def test_cleared_picture_is_removed(self, repository: PictureRepository, record: ProfileRecord) -> None:
        repository.set_picture(record, PICTURE, "key", NOW, Preconditions())
        stored = repository.get_record(record.profile.id)
        assert stored is not None
        profile = repository.set_picture(stored, None, None, LATER, Preconditions())
        assert repository.get_record(profile.id) == ProfileRecord(profile, None, 2)
        assert profile.picture is None

    def test_changed_revision_fails_the_write(self, repository: PictureRepository, record: ProfileRecord) -> None:
        repository.set_picture(record, PICTURE, "key", NOW, Preconditions())
        with pytest.raises(PictureConditionFailed) as failure:
            repository.set_picture(record, PICTURE, "other", NOW, Preconditions())
        assert failure.value.record == repository.get_record(record.profile.id)

    def test_repeated_write_returns_the_profile(self, repository: PictureRepository, record: ProfileRecord) -> None:
        first = repository.set_picture(record, PICTURE, "key", NOW, Preconditions())
        assert repository.set_picture(record, PICTURE, "key", NOW, Preconditions()) == first

    def test_failed_precondition_fails_the_write(self, repository: PictureRepository, record: ProfileRecord) -> None:
        with pytest.raises(PictureConditionFailed):
            repository.set_picture(record, PICTURE, "key", NOW, Preconditions(if_match=ETags(frozenset({7}))))

    def test_missing_profile_fails_the_write(self, repository: PictureRepository, user_id: str) -> None:
        with pytest.raises(PictureConditionFailed) as failure:
            repository.set_picture(ProfileRecord(build_profile(user_id)), PICTURE, "key", NOW, Preconditions())
        assert failure.value.record is None

    def test_invalidation_fails_pending_writes(self, repository: PictureRepository, record: ProfileRecord) -> None:
        assert repository.invalidate_pending_changes(record)
        with pytest.raises(PictureConditionFailed):
            repository.set_picture(record, PICTURE, "key", NOW, Preconditions())
        assert not repository.invalidate_pending_changes(record)


class PictureStorageContract(ABC):
    """The contract of PictureStorage."""

    @pytest.fixture
    @abstractmethod
    def storage(self) -> PictureStorage:
        """Return the storage under test."""

    def test_written_picture_exists(self, storage: PictureStorage, user_id: str) -> None:
        key = create_picture_key(user_id, UPLOAD_ID)
        assert not storage.exists(key)
        storage.put_picture(key, b"content", PictureType.PNG)
        assert storage.exists(key)
        assert storage.list_picture_keys(user_id) == [key]

    def test_written_object_can_be_read(self, storage: PictureStorage, user_id: str) -> None:
        key = create_picture_key(user_id, UPLOAD_ID)
        storage.put_picture(key, b"content", PictureType.PNG)
        assert storage.read_upload(key, seconds=5) == (b"content", "image/png")

    def test_missing_object_is_none(self, storage: PictureStorage, user_id: str) -> None:
        assert storage.read_upload(f"uploads/{user_id}/{UPLOAD_ID}", seconds=5) is None

    def test_pictures_of_another_user_are_not_listed(self, storage: PictureStorage, user_id: str) -> None:
        storage.put_picture(create_picture_key(f"{user_id}-other", UPLOAD_ID), b"content", PictureType.PNG)
        assert storage.list_picture_keys(user_id) == []

    def test_deleted_pictures_are_gone(self, storage: PictureStorage, user_id: str) -> None:
        keys = [create_picture_key(user_id, UPLOAD_ID) for _ in range(3)]
        for key in keys:
            storage.put_picture(key, b"content", PictureType.PNG)
        storage.delete([*keys, keys[0], f"pictures/{user_id}/missing/key"])
        assert storage.list_picture_keys(user_id) == []

    def test_deleting_nothing_raises_no_error(self, storage: PictureStorage) -> None:
        storage.delete([])

    def test_all_versions_of_a_user_are_deleted(self, storage: PictureStorage, user_id: str) -> None:
        keys = [create_picture_key(user_id, UPLOAD_ID), f"uploads/{user_id}/{UPLOAD_ID}"]
        other = create_picture_key(f"{user_id}-other", UPLOAD_ID)
        for key in (*keys, other):
            storage.put_picture(key, b"content", PictureType.PNG)
        assert storage.delete_all_versions(user_id) >= len(keys)
        assert [storage.exists(key) for key in (*keys, other)] == [False, False, True]
        assert storage.delete_all_versions(user_id) == 0


class UserPoolContract(ABC):
    """The contract of UserPool."""

    @pytest.fixture
    @abstractmethod
    def user_pool(self) -> UserPool:
        """Return the user pool under test."""

    @pytest.fixture
    @abstractmethod
    def username(self) -> str:
        """Return the username of a confirmed user in it."""

    def test_existing_user_is_returned(self, user_pool: UserPool, username: str) -> None:
        user = user_pool.get_user(username)
        assert user is not None
        assert user.username == username
        assert user.sub
        assert user.is_active

    def test_unknown_user_is_none(self, user_pool: UserPool) -> None:
        assert user_pool.get_user("00000000-0000-4000-8000-00000000ffff") is None

    def test_signing_out_an_unknown_user_raises_no_error(self, user_pool: UserPool) -> None:
        user_pool.sign_out("00000000-0000-4000-8000-00000000ffff")
