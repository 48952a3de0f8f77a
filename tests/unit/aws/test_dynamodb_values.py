"""Conversion of DynamoDB values."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from chalicelib.aws.dynamodb_values import FieldValue, deserialize, serialize
from chalicelib.profiles.fields import Gender, PictureType
from chalicelib.profiles.models import Picture

MOMENT = datetime(2026, 1, 1, 12, tzinfo=UTC)
PICTURE = Picture(content_type=PictureType.PNG, size=1, width=2, height=3, updated_at=MOMENT)


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        ("text", {"S": "text"}),
        (True, {"BOOL": True}),
        (7, {"N": "7"}),
        (-1, {"N": "-1"}),
        (date(1990, 5, 14), {"S": "1990-05-14"}),
        (MOMENT, {"S": "2026-01-01T12:00:00.000Z"}),
        (MOMENT.astimezone(timezone(timedelta(hours=6))), {"S": "2026-01-01T12:00:00.000Z"}),
        (Gender.FEMALE, {"S": "Female"}),
        (
            PICTURE,
            {
                "M": {
                    "content_type": {"S": "image/png"},
                    "size": {"N": "1"},
                    "width": {"N": "2"},
                    "height": {"N": "3"},
                    "updated_at": {"S": "2026-01-01T12:00:00.000Z"},
                }
            },
        ),
    ],
)
def test_value_becomes_an_attribute(value: FieldValue, attribute: dict[str, Any]) -> None:
    assert serialize(value) == attribute


def test_none_is_rejected() -> None:
    with pytest.raises(TypeError, match="no attribute type for NoneType"):
        serialize(None)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ({"S": "text"}, "text"),
        ({"BOOL": False}, False),
        ({"N": "7"}, 7),
        ({"M": {"size": {"N": "1"}}}, {"size": 1}),
        ({"N": "7.5"}, {"N": "7.5"}),
        ({"SS": ["a"]}, {"SS": ["a"]}),
        ({"NULL": True}, {"NULL": True}),
    ],
)
def test_attribute_becomes_a_value(attribute: Any, value: object) -> None:
    assert deserialize(attribute) == value
