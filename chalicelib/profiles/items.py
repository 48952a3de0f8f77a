"""Conversion between a profile and its DynamoDB item.

The item's attributes have the names of the profile's fields, except for the partition key `user_id` (S), which is the
Cognito sub. A field without a value is an absent attribute.
"""

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from chalicelib.aws.dynamodb_values import deserialize, serialize
from chalicelib.aws.errors import DynamoItem
from chalicelib.core import logs
from chalicelib.core.errors import UnreadableItem
from chalicelib.profiles.deletion import require_not_erased
from chalicelib.profiles.fields import BloodGroup, Gender
from chalicelib.profiles.models import Picture, Profile

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

PARTITION_KEY: Final = "user_id"
# A later release may store other values of these enums. This release reads them as None and does not overwrite them.
ENUM_FIELDS: Final[Mapping[str, type[StrEnum]]] = {"gender": Gender, "blood_group": BloodGroup}


def to_attribute_name(field: str) -> str:
    """Return the name of the attribute that stores a field of the profile."""
    return PARTITION_KEY if field == "id" else field


_ATTRIBUTE_NAMES: Final = {name: to_attribute_name(name) for name in Profile.model_fields}


def to_item(profile: Profile) -> "dict[str, AttributeValueTypeDef]":
    """Convert a profile to an item."""
    fields = {name: getattr(profile, name) for name in Profile.model_fields}
    return {to_attribute_name(name): serialize(value) for name, value in fields.items() if value is not None}


def to_profile(item: DynamoItem) -> Profile:
    """Convert an item to a profile. Raises UnreadableItem.

    An optional value that this release cannot parse, such as a blood group of a later release, is None.
    """
    return parse_item(item)[0]


def parse_item(item: DynamoItem) -> tuple[Profile, frozenset[str]]:
    """Return the profile of an item, and the names of the fields that could not be parsed.

    Raises AccountErased if the account is being erased, and UnreadableItem.
    """
    require_not_erased(item)
    fields = {
        name: _parse_attribute(item[attribute]) for name, attribute in _ATTRIBUTE_NAMES.items() if attribute in item
    }
    try:
        return Profile.model_validate(fields), frozenset()
    except ValidationError as exc:
        unreadable = frozenset(str(problem["loc"][0]) for problem in exc.errors())
    try:
        profile = Profile.model_validate({name: value for name, value in fields.items() if name not in unreadable})
    except ValidationError as exc:
        raise UnreadableItem from exc
    logs.event("stored values not readable", logging.WARNING, fields=sorted(unreadable))
    return profile, unreadable


def _parse_attribute(attribute: "AttributeValueTypeDef") -> Any:
    if "S" in attribute:  # most attributes
        return attribute["S"]
    value = deserialize(attribute)
    if isinstance(value, dict) and value is not attribute:  # a picture; a later release may add fields to it
        return {name: value[name] for name in Picture.model_fields if name in value}
    return value
