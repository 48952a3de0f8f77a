from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.errors import UnreadableItem
from chalicelib.models import Picture, Profile
from chalicelib.repository import to_item, to_profile
from chalicelib.values import BloodGroup, Gender, PictureType

NOW = datetime(2026, 11, 22, 21, 28, 47, 123000, UTC)
FULL = Profile(
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
BARE = Profile(id="u-2", created_at=NOW, updated_at=NOW, version=1)


def test_an_item_holds_what_is_known_and_nothing_else() -> None:
    assert to_item(BARE) == {
        "user_id": {"S": "u-2"},
        "email_verified": {"BOOL": False},
        "phone_number_verified": {"BOOL": False},
        "created_at": {"S": "2026-11-22T21:28:47.123Z"},
        "updated_at": {"S": "2026-11-22T21:28:47.123Z"},
        "version": {"N": "1"},
    }


@pytest.mark.parametrize("profile", [FULL, BARE])
def test_an_item_is_its_profile_again(profile: Profile) -> None:
    assert to_profile(to_item(profile)) == profile


PICTURE = Picture(content_type=PictureType.PNG, size=5, width=2, height=1, updated_at=NOW)
LATER_PICTURE = {"M": {**to_item(FULL.model_copy(update={"picture": PICTURE}))["picture"]["M"], "blurhash": {"S": "L"}}}


@pytest.mark.parametrize(
    ("field", "stored", "read"),
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
        ("picture", LATER_PICTURE, PICTURE),
    ],
)
def test_value_of_a_later_release_reads_as_null(field: str, stored: Any, read: object) -> None:
    item = {**to_item(FULL), field: stored, "attribute_of_a_later_release": {"B": b"\x00"}}
    assert to_profile(item) == FULL.model_copy(update={field: read})


@pytest.mark.parametrize("missing", ["version", "created_at", "updated_at"])
@pytest.mark.parametrize("stored", [None, {"S": "yesterday"}, {"N": "1.5"}, {"NULL": True}])
def test_item_without_version_or_times_is_unreadable(missing: str, stored: Any) -> None:
    item = {name: value for name, value in to_item(FULL).items() if name != missing}
    with pytest.raises(UnreadableItem):
        to_profile(item | ({missing: stored} if stored else {}))
