"""Builder of the expressions of a conditional UpdateItem.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from chalicelib.aws.dynamodb_values import FieldValue, serialize
from chalicelib.core.preconditions import Preconditions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class UpdateBuilder:
    """The assignments and conditions of one UpdateItem. Conditions are joined by AND.

    Each method takes attribute names and Python values, and returns the builder.
    """

    def __init__(self) -> None:
        self._assignments: list[str] = []
        self._removals: list[str] = []
        self._increments: list[str] = []
        self._conditions: list[str] = []
        self._names: dict[str, str] = {}
        self._values: dict[str, AttributeValueTypeDef] = {}

    def set(self, name: str, value: FieldValue) -> Self:
        """Set an attribute, or remove it if the value is None."""
        if value is None:
            return self.remove(name)
        self._assignments.append(f"{self._add_name(name)} = {self._add_value(name, value)}")
        return self

    def remove(self, name: str) -> Self:
        """Remove an attribute."""
        self._removals.append(self._add_name(name))
        return self

    def increment(self, name: str, amount: int = 1) -> Self:
        """Add to a number. An absent one counts as 0."""
        self._increments.append(f"{self._add_name(name)} {self._add_value(f'add_{name}', amount)}")
        return self

    def require_exists(self, name: str) -> Self:
        """Require that the item has this attribute."""
        return self._require(f"attribute_exists({self._add_name(name)})")

    def require_absent(self, name: str) -> Self:
        """Require that the item does not have this attribute."""
        return self._require(f"attribute_not_exists({self._add_name(name)})")

    def require_equal(self, name: str, value: FieldValue) -> Self:
        """Require that an attribute has this value, or that it is absent if the value is None."""
        if value is None:
            return self.require_absent(name)
        return self._require(f"{self._add_name(name)} = {self._add_value(f'expected_{name}', value)}")

    def require_different_or_absent(self, name: str, value: FieldValue) -> Self:
        """Require that an attribute is absent or has another value."""
        return self._require(f"({self._build_unequal(name, value)})")

    def require_at_most_or_absent(self, name: str, value: FieldValue) -> Self:
        """Require that an attribute is absent or at most this value."""
        attribute, maximum = self._add_name(name), self._add_value(f"maximum_{name}", value)
        return self._require(f"(attribute_not_exists({attribute}) OR {attribute} <= {maximum})")

    def require_less(self, name: str, value: FieldValue) -> Self:
        """Require that an attribute is less than this value."""
        return self._require(f"{self._add_name(name)} < {self._add_value(f'limit_{name}', value)}")

    def require_one_of(self, name: str, values: Iterable[FieldValue]) -> Self:
        """Require that an attribute has one of these values."""
        return self._require(self._build_one_of(name, values))

    def require_one_of_or_absent(self, name: str, values: Iterable[FieldValue]) -> Self:
        """Require that an attribute is absent or has one of these values."""
        return self._require(f"(attribute_not_exists({self._add_name(name)}) OR {self._build_one_of(name, values)})")

    def require_any_change(self, changes: Mapping[str, FieldValue]) -> Self:
        """Require that at least one of these attributes has another value. None means that it is present."""
        clauses = [
            f"attribute_exists({self._add_name(name)})" if value is None else self._build_unequal(name, value)
            for name, value in changes.items()
        ]
        return self._require(f"({' OR '.join(clauses)})")

    def require_version(self, preconditions: Preconditions, name: str = "version") -> Self:
        """Require If-Match and If-None-Match. A wildcard adds no condition: require_exists() covers it."""
        for prefix, etags in (("", preconditions.if_match), ("NOT ", preconditions.if_none_match)):
            if etags is not None and not etags.is_wildcard:
                versions = etags.versions or {0}  # version 0 does not exist, so an empty list matches no version
                self._require(prefix + self._build_one_of(name, sorted(versions)))
        return self

    def build(self) -> dict[str, Any]:
        """Return the parameters of UpdateItem."""
        sections = {"SET": self._assignments, "REMOVE": self._removals, "ADD": self._increments}
        parameters: dict[str, Any] = {
            "UpdateExpression": " ".join(
                f"{verb} {', '.join(clauses)}" for verb, clauses in sections.items() if clauses
            ),
        }
        return parameters | self.build_condition()

    def build_condition(self) -> dict[str, Any]:
        """Return the parameters of the condition alone, for a PutItem, a DeleteItem or a ConditionCheck."""
        parameters: dict[str, Any] = {"ExpressionAttributeNames": self._names}
        if self._conditions:
            parameters["ConditionExpression"] = " AND ".join(self._conditions)
        if self._values:
            parameters["ExpressionAttributeValues"] = self._values
        return parameters

    def _require(self, condition: str) -> Self:
        self._conditions.append(condition)
        return self

    def _build_unequal(self, name: str, value: FieldValue) -> str:
        attribute = self._add_name(name)
        return f"attribute_not_exists({attribute}) OR {attribute} <> {self._add_value(name, value)}"

    def _build_one_of(self, name: str, values: Iterable[FieldValue]) -> str:
        placeholders = [self._add_value(f"option_{len(self._values)}", value) for value in values]
        return f"{self._add_name(name)} IN ({', '.join(placeholders)})"

    def _add_name(self, name: str) -> str:
        """Add an attribute name, and return its placeholder."""
        placeholder = f"#{name}"
        self._names[placeholder] = name
        return placeholder

    def _add_value(self, label: str, value: FieldValue) -> str:
        """Add a value, and return its placeholder."""
        placeholder = f":{label}"
        if placeholder not in self._values:  # a condition may repeat the value of an assignment
            self._values[placeholder] = serialize(value)
        return placeholder
