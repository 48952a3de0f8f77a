"""What a user pool may answer when a custom attribute is added. An attribute can't be removed again."""

from typing import Any

import pytest

from infra.custom_attributes import add_missing


class Refused(Exception):
    """InvalidParameterException."""


class Pool:
    """A user pool that refuses names without the prefix, after another run has added them or not."""

    class exceptions:  # noqa: N801  # botocore's name
        InvalidParameterException = Refused

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
        raise Refused


def test_attribute_that_another_run_has_added_is_left_alone() -> None:
    pool = Pool(is_raced=True)
    assert add_missing(pool, "pool", {"gender": 16}) == ["custom:gender"]
    assert pool.names == ["custom:gender"]


def test_refused_attribute_is_not_tried_with_a_prefix_on_aws() -> None:
    pool = Pool()
    with pytest.raises(Refused):
        add_missing(pool, "pool", {"gender": 16})
    assert pool.names == []


def test_refused_attribute_is_tried_with_a_prefix_on_the_emulator() -> None:
    pool = Pool()
    assert add_missing(pool, "pool", {"gender": 16}, is_emulated=True) == ["custom:gender"]
