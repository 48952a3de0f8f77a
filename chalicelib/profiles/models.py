"""The profile, its request bodies, and the attributes of a sign-up."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from chalicelib.core.clock import utc_now
from chalicelib.core.errors import FieldError
from chalicelib.core.validation import InternalModel, StrictModel, require_string, rule_error, to_field_errors
from chalicelib.profiles.fields import (
    BirthDate,
    BloodGroup,
    BloodGroupInput,
    Email,
    Gender,
    GenderInput,
    Name,
    PhoneNumber,
    PictureType,
    Timestamp,
    to_utc,
)

READ_ONLY_MESSAGE: Final = "is set by the server and can't be changed"

_ClientTimestamp = Annotated[AwareDatetime, BeforeValidator(require_string), AfterValidator(to_utc)]


def _reject_unparsable_read_only(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Report any unparsable value of a read-only field as an attempt to change it."""
    try:
        return handler(value)
    except ValidationError:
        raise rule_error(READ_ONLY_MESSAGE) from None


_READ_ONLY: Final = WrapValidator(_reject_unparsable_read_only)


class Picture(StrictModel):
    """The metadata of a profile picture. The storage location is not exposed."""

    content_type: PictureType
    size: int = Field(description="Size in bytes.")
    width: int = Field(description="Width in pixels.")
    height: int = Field(description="Height in pixels.")
    updated_at: Timestamp


class Profile(StrictModel):
    """A user's profile, as the API returns it. Unknown values are None."""

    id: str  # the Cognito sub
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    phone_number_verified: bool = False
    name: str | None = None
    dob: date | None = None
    gender: Gender | None = None
    blood_group: BloodGroup | None = None
    picture: Picture | None = None
    created_at: Timestamp
    updated_at: Timestamp
    version: int  # 1 at creation, incremented with each change


class ReadOnlyFields(StrictModel):
    """The fields that only the server sets, as a client may send them back. All are optional."""

    id: Annotated[str | None, Field(min_length=1), _READ_ONLY] = None
    email: Annotated[str | None, _READ_ONLY] = None
    email_verified: Annotated[bool | None, Field(strict=True), _READ_ONLY] = None
    phone_number: Annotated[str | None, _READ_ONLY] = None
    phone_number_verified: Annotated[bool | None, Field(strict=True), _READ_ONLY] = None
    picture: Annotated[Picture | None, _READ_ONLY] = None
    created_at: Annotated[_ClientTimestamp | None, _READ_ONLY] = None
    updated_at: Annotated[_ClientTimestamp | None, _READ_ONLY] = None
    # JavaScript represents integers below 2**53 exactly.
    version: Annotated[int | None, Field(strict=True, ge=1, lt=2**53), _READ_ONLY] = None

    def provided(self) -> dict[str, Any]:
        """Return the read-only fields that the client has sent, null included."""
        return {name: getattr(self, name) for name in READ_ONLY_FIELDS if name in self.model_fields_set}


class ProfileReplacement(ReadOnlyFields):
    """The body of a PUT: all editable fields, and optionally the read-only fields of a GET, unchanged.

    Null erases `dob`, `gender` and `blood_group`. It is invalid for `name`.
    """

    name: Name | None
    dob: BirthDate | None
    gender: GenderInput | None
    blood_group: BloodGroupInput | None

    def editable_values(self) -> dict[str, Any]:
        """Return all editable fields."""
        return {name: getattr(self, name) for name in EDITABLE_FIELDS}


class ProfilePatch(ReadOnlyFields):
    """The body of a PATCH, a JSON Merge Patch (RFC 7396): the fields to change.

    Null erases `dob`, `gender` and `blood_group`. It is invalid for `name`.
    """

    name: Name | None = None
    dob: BirthDate | None = None
    gender: GenderInput | None = None
    blood_group: BloodGroupInput | None = None

    def editable_values(self) -> dict[str, Any]:
        """Return the editable fields that the client has sent."""
        return {name: getattr(self, name) for name in EDITABLE_FIELDS if name in self.model_fields_set}


READ_ONLY_FIELDS: Final = tuple(ReadOnlyFields.model_fields)
EDITABLE_FIELDS: Final = tuple(name for name in ProfileReplacement.model_fields if name not in READ_ONLY_FIELDS)
ERASABLE_FIELDS: Final = frozenset(EDITABLE_FIELDS) - {"name"}


class SignUpAttributes(InternalModel):
    """A user's attributes in the user pool, with the rules of the API. All are optional.

    The sign-up form's gender is `custom:gender`. Cognito's standard attribute `gender` is ignored.
    """

    email: Email | None = None
    email_verified: bool = False
    phone_number: PhoneNumber | None = None
    phone_number_verified: bool = False
    name: Name | None = None
    dob: BirthDate | None = Field(None, alias="custom:dob")
    gender: GenderInput | None = Field(None, alias="custom:gender")
    blood_group: BloodGroupInput | None = Field(None, alias="custom:blood_group")

    @classmethod
    def parse_lenient(cls, attributes: Mapping[str, str]) -> tuple[Self, list[FieldError]]:
        """Return the valid attributes, and the errors of the others: an existing account must get its profile."""
        try:
            return cls.model_validate(attributes), []
        except ValidationError as exc:
            invalid = {problem["loc"][0] for problem in exc.errors()}
            valid = {name: value for name, value in attributes.items() if name not in invalid}
            return cls.model_validate(valid), to_field_errors(exc)


class SelfSignUpAttributes(SignUpAttributes):
    """The attributes of a sign-up form. All are required."""

    email: Email
    phone_number: PhoneNumber
    name: Name
    dob: BirthDate = Field(alias="custom:dob")
    gender: GenderInput = Field(alias="custom:gender")
    blood_group: BloodGroupInput = Field(alias="custom:blood_group")


def build_profile(user_id: str, attributes: SignUpAttributes) -> Profile:
    """Return the first version of a user's profile."""
    now = utc_now()
    return Profile(id=user_id, created_at=now, updated_at=now, version=1, **attributes.model_dump())
