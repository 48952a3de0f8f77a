"""Random users satisfy the rules of a sign-up in all locales."""

import pytest

from chalicelib.profiles.models import SelfSignUpAttributes
from local.web_console.random_users import LOCALES, build_user, generate_attributes
from local.web_console.seeding import choose_state
from local.web_console.user_directory import STATES


@pytest.mark.long
@pytest.mark.parametrize("locale", LOCALES)
def test_generated_attributes_are_valid(locale: str) -> None:
    for _ in range(5):
        SelfSignUpAttributes.model_validate(generate_attributes(locale))


def test_given_attributes_are_used() -> None:
    user = build_user({"name": "Ada", "email": "ada@example.com", "phone_number": ""})
    assert (user.email, user.attributes["name"]) == ("ada@example.com", "Ada")
    assert user.attributes["phone_number"].startswith("+")


def test_seeded_users_are_in_all_states() -> None:
    states = [choose_state(number) for number in range(100)]
    assert set(states) == set(STATES)
    assert states.count("confirmed") == 90
