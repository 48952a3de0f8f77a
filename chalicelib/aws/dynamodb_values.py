"""Conversion between Python values and DynamoDB's attribute values."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel

from chalicelib.core.clock import format_timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

FieldValue: TypeAlias = str | bool | int | date | datetime | BaseModel | None


def serialize(value: FieldValue) -> "AttributeValueTypeDef":
    """Convert a value. A model becomes a map without its None values. Raises TypeError for None and other types."""
    match value:
        case str():  # most values are strings; a StrEnum is one too
            return {"S": str(value)}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case datetime():
            return {"S": format_timestamp(value.astimezone(UTC))}
        case date():
            return {"S": value.isoformat()}
        case BaseModel():
            return {"M": {name: serialize(field) for name, field in value if field is not None}}
    raise TypeError(f"no attribute type for {type(value).__name__}")


def deserialize(attribute: "AttributeValueTypeDef") -> Any:
    """Convert an attribute value of type S, BOOL, N (integers) or M. Return any other one unchanged."""
    ((kind, value),) = attribute.items()
    if kind in ("S", "BOOL"):
        return value
    if kind == "N" and isinstance(value, str) and value.isdecimal():
        return int(value)
    if kind == "M" and isinstance(value, Mapping):
        return {name: deserialize(member) for name, member in value.items()}
    return attribute
