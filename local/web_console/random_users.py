"""Random users for front-end development: names in several scripts, long names, and all values of the attributes."""

import secrets
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from local.demo import PASSWORD
from local.web_console.replies import RequestRejected

# Faker's locales, with Latin, Arabic, Hebrew, Greek, Cyrillic, Bengali, Hindi, Japanese, Chinese and Korean names.
LOCALES: Final = (
    "en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "pt_BR", "pl_PL", "tr_TR", "ar_SA", "he_IL", "el_GR", "ru_RU", "bn_BD",
    "hi_IN", "ja_JP", "zh_CN", "ko_KR",
)  # fmt: skip
# The allowed values of the attributes that have a list of them.
CHOICES: Final = {
    "custom:gender": ("Male", "Female", "Other", "Unknown"),
    "custom:blood_group": ("A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-", "Unknown"),
}
_MIN_AGE_YEARS: Final = 18
_MAX_AGE_YEARS: Final = 99


@dataclass(frozen=True)
class SignUpValues:
    """The values of a sign-up."""

    email: str
    password: str
    attributes: dict[str, str]


def build_user(values: dict[str, str]) -> SignUpValues:
    """Return a user with these attributes. Missing ones are random, and empty ones are left out.

    Raises RequestRejected if the email is empty, because Cognito identifies the user by the email.
    """
    attributes = {name: value for name, value in {**generate_attributes(), **values}.items() if value}
    if "email" not in attributes:
        raise RequestRejected("email is required")
    return SignUpValues(attributes["email"], PASSWORD, attributes)


def generate_attributes(locale: str | None = None) -> dict[str, str]:
    """Return random attributes that satisfy the rules of a sign-up."""
    faker = _create_faker(locale or secrets.choice(LOCALES))
    born: date = faker.date_of_birth(minimum_age=_MIN_AGE_YEARS, maximum_age=_MAX_AGE_YEARS)
    return {
        "name": faker.name(),
        "email": f"{faker.user_name()}.{secrets.token_hex(3)}@example.com",
        "phone_number": f"+1202555{secrets.randbelow(10_000):04}",  # 555 numbers are fictional
        "custom:dob": born.isoformat(),
        **{name: secrets.choice(values) for name, values in CHOICES.items()},
    }


@cache
def _create_faker(locale: str) -> Any:
    from faker import Faker  # takes 0.2 s, so it is not imported at the start

    return Faker(locale)
