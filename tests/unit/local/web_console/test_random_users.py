"""Random users satisfy the rules of a sign-up in all locales."""

from enum import StrEnum

import pytest

from chalicelib.profiles.fields import BloodGroup, Gender
from chalicelib.profiles.models import SelfSignUpAttributes
from local.web_console.random_users import CHOICES, LOCALES, build_user, generate_attributes
from local.web_console.replies import RequestRejected
from local.web_console.seeding import choose_state
from local.web_console.user_administration import STATES


@pytest.mark.long
@pytest.mark.parametrize("locale", LOCALES)
def test_generated_attributes_are_valid(locale: str) -> None:
    for _ in range(5):
        SelfSignUpAttributes.model_validate(generate_attributes(locale))


def test_given_attributes_are_used() -> None:
    user = build_user({"name": "Ada", "email": "ada@example.com"})
    assert (user.email, user.attributes["name"]) == ("ada@example.com", "Ada")


def test_missing_attributes_are_random() -> None:
    assert build_user({}).attributes["phone_number"].startswith("+")


def test_empty_attributes_are_left_out() -> None:
    attributes = build_user({"phone_number": "", "custom:gender": ""}).attributes
    assert not {"phone_number", "custom:gender"} & attributes.keys()


def test_user_without_an_email_is_rejected() -> None:
    with pytest.raises(RequestRejected, match="email is required"):
        build_user({"email": ""})


@pytest.mark.parametrize(("name", "allowed"), [("custom:gender", Gender), ("custom:blood_group", BloodGroup)])
def test_choices_are_the_values_of_the_profile(name: str, allowed: type[StrEnum]) -> None:
    assert set(CHOICES[name]) == set(allowed)


def test_seeded_users_are_in_all_states() -> None:
    states = [choose_state(number) for number in range(100)]
    assert set(states) == set(STATES)
    assert states.count("confirmed") == 90
