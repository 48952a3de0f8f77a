from datetime import UTC, date, datetime

import pytest

from chalicelib.models import Profile
from chalicelib.repository import to_item, to_profile
from chalicelib.values import BloodGroup, Gender

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
