"""Base models, and the translation of validation errors into field errors."""

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from chalicelib.core.errors import FieldError, UnprocessableContent


class InternalModel(BaseModel):
    """Base of immutable models of trusted or tolerated input. Unknown fields are ignored.

    Validation errors do not quote their input, which may be health data. Validators are built at the first use, because
    a Lambda function uses only some of the models that it imports.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class StrictModel(InternalModel):
    """Base of models of request bodies and responses. Unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


ModelT = TypeVar("ModelT", bound=BaseModel)

_ERROR_MESSAGES: Final = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
}


def rule_error(rule: str) -> PydanticCustomError:
    """Return the error that a validator raises. The rule is a short, stable text without the value."""
    return PydanticCustomError("rule", rule)


def require_string(value: object) -> str:
    """Return the value if it is a string. Raises PydanticCustomError otherwise.

    Pydantic alone would parse the number 19900514 as a date.
    """
    if not isinstance(value, str):
        raise rule_error("must be a string")
    return value


def _json_pointer(location: tuple[int | str, ...]) -> str:
    """Return a JSON pointer: ("a/b", 0) -> "/a~1b/0"."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def to_field_errors(error: ValidationError) -> list[FieldError]:
    """Return one error per invalid field, without the field's value."""
    rules: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        pointer = _json_pointer(problem["loc"])
        rules.setdefault(pointer, _ERROR_MESSAGES.get(problem["type"], problem["msg"]))
    return [FieldError(pointer, rule) for pointer, rule in rules.items()]


def parse_body(model: type[ModelT], data: Any) -> ModelT:
    """Parse decoded JSON as a model. Raises UnprocessableContent, which names every invalid field."""
    try:
        return model.model_validate(data)
    except ValidationError as exc:
        raise UnprocessableContent(errors=to_field_errors(exc)) from exc
