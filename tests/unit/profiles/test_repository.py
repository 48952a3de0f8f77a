"""Items of the user table as profiles, and look-ups of many items."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.core.errors import ServiceUnavailable, UnreadableItem
from chalicelib.profiles.fields import BloodGroup, Gender, PictureType
from chalicelib.profiles.items import to_item, to_profile
from chalicelib.profiles.models import Picture, Profile
from chalicelib.profiles.repository import ProfileRepository

NOW = datetime(2026, 11, 22, 21, 28, 47, 123000, UTC)
COMPLETE_PROFILE = Profile(
    id="u-1",
    email="john@example.com",
    email_verified=True,
    phone_number="+8801712345678",
    name="John Doe",
    dob=date(1990, 5, 14),
    gender=Gender.MALE,
    blood_group=BloodGroup.A_POSITIVE,
    created_at=NOW,
    updated_at=NOW,
    version=3,
)
MINIMAL_PROFILE = Profile(id="u-2", created_at=NOW, updated_at=NOW, version=1)


def test_item_has_no_attributes_for_unknown_fields() -> None:
    assert to_item(MINIMAL_PROFILE) == {
        "user_id": {"S": "u-2"},
        "email_verified": {"BOOL": False},
        "phone_number_verified": {"BOOL": False},
        "created_at": {"S": "2026-11-22T21:28:47.123Z"},
        "updated_at": {"S": "2026-11-22T21:28:47.123Z"},
        "version": {"N": "1"},
    }


@pytest.mark.parametrize("profile", [COMPLETE_PROFILE, MINIMAL_PROFILE])
def test_item_is_converted_back_to_its_profile(profile: Profile) -> None:
    assert to_profile(to_item(profile)) == profile


PICTURE = Picture(content_type=PictureType.PNG, size=5, width=2, height=1, updated_at=NOW)
_PICTURE_ITEM = to_item(COMPLETE_PROFILE.model_copy(update={"picture": PICTURE}))["picture"]["M"]
PICTURE_OF_A_LATER_RELEASE = {"M": {**_PICTURE_ITEM, "blurhash": {"S": "L"}}}


@pytest.mark.parametrize(
    ("field", "stored", "expected"),
    [
        ("gender", {"S": "Nonbinary"}, None),
        ("blood_group", {"S": "hh"}, None),
        ("blood_group", {"NULL": True}, None),
        ("dob", {"S": "14 May 1990"}, None),
        ("dob", {"N": "19900514"}, None),
        ("name", {"SS": ["John", "Doe"]}, None),
        ("email", {"M": {"primary": {"S": "john@example.com"}}}, None),
        ("email_verified", {"S": "perhaps"}, False),
        ("phone_number_verified", {"L": []}, False),
        ("picture", {"S": "picture.png"}, None),
        ("picture", {"M": {"content_type": {"S": "image/avif"}}}, None),
        ("picture", PICTURE_OF_A_LATER_RELEASE, PICTURE),
    ],
)
def test_value_of_a_later_release_is_read_as_none(field: str, stored: Any, expected: object) -> None:
    item = {**to_item(COMPLETE_PROFILE), field: stored, "attribute_of_a_later_release": {"B": b"\x00"}}
    assert to_profile(item) == COMPLETE_PROFILE.model_copy(update={field: expected})


@pytest.mark.parametrize("missing", ["version", "created_at", "updated_at"])
@pytest.mark.parametrize("stored", [None, {"S": "yesterday"}, {"N": "1.5"}, {"NULL": True}])
def test_item_without_version_or_times_is_unreadable(missing: str, stored: Any) -> None:
    item = {name: value for name, value in to_item(COMPLETE_PROFILE).items() if name != missing}
    with pytest.raises(UnreadableItem):
        to_profile(item | ({missing: stored} if stored else {}))


class FakeTable:
    """A DynamoDB client that leaves the last key unprocessed in its first `incomplete_responses` responses."""

    def __init__(self, incomplete_responses: int) -> None:
        self.incomplete_responses = incomplete_responses
        self.requests = 0

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # botocore's name
        self.requests += 1
        keys = RequestItems["Users"]["Keys"]
        is_incomplete = self.requests <= self.incomplete_responses
        processed, unprocessed = (keys[:-1], keys[-1:]) if is_incomplete else (keys, [])
        return {
            "Responses": {"Users": processed},
            "UnprocessedKeys": {"Users": {**RequestItems["Users"], "Keys": unprocessed}} if unprocessed else {},
        }


def find_existing(table: Any) -> set[str]:
    return ProfileRepository(table, "Users").find_existing_ids(["a", "b", "c"])


@pytest.mark.parametrize(("incomplete_responses", "requests"), [(0, 1), (1, 2)])
def test_unprocessed_keys_are_requested_once_more(incomplete_responses: int, requests: int) -> None:
    table = FakeTable(incomplete_responses)
    assert find_existing(table) == {"a", "b", "c"}
    assert table.requests == requests


def test_keys_that_remain_unprocessed_are_an_error() -> None:
    table = FakeTable(incomplete_responses=1_000)
    with pytest.raises(ServiceUnavailable):
        find_existing(table)
    assert table.requests == 2
