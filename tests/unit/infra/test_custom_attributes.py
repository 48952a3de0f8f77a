"""Adding custom attributes to a user pool. An attribute cannot be removed again."""

from typing import Any

import pytest

from infra.custom_attributes import add_missing_attributes


class InvalidParameter(Exception):
    """The error of botocore for a rejected attribute."""


class FakeCognito:
    """A client of Cognito that rejects names without a prefix. If `is_raced`, another run has added the attribute."""

    class exceptions:  # noqa: N801  # botocore's name
        InvalidParameterException = InvalidParameter

    def __init__(self, *, is_raced: bool = False) -> None:
        self.names: list[str] = []
        self._is_raced = is_raced

    def describe_user_pool(self, **_: str) -> dict[str, Any]:
        return {"UserPool": {"SchemaAttributes": [{"Name": name} for name in self.names]}}

    def add_custom_attributes(self, CustomAttributes: list[dict[str, Any]], **_: str) -> None:  # noqa: N803  # botocore's
        (attribute,) = CustomAttributes
        name = attribute["Name"]
        if name.startswith("custom:"):
            self.names.append(name)
            return
        if self._is_raced:
            self.names.append(f"custom:{name}")
        raise InvalidParameter


def test_attribute_of_a_concurrent_run_is_not_added_again() -> None:
    cognito = FakeCognito(is_raced=True)
    assert add_missing_attributes(cognito, "pool", {"gender": 16}) == ["custom:gender"]
    assert cognito.names == ["custom:gender"]


def test_rejected_attribute_is_not_retried_on_aws() -> None:
    cognito = FakeCognito()
    with pytest.raises(InvalidParameter):
        add_missing_attributes(cognito, "pool", {"gender": 16})
    assert cognito.names == []


def test_rejected_attribute_gets_a_prefix_on_the_emulator() -> None:
    cognito = FakeCognito()
    assert add_missing_attributes(cognito, "pool", {"gender": 16}, is_emulated=True) == ["custom:gender"]
