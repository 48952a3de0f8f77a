"""The builder of update expressions."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.aws.dynamodb_expressions import UpdateBuilder
from chalicelib.core.preconditions import ETags, Preconditions


def test_sections_are_in_one_expression() -> None:
    parameters = UpdateBuilder().set("name", "Jane").remove("dob").increment("version").build()
    assert parameters == {
        "UpdateExpression": "SET #name = :name REMOVE #dob ADD #version :add_version",
        "ExpressionAttributeNames": {"#name": "name", "#dob": "dob", "#version": "version"},
        "ExpressionAttributeValues": {":name": {"S": "Jane"}, ":add_version": {"N": "1"}},
    }


def test_none_removes_the_attribute() -> None:
    assert UpdateBuilder().set("name", None).build() == {
        "UpdateExpression": "REMOVE #name",
        "ExpressionAttributeNames": {"#name": "name"},
    }


@pytest.mark.parametrize(
    ("require", "condition", "values"),
    [
        (lambda update: update.require_exists("a"), "attribute_exists(#a)", {}),
        (lambda update: update.require_equal("a", 7), "#a = :expected_a", {":expected_a": {"N": "7"}}),
        (lambda update: update.require_equal("a", None), "attribute_not_exists(#a)", {}),
        (lambda update: update.require_less("a", 7), "#a < :limit_a", {":limit_a": {"N": "7"}}),
        (
            lambda update: update.require_different_or_absent("a", 7),
            "(attribute_not_exists(#a) OR #a <> :a)",
            {":a": {"N": "7"}},
        ),
        (
            lambda update: update.require_at_most_or_absent("a", 7),
            "(attribute_not_exists(#a) OR #a <= :maximum_a)",
            {":maximum_a": {"N": "7"}},
        ),
        (
            lambda update: update.require_one_of_or_absent("a", ["x", "y"]),
            "(attribute_not_exists(#a) OR #a IN (:option_0, :option_1))",
            {":option_0": {"S": "x"}, ":option_1": {"S": "y"}},
        ),
        (
            lambda update: update.require_any_change({"a": 7, "b": None}),
            "(attribute_not_exists(#a) OR #a <> :a OR attribute_exists(#b))",
            {":a": {"N": "7"}},
        ),
        (
            lambda update: update.require_version(Preconditions(ETags(frozenset({3})), ETags(frozenset({4})))),
            "#version IN (:option_0) AND NOT #version IN (:option_1)",
            {":option_0": {"N": "3"}, ":option_1": {"N": "4"}},
        ),
        (
            lambda update: update.require_version(Preconditions(ETags(frozenset()))),
            "#version IN (:option_0)",
            {":option_0": {"N": "0"}},
        ),
    ],
    ids=["exists", "equal", "absent", "less", "different", "at most", "one of", "any change", "version", "no version"],
)
def test_requirement_becomes_a_condition(
    require: Callable[[UpdateBuilder], UpdateBuilder], condition: str, values: dict[str, Any]
) -> None:
    parameters = require(UpdateBuilder()).build()
    assert parameters["ConditionExpression"] == condition
    assert parameters.get("ExpressionAttributeValues", {}) == values


def test_wildcard_adds_no_condition() -> None:
    wildcard = ETags(frozenset(), is_wildcard=True)
    assert "ConditionExpression" not in UpdateBuilder().require_version(Preconditions(wildcard, wildcard)).build()


def test_conditions_are_joined_by_and() -> None:
    parameters = UpdateBuilder().require_exists("a").require_equal("b", True).build()
    assert parameters["ConditionExpression"] == "attribute_exists(#a) AND #b = :expected_b"
