"""The value types of a profile: each rule is written once, and serves the sign-up, the API and the table alike.

A rule's message is short and stable, and says the rule without the value. pydantic only, no I/O.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

NAME_MAX: Final = 256  # characters after NFC; Cognito itself allows 2048 for a standard attribute
EMAIL_MAX: Final = 254  # characters: RFC 5321 4.5.3.1.3 less the angle brackets
OLDEST_YEARS: Final = 130  # years; the longest life on record is 122
PICTURE_BYTES: Final = 5 * 1024 * 1024  # of an upload
TOO_MANY_BYTES: Final = f"must be at most {PICTURE_BYTES // 1024**2} MiB ({PICTURE_BYTES} bytes)"
PICTURE_PIXELS: Final = 25_000_000  # of an upload; what phones take is within it
PICTURE_SIDE: Final = 2048  # pixels of the longer side of what is kept


class Gender(StrEnum):
    """FHIR's administrative genders, capitalised as the sign-up form writes them."""

    MALE = "Male"
    FEMALE = "Female"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class PictureType(StrEnum):
    """The media types a picture may have."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"


class BloodGroup(StrEnum):
    """ABO and RhD, as in the HL7 value set results-laboratory-blood-abo-rh-grp, and Unknown for a sign-up form."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"
    UNKNOWN = "Unknown"


def wrong(rule: str) -> PydanticCustomError:
    """What a validator raises: the rule that was broken."""
    return PydanticCustomError("rule", rule)


def text_only(value: object) -> str:
    """Only a JSON string is a text: pydantic alone would read a date out of the number 19900514."""
    if not isinstance(value, str):
        raise wrong("must be a string")
    return value


def _choice(kind: type[StrEnum]) -> Callable[[object], StrEnum]:
    members = {member.lower(): member for member in kind}
    rule = "must be one of " + ", ".join(kind)

    def read(value: object) -> StrEnum:
        try:
            return members[text_only(value).lower()]
        except KeyError:
            raise wrong(rule) from None

    return read


# Of the characters that nobody sees, those that spelling needs: the joiners of Persian and of Indic scripts, and the
# marks by which a name of both directions is put in order. Overrides and isolates would reorder what stands around it
# (Unicode TR36 2.5), and the others only tell apart what looks the same.
_SPELLING: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")
# Control, format, surrogate, private use, line and paragraph separators.
_NOT_IN_NAMES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def _name(value: object) -> str:
    """A person's name in any script, trimmed and in NFC."""
    text = unicodedata.normalize("NFC", text_only(value)).strip()
    if not text:
        raise wrong("must not be empty")
    if any(unicodedata.category(char) in _NOT_IN_NAMES and char not in _SPELLING for char in text):
        raise wrong("must not contain control or invisible characters")
    if not any(char.isalpha() for char in text):
        raise wrong("must contain a letter")
    if len(text) > NAME_MAX:
        raise wrong(f"must be at most {NAME_MAX} characters long")
    return text


_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_UPLOAD_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _picture_size(value: object) -> int:
    # 2048.0 is an integer, too: JSON Schema, and ECMA-404, know numbers only.
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise wrong("must be a number of bytes, 1 or more")
    if number > PICTURE_BYTES:
        raise wrong(TOO_MANY_BYTES)
    return number


def _upload_id(value: object) -> str:
    text = text_only(value)
    if not _UPLOAD_ID.fullmatch(text):
        raise wrong("must be the upload_id of an upload")
    return text


def _email(value: object) -> str:
    """An address in shape only: Cognito proves it by sending a code there."""
    text = text_only(value)
    if len(text) > EMAIL_MAX or not _EMAIL.fullmatch(text):
        raise wrong("must be an email address")
    return text


def _phone_number(value: object) -> str:
    """ITU-T E.164: at most 15 digits; the shortest numbers in use have 7 with their country code."""
    text = text_only(value)
    if not _E164.fullmatch(text):
        raise wrong("must be an international number such as +8801712345678")
    return text


def _iso_date(value: object) -> date:
    if isinstance(value, date):
        return value
    text = text_only(value)
    try:
        if not _ISO_DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise wrong("must be an existing date in the format YYYY-MM-DD") from None


def _born(value: date) -> date:
    """A day some living person may have been born on, by the calendar of UTC."""
    today = datetime.now(UTC).date()
    if value > today:
        raise wrong("must not be in the future")
    if (today.year - value.year, today.month, today.day) > (OLDEST_YEARS, value.month, value.day):
        raise wrong(f"must be at most {OLDEST_YEARS} years ago")
    return value


def is_older_than(birth_date: date, years: int) -> bool:
    """Return whether a person has lived so many years, by the calendar of UTC.

    Who was born on 29 February turns a year older on 1 March in other years.
    """
    today = datetime.now(UTC).date()
    return (today.year - birth_date.year, today.month, today.day) >= (years, birth_date.month, birth_date.day)


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; wrong where UTC has none."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # 0001-01-01T00:00+14:00 is in no year of UTC
        raise wrong("must be a time in UTC") from None


def timestamp(moment: datetime) -> str:
    """RFC 3339 to the millisecond, which is what JavaScript's Date writes too. Takes a time in UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# What JSON Schema can say of a rule; the validator says the rest.
_NAME_SCHEMA: Final = WithJsonSchema(
    {"type": "string", "minLength": 1, "maxLength": NAME_MAX, "examples": ["John A. Doe"]}
)
_DATE_SCHEMA: Final = WithJsonSchema({"type": "string", "format": "date", "examples": ["1990-05-14"]})

Name = Annotated[str, BeforeValidator(_name), _NAME_SCHEMA]
UploadId = Annotated[str, BeforeValidator(_upload_id), WithJsonSchema({"type": "string", "format": "uuid"})]
Email = Annotated[str, BeforeValidator(_email)]
PhoneNumber = Annotated[str, BeforeValidator(_phone_number)]
BirthDate = Annotated[date, BeforeValidator(_iso_date), AfterValidator(_born), _DATE_SCHEMA]
PictureTypeValue = Annotated[PictureType, BeforeValidator(_choice(PictureType))]
PictureSize = Annotated[
    int,
    BeforeValidator(_picture_size),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": PICTURE_BYTES, "description": "Size in bytes."}),
]
GenderValue = Annotated[Gender, BeforeValidator(_choice(Gender))]
BloodGroupValue = Annotated[BloodGroup, BeforeValidator(_choice(BloodGroup))]
Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(in_utc),
    PlainSerializer(timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
