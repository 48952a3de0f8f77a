"""Profile and its value types; what comes in and what goes out. pydantic only, no I/O.

Each value type is written once and serves the sign-up, the API and the table alike. A rule's message
is short and stable, and says the rule without the value.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from chalicelib.errors import FieldError, Invalid

NAME_MAX: Final = 256  # characters after NFC; Cognito itself allows 2048 for a standard attribute
EMAIL_MAX: Final = 254  # characters: RFC 5321 4.5.3.1.3 less the angle brackets
OLDEST_YEARS: Final = 130  # years; the longest life on record is 122


class Gender(StrEnum):
    """FHIR's administrative genders, capitalised as the sign-up form writes them."""

    MALE = "Male"
    FEMALE = "Female"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class BloodGroup(StrEnum):
    """ABO and RhD, as in the HL7 value set results-laboratory-blood-abo-rh-grp."""

    A_POSITIVE = "A+"
    A_NEGATIVE = "A-"
    B_POSITIVE = "B+"
    B_NEGATIVE = "B-"
    AB_POSITIVE = "AB+"
    AB_NEGATIVE = "AB-"
    O_POSITIVE = "O+"
    O_NEGATIVE = "O-"


def _wrong(rule: str) -> PydanticCustomError:
    return PydanticCustomError("rule", rule)


def _text(value: object) -> str:
    """Only a JSON string is a text: pydantic alone would read a date out of the number 19900514."""
    if not isinstance(value, str):
        raise _wrong("must be a string")
    return value


def _choice(kind: type[StrEnum]) -> Callable[[object], StrEnum]:
    members = {member.lower(): member for member in kind}
    rule = "must be one of " + ", ".join(kind)

    def read(value: object) -> StrEnum:
        try:
            return members[_text(value).lower()]
        except KeyError:
            raise _wrong(rule) from None

    return read


# Explicit embeddings, overrides and isolates reorder what stands around a name (Unicode TR36 2.5).
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Control, surrogate, private use, line and paragraph separators. Format characters stay: the
# zero-width joiner and non-joiner are part of names in Persian and in Indic scripts.
_NOT_IN_NAMES: Final = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})


def _name(value: object) -> str:
    """A person's name in any script, trimmed and in NFC."""
    text = unicodedata.normalize("NFC", _text(value)).strip()
    if any(char in _BIDI_CONTROLS or unicodedata.category(char) in _NOT_IN_NAMES for char in text):
        raise _wrong("must not contain control characters")
    if not any(char.isalpha() for char in text):
        raise _wrong("must contain a letter")
    if len(text) > NAME_MAX:
        raise _wrong(f"must be at most {NAME_MAX} characters long")
    return text


_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _email(value: object) -> str:
    """An address in shape only: Cognito proves it by sending a code there."""
    text = _text(value)
    if len(text) > EMAIL_MAX or not _EMAIL.fullmatch(text):
        raise _wrong("must be an email address")
    return text


def _phone_number(value: object) -> str:
    """ITU-T E.164: at most 15 digits; the shortest numbers in use have 7 with their country code."""
    text = _text(value)
    if not _E164.fullmatch(text):
        raise _wrong("must be an E.164 number such as +8801712345678")
    return text


def _iso_date(value: object) -> date:
    if isinstance(value, date):
        return value
    text = _text(value)
    try:
        if not _ISO_DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong("must be a date such as 1990-05-14") from None


def _born(value: date) -> date:
    """A day some living person may have been born on, by the calendar of UTC."""
    today = datetime.now(UTC).date()
    if value > today:
        raise _wrong("must not be in the future")
    if (today.year - value.year, today.month, today.day) > (OLDEST_YEARS, value.month, value.day):
        raise _wrong(f"must be at most {OLDEST_YEARS} years ago")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # 0001-01-01T00:00+14:00 is in no year of UTC
        raise _wrong("must be a time in UTC") from None


def timestamp(moment: datetime) -> str:
    """RFC 3339 to the millisecond, which is what JavaScript's Date writes too. Takes a time in UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Name = Annotated[str, BeforeValidator(_name)]
Email = Annotated[str, BeforeValidator(_email)]
PhoneNumber = Annotated[str, BeforeValidator(_phone_number)]
BirthDate = Annotated[date, BeforeValidator(_iso_date), AfterValidator(_born)]
GenderValue = Annotated[Gender, BeforeValidator(_choice(Gender))]
BloodGroupValue = Annotated[BloodGroup, BeforeValidator(_choice(BloodGroup))]
Timestamp = Annotated[AwareDatetime, AfterValidator(_in_utc), PlainSerializer(timestamp, return_type=str)]

_SentTimestamp = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_utc)]

OWNED_RULE: Final = "is set by the server and can't be changed"


def _owned(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """What the server can't have written is a change, whatever else is wrong with it."""
    try:
        return handler(value)
    except ValidationError:
        raise _wrong(OWNED_RULE) from None


_OWNED: Final = WrapValidator(_owned)

M = TypeVar("M", bound=BaseModel)


class _Model(BaseModel):
    # A ValidationError that quoted its input would carry health data into a log.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Profile(_Model):
    """A user as the API shows them. None: not known yet."""

    id: str  # the Cognito sub
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    phone_number_verified: bool = False
    name: str | None = None
    dob: date | None = None
    gender: Gender | None = None
    blood_group: BloodGroup | None = None
    picture: None = None
    created_at: Timestamp
    updated_at: Timestamp
    version: int  # 1 at creation, one more with each change


class ServerOwned(_Model):
    """The fields of a profile that only the server sets, as a client may send them back: all optional."""

    id: Annotated[str | None, Field(min_length=1), _OWNED] = None
    email: Annotated[str | None, _OWNED] = None
    email_verified: Annotated[bool | None, Field(strict=True), _OWNED] = None
    phone_number: Annotated[str | None, _OWNED] = None
    phone_number_verified: Annotated[bool | None, Field(strict=True), _OWNED] = None
    picture: Annotated[None, _OWNED] = None
    created_at: Annotated[_SentTimestamp | None, _OWNED] = None
    updated_at: Annotated[_SentTimestamp | None, _OWNED] = None
    # Exact in every JSON reader, JavaScript's included.
    version: Annotated[int | None, Field(strict=True, ge=1, lt=2**53), _OWNED] = None

    def sent(self) -> dict[str, Any]:
        """Those that were sent, null included."""
        return {name: getattr(self, name) for name in SERVER_OWNED if name in self.model_fields_set}


class ProfileReplacement(ServerOwned):
    """The body of a PUT: all that the owner may edit, and whatever else GET answered, unchanged.

    The editable fields must all be there. None keeps a value unknown that is unknown; it does not erase
    one. The fields the server owns may be left out; sent, they must be what is stored.
    """

    name: Name | None
    dob: BirthDate | None
    gender: GenderValue | None
    blood_group: BloodGroupValue | None

    def editable(self) -> dict[str, Any]:
        """All that the owner may edit."""
        return {name: getattr(self, name) for name in EDITABLE}


SERVER_OWNED: Final = tuple(ServerOwned.model_fields)
EDITABLE: Final = tuple(name for name in ProfileReplacement.model_fields if name not in SERVER_OWNED)


class SignUp(_Model):
    """What the pool knows of a user, each attribute by the same rule as in the API."""

    # By alias only: Cognito's standard attribute `gender` is not the form's `custom:gender`.
    model_config = ConfigDict(extra="ignore")

    email: Email | None = None
    email_verified: bool = False
    phone_number: PhoneNumber | None = None
    phone_number_verified: bool = False
    name: Name | None = None
    dob: BirthDate | None = Field(None, alias="custom:dob")
    gender: GenderValue | None = Field(None, alias="custom:gender")
    blood_group: BloodGroupValue | None = Field(None, alias="custom:blood_group")

    @classmethod
    def salvage(cls, attributes: Mapping[str, str]) -> tuple[Self, list[FieldError]]:
        """All that is valid, and what is wrong with the rest: an account that exists must get its profile."""
        try:
            return cls.model_validate(attributes), []
        except ValidationError as exc:
            wrong = {problem["loc"][0] for problem in exc.errors()}
            valid = {name: value for name, value in attributes.items() if name not in wrong}
            return cls.model_validate(valid), field_errors(exc)

    def verified_contact(self) -> dict[str, str | bool]:
        """The addresses that were proven to be the user's, each with its mark."""
        contact: dict[str, str | bool] = {}
        if self.email and self.email_verified:
            contact |= {"email": self.email, "email_verified": True}
        if self.phone_number and self.phone_number_verified:
            contact |= {"phone_number": self.phone_number, "phone_number_verified": True}
        return contact


class SelfSignUp(SignUp):
    """The form a person fills in: all of it is asked for."""

    email: Email
    phone_number: PhoneNumber
    name: Name
    dob: BirthDate = Field(alias="custom:dob")
    gender: GenderValue = Field(alias="custom:gender")
    blood_group: BloodGroupValue = Field(alias="custom:blood_group")


_MESSAGES: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a field of a profile",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
}


def _pointer(location: tuple[int | str, ...]) -> str:
    """A JSON pointer: ("a/b", 0) -> "/a~1b/0"."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def field_errors(error: ValidationError) -> list[FieldError]:
    """Each problem of a failed validation, by place, without what stood there."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        place = _pointer(problem["loc"])
        found.setdefault(place, _MESSAGES.get(problem["type"], problem["msg"]))
    return [FieldError(place, rule) for place, rule in found.items()]


def parse(model: type[M], data: Any) -> M:
    """A model from decoded JSON. Raises Invalid, which names every wrong field."""
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        raise Invalid(errors=field_errors(exc)) from exc
