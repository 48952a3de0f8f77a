"""The profile, what comes in and what goes out. pydantic only, no I/O."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from chalicelib.errors import FieldError, Invalid
from chalicelib.values import (
    PICTURE_BYTES,
    PICTURE_PIXELS,
    BirthDate,
    BloodGroup,
    BloodGroupValue,
    Email,
    Gender,
    GenderValue,
    Name,
    PhoneNumber,
    PictureSize,
    PictureType,
    PictureTypeValue,
    Timestamp,
    UploadId,
    in_utc,
    text_only,
    wrong,
)

_SentTimestamp = Annotated[AwareDatetime, BeforeValidator(text_only), AfterValidator(in_utc)]

OWNED_RULE: Final = "is set by the server and can't be changed"


def _owned(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """What the server can't have written is a change, whatever else is wrong with it."""
    try:
        return handler(value)
    except ValidationError:
        raise wrong(OWNED_RULE) from None


_OWNED: Final = WrapValidator(_owned)

M = TypeVar("M", bound=BaseModel)


class _Model(BaseModel):
    # A ValidationError that quoted its input would carry health data into a log.
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)


class Picture(_Model):
    """A profile's picture. Where it is kept, nobody is told."""

    content_type: PictureType
    size: int = Field(description="Size in bytes.")
    width: int = Field(description="Width in pixels.")
    height: int = Field(description="Height in pixels.")
    updated_at: Timestamp


class Profile(_Model):
    """A user as the API shows them. What is not known is null."""

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
    version: int  # 1 at creation, one more with each change


class ServerOwned(_Model):
    """The fields of a profile that only the server sets, as a client may send them back: all optional."""

    id: Annotated[str | None, Field(min_length=1), _OWNED] = None
    email: Annotated[str | None, _OWNED] = None
    email_verified: Annotated[bool | None, Field(strict=True), _OWNED] = None
    phone_number: Annotated[str | None, _OWNED] = None
    phone_number_verified: Annotated[bool | None, Field(strict=True), _OWNED] = None
    picture: Annotated[Picture | None, _OWNED] = None
    created_at: Annotated[_SentTimestamp | None, _OWNED] = None
    updated_at: Annotated[_SentTimestamp | None, _OWNED] = None
    # Exact in every JSON reader, JavaScript's included.
    version: Annotated[int | None, Field(strict=True, ge=1, lt=2**53), _OWNED] = None

    def sent(self) -> dict[str, Any]:
        """Those that were sent, null included."""
        return {name: getattr(self, name) for name in SERVER_OWNED if name in self.model_fields_set}


class ProfileReplacement(ServerOwned):
    """The body of a PUT: all that the owner may edit, and whatever else GET answered, unchanged.

    The editable fields must all be there. Null erases `dob`, `gender` and `blood_group`; `name` can't be erased.
    The fields the server owns may be left out; sent, they must be what is stored.
    """

    name: Name | None
    dob: BirthDate | None
    gender: GenderValue | None
    blood_group: BloodGroupValue | None

    def editable(self) -> dict[str, Any]:
        """All that the owner may edit."""
        return {name: getattr(self, name) for name in EDITABLE}


class ProfilePatch(ServerOwned):
    """The body of a PATCH, a JSON Merge Patch (RFC 7396): the fields to change; null as in a PUT."""

    name: Name | None = None
    dob: BirthDate | None = None
    gender: GenderValue | None = None
    blood_group: BloodGroupValue | None = None

    def editable(self) -> dict[str, Any]:
        """What of it the owner may edit."""
        return {name: getattr(self, name) for name in EDITABLE if name in self.model_fields_set}


SERVER_OWNED: Final = tuple(ServerOwned.model_fields)
EDITABLE: Final = tuple(name for name in ProfileReplacement.model_fields if name not in SERVER_OWNED)
ERASABLE: Final = frozenset(EDITABLE) - {"name"}


class UploadRequest(_Model):
    """The body of a POST for a picture: what the file to come is."""

    content_type: PictureTypeValue
    size: PictureSize


class Limits(_Model):
    """What a file must keep to."""

    content_type: PictureType
    max_bytes: int = PICTURE_BYTES
    max_pixels: int = PICTURE_PIXELS


class Upload(_Model):
    """A presigned POST: send `fields`, and after them the file as `file`, to `url` as multipart/form-data."""

    upload_id: str
    url: str
    fields: dict[str, str]
    expires_at: Timestamp
    limits: Limits


class PictureChoice(_Model):
    """The body of a PUT of a picture: which upload it is to be."""

    upload_id: UploadId


class PictureLink(Picture):
    """A picture, and where it may be loaded from for a while."""

    url: str
    expires_at: Timestamp


class SignUp(_Model):
    """What the pool knows of a user, each attribute by the same rule as in the API."""

    # By alias only: Cognito's standard attribute `gender` is not the form's `custom:gender`.
    model_config = ConfigDict(defer_build=True, extra="ignore")

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
    "extra_forbidden": "is not a known field",
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
