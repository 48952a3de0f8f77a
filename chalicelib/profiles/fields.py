"""The value types of a profile. Each rule is written once, and is used by sign-up, API and table alike.

The message of a rule is short and stable, and does not contain the value.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer, WithJsonSchema

from chalicelib.core.clock import format_timestamp, utc_now
from chalicelib.core.validation import require_string, rule_error

MAX_NAME_LENGTH: Final = 256  # characters after NFC; Cognito allows 2048 for a standard attribute
MAX_EMAIL_LENGTH: Final = 254  # characters: RFC 5321 4.5.3.1.3 without the angle brackets
MAX_AGE_YEARS: Final = 130  # the longest documented life is 122 years


class Gender(StrEnum):
    """FHIR's administrative genders, capitalized as in the sign-up form."""

    MALE = "Male"
    FEMALE = "Female"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class BloodGroup(StrEnum):
    """ABO and RhD, as in the HL7 value set results-laboratory-blood-abo-rh-grp, and Unknown for the sign-up form."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"
    UNKNOWN = "Unknown"


class PictureType(StrEnum):
    """The media types of profile pictures."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


def enum_parser(enum: type[StrEnum]) -> Callable[[object], StrEnum]:
    """Return a parser of an enum's values that ignores case."""
    members = {member.lower(): member for member in enum}
    rule = "must be one of " + ", ".join(enum)

    def parse(value: object) -> StrEnum:
        try:
            return members[require_string(value).lower()]
        except KeyError:
            raise rule_error(rule) from None

    return parse


# Invisible characters that spelling needs: the joiners of Persian and of Indic scripts, and the marks that order a name
# with both writing directions. Overrides and isolates would reorder the surrounding text (Unicode TR36 2.5). Others
# only distinguish names that look the same.
_ALLOWED_FORMAT_CHARACTERS: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")
# Control, format, surrogate, private use, line and paragraph separators.
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def has_forbidden_characters(text: str, allowed: frozenset[str] = frozenset()) -> bool:
    """Return True if the text has control or invisible characters, other than the allowed ones."""
    return any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES and char not in allowed for char in text)


def _parse_name(value: object) -> str:
    """Return a person's name, in any script, trimmed and in NFC."""
    text = unicodedata.normalize("NFC", require_string(value)).strip()
    if not text:
        raise rule_error("must not be empty")
    if has_forbidden_characters(text, _ALLOWED_FORMAT_CHARACTERS):
        raise rule_error("must not contain control or invisible characters")
    if not any(char.isalpha() for char in text):
        raise rule_error("must contain a letter")
    if len(text) > MAX_NAME_LENGTH:
        raise rule_error(f"must be at most {MAX_NAME_LENGTH} characters long")
    return text


_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")
_E164_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _parse_email(value: object) -> str:
    """Return an address that has the form of one. Cognito verifies it by sending a code."""
    text = require_string(value)
    if len(text) > MAX_EMAIL_LENGTH or not _EMAIL.fullmatch(text):
        raise rule_error("must be an email address")
    return text


def _parse_phone_number(value: object) -> str:
    """Return an ITU-T E.164 number: at most 15 digits. The shortest in use have 7 with their country code."""
    text = require_string(value)
    if not _E164_NUMBER.fullmatch(text):
        raise rule_error("must be an international number such as +8801712345678")
    return text


def _parse_date(value: object) -> date:
    if isinstance(value, date):
        return value
    text = require_string(value)
    try:
        if not _ISO_DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise rule_error("must be an existing date in the format YYYY-MM-DD") from None


def _validate_birth_date(value: date) -> date:
    """Return the birth date of a person who may be alive, in UTC's calendar."""
    today = utc_now().date()
    if value > today:
        raise rule_error("must not be in the future")
    if (today.year - value.year, today.month, today.day) > (MAX_AGE_YEARS, value.month, value.day):
        raise rule_error(f"must be at most {MAX_AGE_YEARS} years ago")
    return value


def is_at_least_years_old(birth_date: date, years: int) -> bool:
    """Return True if a person has reached this age, in UTC's calendar.

    A person born on 29 February turns a year older on 1 March of other years.
    """
    today = utc_now().date()
    return (today.year - birth_date.year, today.month, today.day) >= (years, birth_date.month, birth_date.day)


def to_utc(value: datetime) -> datetime:
    """Convert a time to UTC. Raises PydanticCustomError if UTC cannot represent it."""
    try:
        return value.astimezone(UTC)
    except OverflowError:  # 0001-01-01T00:00+14:00 is before the first year of UTC
        raise rule_error("must be a time in UTC") from None


# The part of each rule that JSON Schema can express. The validator checks the rest.
_NAME_SCHEMA: Final = WithJsonSchema(
    {"type": "string", "minLength": 1, "maxLength": MAX_NAME_LENGTH, "examples": ["John A. Doe"]}
)
_DATE_SCHEMA: Final = WithJsonSchema({"type": "string", "format": "date", "examples": ["1990-05-14"]})

Name = Annotated[str, BeforeValidator(_parse_name), _NAME_SCHEMA]
Email = Annotated[str, BeforeValidator(_parse_email)]
PhoneNumber = Annotated[str, BeforeValidator(_parse_phone_number)]
BirthDate = Annotated[date, BeforeValidator(_parse_date), AfterValidator(_validate_birth_date), _DATE_SCHEMA]
GenderInput = Annotated[Gender, BeforeValidator(enum_parser(Gender))]
BloodGroupInput = Annotated[BloodGroup, BeforeValidator(enum_parser(BloodGroup))]
Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(to_utc),
    PlainSerializer(format_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
